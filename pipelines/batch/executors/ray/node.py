"""What a Ray task does on its node: the jobs of a group, telling as it goes. Nothing here imports torch before that."""

import fcntl
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
from pipelines.batch.executors.ray.transfer import FileBundle, FileChunk, moved, sent
from pipelines.batch.jobs import Group
from pipelines.batch.journal import at_work
from pipelines.runtime.versions import versions

TICK = 0.2  # seconds within which a task notices that it is cancelled
STALE = 24 * 3600.0  # seconds after which the files of a run that was killed are removed from a node
PREFIX = "gfla-batch-"


@dataclass(frozen=True)
class TaskStarted:
    """The first that a task says: the id of its node."""

    node: str


@dataclass(frozen=True)
class TaskSpec:
    """A group and what the node needs for it.

    run: names the batch. versions: of the packages that decide about results. folder: where the outputs go; None if
    the node does not see it. seen: files that the node must see then. parcels: the inputs, if it does not.
    """

    group: Group
    run: str
    versions: dict[str, str]
    folder: Path | None
    seen: tuple[str, ...] = ()
    parcels: tuple[FileBundle, ...] = ()


Item = TaskStarted | Event | FileChunk


def serve(order: TaskSpec) -> Iterator[Item]:
    """Do the group; outputs of a job that do not go into a shared folder come before its "done".

    Raises:
        BackendUnavailable: the node has other versions, or does not see the shared files.
    """
    yield TaskStarted(ray.get_runtime_context().get_node_id())
    _agree(order)
    with ExitStack() as stack:
        if order.folder is not None:
            stack.enter_context(at_work(order.folder))
            yield from _told(order.group, order.folder)
            return
        desk = stack.enter_context(_desk(order.run))
        places = {parcel.path: str(parcel.unpack(desk / "in", ray.get)) for parcel in order.parcels}
        group = replace(order.group, jobs=tuple(moved(job, places) for job in order.group.jobs))
        for event in _told(group, desk / "out"):
            if event.state == "done":
                yield from sent(list(event.files or ()), desk / "out")
                _forget(event, desk / "out")
            yield _as_known(event, places)


def clear(run: str) -> None:
    """Remove what tasks of a batch have left on this node."""
    shutil.rmtree(_place(run), ignore_errors=True)


def _told(group: Group, folder: Path) -> Iterator[Event]:
    """What `run_group` tells, as it tells it. Whoever leaves the iterator early stops it when it speaks next."""
    from pipelines.batch.worker import run_group

    heard: SimpleQueue[Event | None] = SimpleQueue()
    is_left = threading.Event()

    def tell(event: Event) -> None:
        if is_left.is_set():
            raise SystemExit
        heard.put(event)

    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(run_group, group, folder, tell)
        work.add_done_callback(lambda _: heard.put(None))
        try:
            while (event := _next(heard)) is not None:
                yield event
            work.result()
        finally:
            is_left.set()


def _next(heard: "SimpleQueue[Event | None]") -> Event | None:
    while True:
        with suppress(Empty):  # the interrupt of `ray.cancel` comes between two waits
            return heard.get(timeout=TICK)


def _agree(order: TaskSpec) -> None:
    name = ray.util.get_node_ip_address()
    here = versions()
    for package, wanted in order.versions.items():
        if (found := here[package]).partition("+")[0] != wanted.partition("+")[0]:
            raise BackendUnavailable(
                f"node {name} has {package} {found}, this machine {wanted}: install the same versions on every node"
            )
    for path in order.seen:
        if not os.path.exists(path):
            raise BackendUnavailable(
                f"node {name} does not see {path}: share the folder with every node, or give --no-shared-storage"
            )


@contextmanager
def _desk(run: str) -> Iterator[Path]:
    """The batch's own folder on this node, shared by its tasks; removes those of runs that ended long ago."""
    for other in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if other != _place(run) and _is_stale(other):
            shutil.rmtree(other, ignore_errors=True)
    place = _place(run)
    place.mkdir(mode=0o700, exist_ok=True)
    for part in ("in", "out"):
        (place / part).mkdir(exist_ok=True)
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield place


def _is_stale(place: Path) -> bool:
    try:
        with (place / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return time.time() - os.stat(file.fileno()).st_mtime > STALE
    except OSError:
        return False


def _place(run: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{PREFIX}{run}"


def _forget(event: Event, folder: Path) -> None:
    """Remove outputs that have been sent."""
    for name in event.files or ():
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _as_known(event: Event, places: dict[str, str]) -> Event:
    """The event with files by the names that the user has given."""

    def known(text: str) -> str:
        for path, place in places.items():
            text = text.replace(place, path)
        return text

    reason = known(event.reason) if event.reason else None
    return replace(event, reason=reason, warnings=tuple(map(known, event.warnings)))
