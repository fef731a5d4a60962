"""What a Ray task does on its node: run the jobs of a group and yield their events, and with them the outputs.

In: a `TaskSpec`. Out: a stream of `Item`s, which `task.Task` reads at the other end. Submitted by `cluster.Cluster`.
Nothing here imports torch before the jobs do.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue

import ray

from models.errors import BackendUnavailable
from pipelines.batch.events import Event
from pipelines.batch.executors.ray.transfer import FileBundle, FileChunk, read_outputs, relocate
from pipelines.batch.jobs import Group
from pipelines.batch.journal import worker_lock
from pipelines.runtime.locks import is_locked, shared_lock
from pipelines.runtime.versions import versions

CANCEL_INTERVAL = 0.2  # seconds within which a task notices that it is cancelled
LOCKS = "locks"  # of the tasks that use a run's folder
STALE_AGE = 24 * 3600.0  # seconds after which the files of a run that was killed are removed from a node
RUN_PREFIX = "gfla-batch-"


@dataclass(frozen=True)
class TaskStarted:
    """The first item of every task."""

    node: str
    """Id of the node that runs it."""


@dataclass(frozen=True)
class TaskSpec:
    """A group, and what a node needs to run it."""

    group: Group
    run: str
    """Name of the run, unique."""
    versions: dict[str, str]
    """Of the packages that affect results, where the batch was started; see `versions`."""
    folder: Path | None
    """Folder of the outputs; None without shared storage."""
    visible_files: tuple[str, ...] = ()
    """With shared storage: files that the node must see."""
    bundles: tuple[FileBundle, ...] = ()
    """Without shared storage: the inputs."""


Item = TaskStarted | Event | FileChunk


def run_task(task: TaskSpec) -> Iterator[Item]:
    """Run the group. Without shared storage, the outputs of a job are yielded before its "done".

    Raises:
        BackendUnavailable: the node has other versions, or does not see the shared files.
    """
    yield TaskStarted(ray.get_runtime_context().get_node_id())
    _check_node(task)
    with ExitStack() as stack:
        if task.folder is not None:
            stack.enter_context(worker_lock(task.folder))
            yield from _group_events(task.group, task.folder)
            return
        folder = stack.enter_context(_run_folder(task.run))
        places = {bundle.path: str(bundle.unpack(folder / "in", ray.get)) for bundle in task.bundles}
        group = replace(task.group, jobs=tuple(relocate(job, places) for job in task.group.jobs))
        for event in _group_events(group, folder / "out"):
            if event.state == "done":
                yield from read_outputs(list(event.files or ()), folder / "out")
                _remove_outputs(event, folder / "out")
            yield _restore_paths(event, places)


def remove_run_folder(run: str) -> None:
    """Remove what the tasks of a run have left on this node."""
    shutil.rmtree(_run_path(run), ignore_errors=True)


def _group_events(group: Group, folder: Path) -> Iterator[Event]:
    """The events of `run_group`, which runs in a second thread; closing the iterator stops it at its next event."""
    from pipelines.batch.worker import run_group

    events: SimpleQueue[Event | None] = SimpleQueue()
    is_closed = threading.Event()

    def send(event: Event) -> None:
        if is_closed.is_set():
            raise SystemExit
        events.put(event)

    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(run_group, group, folder, send)
        work.add_done_callback(lambda _: events.put(None))
        try:
            while (event := _next_event(events)) is not None:
                yield event
            work.result()
        finally:
            is_closed.set()


def _next_event(events: "SimpleQueue[Event | None]") -> Event | None:
    while True:
        with suppress(Empty):  # the interrupt of `ray.cancel` comes between two waits
            return events.get(timeout=CANCEL_INTERVAL)


def _check_node(task: TaskSpec) -> None:
    """Raises BackendUnavailable if this node would give other results, or does not see the shared files."""
    address, installed = ray.util.get_node_ip_address(), versions()
    for package, wanted in task.versions.items():
        found = installed[package]
        if found.partition("+")[0] != wanted.partition("+")[0]:  # +cpu and +cu130 are the same version
            raise BackendUnavailable(
                f"node {address} has {package} {found}, this machine {wanted}: install the same versions on every node"
            )
    for path in task.visible_files:
        if not os.path.exists(path):
            raise BackendUnavailable(
                f"node {address} does not see {path}: share the folder with every node, or pass --no-shared-storage"
            )


@contextmanager
def _run_folder(run: str) -> Iterator[Path]:
    """The run's folder on this node with `in` and `out`, shared by its tasks; also removes those of old runs."""
    for other in Path(tempfile.gettempdir()).glob(f"{RUN_PREFIX}*"):
        if other != _run_path(run) and _is_stale(other):
            shutil.rmtree(other, ignore_errors=True)
    path = _run_path(run)
    path.mkdir(mode=0o700, exist_ok=True)
    for part in ("in", "out"):
        (path / part).mkdir(exist_ok=True)
    with shared_lock(path / LOCKS):
        yield path


def _is_stale(path: Path) -> bool:
    """Whether a run's folder is old and no task holds its lock."""
    try:
        age = time.time() - (path / LOCKS).stat().st_mtime
        return age > STALE_AGE and not is_locked(path / LOCKS)
    except OSError:
        return False


def _run_path(run: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{RUN_PREFIX}{run}"


def _remove_outputs(event: Event, folder: Path) -> None:
    """Remove outputs that have been sent."""
    for name in event.files or ():
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _restore_paths(event: Event, places: dict[str, str]) -> Event:
    """The event with the user's paths in its messages instead of those on this node."""

    def restore(text: str) -> str:
        for path, place in places.items():
            text = text.replace(place, path)
        return text

    reason = restore(event.reason) if event.reason else None
    return replace(event, reason=reason, warnings=tuple(map(restore, event.warnings)))
