"""Ray tasks, one for each group: Ray says where and when, and each task streams back what happens.

A task that is lost is submitted again with what is left of its group. Ray itself would run it from the start and count
on the same items coming again; these are other events, and a job that is done must not be done again.
"""

import re
import shutil
import signal
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
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
from pipelines.batch.executors.ray.transfer import ARRIVING, FileBundle, IncomingOutputs, UploadCache, files_of
from pipelines.batch.executors.retries import RetryPolicy
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE
from pipelines.media.files import check_readable
from pipelines.runtime.versions import versions

AHEAD = 2  # tasks submitted for each that the nodes can do: none waits for us, and an autoscaler sees the need
TURN = 1.0  # seconds
PATIENCE = 15.0  # seconds that cancelled tasks get to clean up
LOSSES = 5  # nodes that may be lost under a job before it is given up


class Ray:
    """Tasks of a cluster: `at_most` so many at once, None for what the nodes can do, also when there come more.

    Without `shared_storage` the nodes see no file of ours: inputs are sent to them, and outputs back.
    """

    def __init__(
        self, folder: Path, *, workers: int, cluster: Cluster, at_most: int | None = None, shared_storage: bool = True
    ) -> None:
        self.folder, self.workers, self.cluster = folder.absolute(), workers, cluster
        self.at_most, self.shared_storage = at_most, shared_storage

    def run(self, groups: Sequence[Group]) -> Iterator[Event]:
        """See `Executor.run`.

        Raises:
            BackendUnavailable: no node has what a group needs; a node lacks packages, or does not see the files.
            ProcessingError: the cluster is lost.
        """
        for group in groups:
            self.cluster.check_room(group)
        run = Run(self, groups)
        try:
            yield from run.events()
        finally:
            run.close()


class Run:
    """One call of `Ray.run`: what waits, what is on its way, and how often it went wrong."""

    def __init__(self, executor: Ray, groups: Sequence[Group]) -> None:
        self.executor, self.cluster, self.folder = executor, executor.cluster, executor.folder
        self.waiting, self.tasks = deque(groups), list[Task]()
        self.casualties, self.losses = RetryPolicy(), Counter[str]()
        self.depot, self.versions = UploadCache(ray.put), versions()
        self.name = uuid4().hex[:12]
        self.nodes: set[str] = set()
        self.marker = self.folder / STATE / f"seen-{self.name}"  # a node that sees the folder sees this
        self.marker.parent.mkdir(parents=True, exist_ok=True)
        self._tidy()
        self.marker.touch()

    def events(self) -> Iterator[Event]:
        """All there are; what has been lost is submitted again."""
        while self.waiting or self.tasks:
            while self.waiting and len(self.tasks) < self._most():
                yield from self._submit(self.waiting.popleft())
            self.cluster.check()
            for task in self._ready():
                yield from self._hear(task)

    def close(self) -> None:
        """Cancel what is on its way, wait until it has cleaned up, and remove what was on its way here and there."""
        if not self.cluster.is_gone:
            self._cancel()
            if not self.executor.shared_storage:
                self.cluster.clear(self.name, self.nodes)
        self._tidy()

    def _cancel(self) -> None:
        for task in self.tasks:
            ray.cancel(task.stream)
        end = time.monotonic() + PATIENCE
        while self.tasks and time.monotonic() < end:
            for task in self._ready():
                try:
                    ray.get(next(task.stream))
                except (RayError, StopIteration):
                    self.tasks.remove(task)
        for task in self.tasks:
            ray.cancel(task.stream, force=True)

    def _tidy(self) -> None:
        """Also after runs that were killed; nobody else works on the folder."""
        shutil.rmtree(self.folder / ARRIVING, ignore_errors=True)
        for marker in self.marker.parent.glob("seen-*"):
            marker.unlink(missing_ok=True)

    def _most(self) -> int:
        return self.executor.at_most or AHEAD * max(1, self.cluster.room(self.waiting[0]))

    def _submit(self, group: Group) -> Iterator[Event]:
        if self.executor.shared_storage:
            seen = dict.fromkeys(path for job in group.jobs for path in files_of(job))
            self._start(TaskSpec(group, self.name, self.versions, self.folder, seen=(str(self.marker), *seen)), None)
            return
        jobs, parcels = list[Job](), dict[FileBundle, None]()
        for job in group.jobs:
            try:
                parcels |= dict.fromkeys(self._packed(job))
                jobs.append(job)
            except (GflaError, OSError) as error:
                yield Event(job.name, "started")
                yield Event(job.name, "failed", reason=" ".join(explain(error).split()))
        if jobs:
            group = replace(group, jobs=tuple(jobs))
            order = TaskSpec(group, self.name, self.versions, None, parcels=tuple(parcels))
            self._start(order, IncomingOutputs(self.folder))

    def _start(self, order: TaskSpec, arrivals: IncomingOutputs | None) -> None:
        number = min(set(range(len(self.tasks) + 1)) - {task.number for task in self.tasks})
        self.tasks.append(Task(order, number, self.cluster.submit(order), arrivals))

    def _packed(self, job: Job) -> list[FileBundle]:
        for path in job.inputs:
            check_readable(Path(path))
        return [self.depot.parcel(path) for path in files_of(job)]

    def _ready(self) -> list[Task]:
        """Tasks that have something to say; they go behind the others."""
        streams = ray.wait([task.stream for task in self.tasks], timeout=TURN)[0] if self.tasks else []
        ready = [task for task in self.tasks if task.stream in streams]
        self.tasks = [task for task in self.tasks if task not in ready] + ready
        return ready

    def _hear(self, task: Task) -> Iterator[Event]:
        try:
            said: Any = ray.get(next(task.stream))
        except StopIteration:
            self._end(task)
        except RayTaskError as error:
            self._end(task)
            if task.node is None:  # it has not said a word
                raise _unfit(error, error.cause) from None
            if isinstance(error.cause, GflaError):
                raise error.cause from None
            yield from (task.fail(job, explain(error.cause)) for job in task.left)
        except RuntimeEnvSetupError as error:
            raise _unfit(error, error) from None
        except RayError as error:
            self._end(task)
            yield from self._lost(task, error)
        else:
            event = task.heard(said)
            if task.node is not None:
                self.nodes.add(task.node)
            if event is not None:
                yield event

    def _end(self, task: Task) -> None:
        self.tasks.remove(task)
        task.drop()

    def _lost(self, task: Task, error: RayError) -> Iterator[Event]:
        """The process that did it has died, or its node, which is not the job's fault."""
        time.sleep(TURN)  # a node does not die at once
        self.cluster.check(now=True)
        if task.node is None or not self.cluster.is_lost(task.node):
            status = -signal.SIGKILL if isinstance(error, OutOfMemoryError) else None
            again, failed = self.casualties.after(task.group, task.started, task.ended, status)
            yield from (replace(event, worker=task.number) for event in failed)
        else:
            self.losses.update(job.name for job in task.left if job.name in task.started)
            for job in task.left:
                if self.losses[job.name] >= LOSSES:
                    yield task.fail(job, f"the node that did it was lost, {LOSSES} times")
            again = [replace(task.group, jobs=task.left)] if task.left else []
        self.waiting.extendleft(reversed(again))


def _unfit(error: Exception, cause: Exception) -> BackendUnavailable:
    place = re.search(r"\bip=([\w.:]+)", str(error))
    reason = str(cause).partition("\n")[0].removeprefix("System error: ")
    node = f"node {place[1]}" if place else "a node"
    return BackendUnavailable(f"{node} can't run gfla ({reason}): install the same gfla[ray] on every node")
