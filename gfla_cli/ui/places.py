"""Where jobs are: in the page's own queue, and in the batch folder that it was started with.

`Place` is what the page shows of either; it names jobs by tokens, because names of jobs may contain anything.
"""

import json
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from models.errors import GflaError, InputError
from pipelines.batch.events import JobRow
from pipelines.batch.executors.allocation import Machine
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.journal import STATE_FOLDER, find_runner
from pipelines.batch.queue import JobProgress, JobQueue
from pipelines.batch.report import write_report
from pipelines.batch.runner import read_rows
from pipelines.batch.thumbnails import make_thumbnails
from pipelines.runtime.cores import count_cores


class Place(Protocol):
    """Jobs of a folder."""

    folder: Path

    def rows(self) -> list[JobRow]:
        """Every job, in the order in which they were first queued."""
        ...

    def progress(self) -> JobProgress | None:
        """How far the job is that runs here."""
        ...

    def holds(self, name: str) -> bool:
        """Whether a job is waiting or running here."""
        ...

    def retry(self, names: Iterable[str]) -> None:
        """Run jobs again. Raises InputError."""
        ...

    def cancel(self, name: str) -> None:
        """Stop a job."""
        ...


class BatchPlace:
    """The folder of a `gfla batch`: read from its journal, and only locked while jobs run again.

    Raises:
        InputError: the folder is none of a batch.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._journal = folder, folder / STATE_FOLDER / "journal.jsonl"
        if not self._journal.is_file():
            raise InputError(f"{folder} is no folder of `gfla batch`: it has no journal")
        self._lock, self._queue, self._stack = threading.RLock(), None, ExitStack()
        self._read: tuple[tuple[int, int], list[JobRow]] = ((0, 0), [])

    def rows(self) -> list[JobRow]:
        """See `Place`; also ends what has run again."""
        with self._lock:
            if self._queue is not None and self._queue.idle:
                self.close()
            if self._queue is not None:
                return self._queue.rows()
            status = self._journal.stat()
            if self._read[0] != (status.st_size, status.st_mtime_ns):
                self._read = (status.st_size, status.st_mtime_ns), read_rows(self.folder)
            return self._read[1]

    def progress(self) -> JobProgress | None:
        """See `Place`."""
        with self._lock:
            return self._queue.progress() if self._queue else None

    def holds(self, name: str) -> bool:
        """See `Place`."""
        with self._lock:
            return self._queue is not None and self._queue.holds(name)

    def retry(self, names: Iterable[str]) -> None:
        """See `Place`; raises InputError while another process is working on the folder."""
        with self._lock:
            if self._queue is None:
                self._queue = self._stack.enter_context(make_queue(self.folder, resume=False))
            self._queue.retry(names)

    def cancel(self, name: str) -> None:
        """See `Place`; of another process, nothing is stopped."""
        with self._lock:
            if self._queue is not None:
                self._queue.cancel(name)

    def other_process(self) -> int | None:
        """The process that is working on the folder, if it is not this one."""
        return find_runner(self.folder)

    def close(self) -> None:
        """End what runs, and bring the report up to date; what has not ended stays in the journal."""
        with self._lock:
            if self._queue is None:
                return
            self._queue = None
            self._stack.close()
            self._update_report()

    def _update_report(self) -> None:
        report = self.folder / "report.json"
        try:
            command, rows = json.loads(report.read_bytes())["command"], read_rows(self.folder)
            write_report(self.folder, rows, command=command, thumbnails=make_thumbnails(self.folder, rows))
        except (OSError, ValueError, KeyError, TypeError, GflaError):  # there is none: `gfla batch` will write it
            return


def make_queue(folder: Path, *, resume: bool = True) -> JobQueue:
    """A queue that runs one job at a time, with all cores or one GPU."""
    allocation = Machine.detect(["auto"]).allocate(workers=1)
    gpus = [gpu for gpu, _ in allocation.gpus[:1]]
    threads = allocation.threads if gpus else count_cores()
    return JobQueue(folder, LocalExecutor(folder, workers=1, gpus=gpus), threads=threads, resume=resume)


def token_of(name: str) -> str:
    """What the page calls a job."""
    return sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]


def find_row(place: Place, token: object) -> JobRow:
    """The job of a token. Raises InputError: there is none."""
    found = next((row for row in place.rows() if token_of(row["name"]) == token), None)
    if found is None:
        raise InputError("this job is gone")
    return found
