"""Jobs as Ray tasks, one for each group: Ray decides where and when, and each task streams its events back.

A task that is lost is submitted again with what is left of its group. Ray's own retry is not used: it would run the
group from its first job and expect the same items again, but these are other events, and jobs that are done must not
run twice.
"""

import re
import shutil
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, RuntimeEnvSetupError

from models.errors import BackendUnavailable, GflaError, explain
from pipelines.batch.events import Event
from pipelines.batch.executors.ray.cluster import Cluster
from pipelines.batch.executors.ray.node import TaskSpec
from pipelines.batch.executors.ray.task import Task
from pipelines.batch.executors.ray.transfer import (
    ARRIVING_FOLDER,
    FileBundle,
    IncomingOutputs,
    UploadCache,
    existing_files,
)
from pipelines.batch.executors.retries import SIGKILL, RetryPolicy
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE_FOLDER
from pipelines.media.files import check_readable
from pipelines.runtime.versions import versions

TASKS_AHEAD = 2  # submitted for each that the nodes can run: none waits for us, and an autoscaler sees the demand
POLL_INTERVAL = 1.0  # seconds
CLEANUP_TIMEOUT = 15.0  # seconds that cancelled tasks get to remove their files
MAX_NODE_LOSSES = 5  # nodes that may be lost under a job before it is given up


class RayExecutor:
    """Tasks of a cluster, at most `max_tasks` at once; None for as many as the nodes can run, also when more join.

    Without `shared_storage` the nodes see no file of this machine: inputs are sent to them, and outputs back.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        cluster: Cluster,
        max_tasks: int | None = None,
        shared_storage: bool = True,
    ) -> None:
        self.folder, self.workers, self.cluster = folder.absolute(), workers, cluster
        self.max_tasks, self.shared_storage = max_tasks, shared_storage

    def run(self, groups: Sequence[Group]) -> Generator[Event]:
        """See `Executor.run`.

        Raises:
            BackendUnavailable: no node has what a group needs; a node lacks packages, or does not see the files.
            ProcessingError: the cluster is lost.
        """
        for group in groups:
            self.cluster.check_capacity(group)
        run = RayRun(self, groups)
        try:
            yield from run.events()
        finally:
            run.close()


class RayRun:
    """One call of `RayExecutor.run`: waiting groups, tasks on the cluster, and how often jobs were lost."""

    def __init__(self, executor: RayExecutor, groups: Sequence[Group]) -> None:
        self.executor, self.cluster, self.folder = executor, executor.cluster, executor.folder
        self.waiting, self.tasks = deque(groups), list[Task]()
        self.retries, self.node_losses = RetryPolicy(), Counter[str]()
        self.uploads, self.versions = UploadCache(ray.put), versions()
        self.name = uuid4().hex[:12]
        self.nodes: set[str] = set()
        self.marker = self.folder / STATE_FOLDER / f"seen-{self.name}"  # visible to nodes that share the folder
        self.marker.parent.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()
        self.marker.touch()

    def events(self) -> Generator[Event]:
        """All events of all groups; lost tasks are submitted again."""
        while self.waiting or self.tasks:
            while self.waiting and len(self.tasks) < self._task_limit():
                yield from self._submit(self.waiting.popleft())
            self.cluster.check_head()
            for task in self._ready_tasks():
                yield from self._read_item(task)

    def close(self) -> None:
        """Cancel tasks, wait until they have cleaned up, and remove files in transfer here and on the nodes."""
        if not self.cluster.is_lost:
            self._cancel_tasks()
            if not self.executor.shared_storage:
                self.cluster.remove_run_folders(self.name, self.nodes)
        self._remove_leftovers()

    def _cancel_tasks(self) -> None:
        for task in self.tasks:
            ray.cancel(task.stream)
        end = time.monotonic() + CLEANUP_TIMEOUT
        while self.tasks and time.monotonic() < end:
            for task in self._ready_tasks():
                try:
                    ray.get(next(task.stream))
                except (RayError, StopIteration):
                    self.tasks.remove(task)
        for task in self.tasks:
            ray.cancel(task.stream, force=True)

    def _remove_leftovers(self) -> None:
        """Also those of runs that were killed; no other run works on the folder."""
        shutil.rmtree(self.folder / ARRIVING_FOLDER, ignore_errors=True)
        for marker in self.marker.parent.glob("seen-*"):
            marker.unlink(missing_ok=True)

    def _task_limit(self) -> int:
        return self.executor.max_tasks or TASKS_AHEAD * max(1, self.cluster.capacity(self.waiting[0]))

    def _submit(self, group: Group) -> Generator[Event]:
        """Start a task for the group; yields the failures of jobs whose inputs can't be sent."""
        if self.executor.shared_storage:
            files = dict.fromkeys(path for job in group.jobs for path in existing_files(job))
            visible = (str(self.marker), *files)
            self._start(TaskSpec(group, self.name, self.versions, self.folder, visible_files=visible), None)
            return
        jobs, bundles = list[Job](), dict[FileBundle, None]()
        for job in group.jobs:
            try:
                bundles |= dict.fromkeys(self._pack_inputs(job))
                jobs.append(job)
            except (GflaError, OSError) as error:
                yield Event(job.name, "started")
                yield Event(job.name, "failed", reason=" ".join(explain(error).split()))
        if jobs:
            group = replace(group, jobs=tuple(jobs))
            spec = TaskSpec(group, self.name, self.versions, None, bundles=tuple(bundles))
            self._start(spec, IncomingOutputs(self.folder))

    def _start(self, spec: TaskSpec, incoming: IncomingOutputs | None) -> None:
        number = min(set(range(len(self.tasks) + 1)) - {task.number for task in self.tasks})
        self.tasks.append(Task(spec, number, self.cluster.submit(spec), incoming))

    def _pack_inputs(self, job: Job) -> list[FileBundle]:
        for path in job.inputs:
            check_readable(Path(path))
        return [self.uploads.pack(path) for path in existing_files(job)]

    def _ready_tasks(self) -> list[Task]:
        """Tasks that have an item to read; they move behind the others."""
        streams = ray.wait([task.stream for task in self.tasks], timeout=POLL_INTERVAL)[0] if self.tasks else []
        ready = [task for task in self.tasks if task.stream in streams]
        self.tasks = [task for task in self.tasks if task not in ready] + ready
        return ready

    def _read_item(self, task: Task) -> Generator[Event]:
        """Read the next item of a task, or how it ended."""
        try:
            item: Any = ray.get(next(task.stream))
        except StopIteration:
            self._end(task)
        except RayTaskError as error:
            self._end(task)
            if task.node is None:  # it failed before its first item
                raise _unusable_node(error, error.cause) from None
            if isinstance(error.cause, GflaError):
                raise error.cause from None
            yield from (task.fail(job, explain(error.cause)) for job in task.jobs_left)
        except RuntimeEnvSetupError as error:
            raise _unusable_node(error, error) from None
        except RayError as error:
            self._end(task)
            yield from self._handle_loss(task, error)
        else:
            event = task.receive(item)
            if task.node is not None:
                self.nodes.add(task.node)
            if event is not None:
                yield event

    def _end(self, task: Task) -> None:
        self.tasks.remove(task)
        task.discard_outputs()

    def _handle_loss(self, task: Task, error: RayError) -> Generator[Event]:
        """The task's process has died, or its node, which does not count against its jobs' tries."""
        time.sleep(POLL_INTERVAL)  # a node that dies still answers for a moment
        self.cluster.check_head(now=True)
        if task.node is None or not self.cluster.is_node_lost(task.node):
            status = -SIGKILL if isinstance(error, OutOfMemoryError) else None
            retry, failed = self.retries.handle_death(task.group, started=task.started, ended=task.ended, status=status)
            yield from (replace(event, worker=task.number) for event in failed)
        else:
            self.node_losses.update(job.name for job in task.jobs_left if job.name in task.started)
            for job in task.jobs_left:
                if self.node_losses[job.name] >= MAX_NODE_LOSSES:
                    yield task.fail(job, f"{MAX_NODE_LOSSES} nodes were lost while it was running")
            retry = [replace(task.group, jobs=task.jobs_left)] if task.jobs_left else []
        self.waiting.extendleft(reversed(retry))


def _unusable_node(error: Exception, cause: Exception) -> BackendUnavailable:
    place = re.search(r"\bip=([\w.:]+)", str(error))
    reason = str(cause).partition("\n")[0].removeprefix("System error: ")
    node = f"node {place[1]}" if place else "a node"
    return BackendUnavailable(f"{node} can't run gfla ({reason}): install the same gfla with its extra ray everywhere")
