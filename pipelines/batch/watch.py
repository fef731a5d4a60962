"""A batch that goes on: what arrives in the watched folders, or in the job list, becomes jobs while others are running.

In: a function that plans all jobs of the folders as they are now. Out: a `Feed` for the executor. Called by `gfla batch
--watch`, through `pipelines.batch.runner`. Needs the extra `watch`.
"""

import glob
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from types import FrameType

from models.errors import BackendUnavailable, InputError, install_command
from pipelines.batch.arrivals import Arrivals
from pipelines.batch.jobs import Group, Job

Note = Callable[[str], None]


class JobFeed:
    """The jobs that have arrived since the last call of `take`, each once.

    Args:
        plan: all jobs of the inputs as they are now; raises InputError.
        begin: records jobs that are to run and returns their groups; those that ended in an earlier run are left out.
        note: hears why nothing can be planned.
    """

    def __init__(self, plan: Callable[[], list[Job]], begin: Callable[[list[Job]], Sequence[Group]], note: Note):
        self.plan, self.begin, self.note = plan, begin, note
        self.changed = threading.Event()
        self.changed.set()
        self.stopped = False
        self._arrivals, self._taken, self._waiting = Arrivals(), set[str](), False
        self._noted: str | None = None

    def take(self) -> Sequence[Group]:
        """Groups to run now; none while nothing has changed."""
        if self.stopped or not (self.changed.is_set() or self._waiting):
            return ()
        self.changed.clear()
        try:
            jobs = [job for job in self.plan() if job.key not in self._taken]
        except InputError as error:  # an empty folder, a list that is being written
            self._waiting = True
            if str(error) != self._noted:
                self.note(f"waiting: {error}")
            self._noted = str(error)
            return ()
        now = time.monotonic()
        arrived = {path: self._arrivals.is_complete(path, now) for path in {path for job in jobs for path in job.files}}
        ready = [job for job in jobs if all(arrived[path] for path in job.files)]
        self._waiting = len(ready) < len(jobs)
        self._taken |= {job.key for job in ready}
        return self.begin(ready) if ready else ()

    def stop(self) -> None:
        """Take no more jobs; those that are running end."""
        self.stopped = True


@contextmanager
def watch_files(paths: Iterable[Path], output: Path, changed: threading.Event) -> Iterator[None]:
    """Set `changed` whenever something in one of the folders changes, but for the results in `output`.

    Raises:
        BackendUnavailable: the extra `watch` is not installed.
    """
    try:
        watchfiles = import_module("watchfiles")
    except ImportError:
        raise BackendUnavailable(f"--watch needs watchfiles: {install_command('watch')}") from None
    results, end = output.absolute(), threading.Event()

    def watch() -> None:
        options = {"stop_event": end, "raise_interrupt": False, "rust_timeout": 500, "debounce": 200}
        for _ in watchfiles.watch(*paths, watch_filter=is_input, **options):
            changed.set()

    def is_input(change: object, path: str) -> bool:
        return not Path(path).is_relative_to(results)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(2)


def folders_of(texts: Iterable[str | None]) -> list[Path]:
    """The folders whose changes matter for inputs that a user names by a folder, a pattern or a file.

    Raises:
        InputError: there is no such folder.
    """
    found = []
    for text in filter(None, texts):
        path = Path(text)
        if not path.is_dir():
            parts = list(takewhile(lambda part: not glob.has_magic(part), path.parts))
            path = Path(*parts) if len(parts) < len(path.parts) else path.parent
        if not path.is_dir():
            raise InputError(f"there is no folder {path} to watch: create it first")
        found.append(path.absolute())
    return list(dict.fromkeys(found))


@contextmanager
def stop_on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `stop`, the second one interrupts as usual."""
    before = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
