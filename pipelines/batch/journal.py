"""The journal of a batch folder: what happened to each job, one JSON object per line, appended and synced at once.

A line counts once its newline is on disk, so a process may die at any byte: an incomplete last line is ignored, and
overwritten by the next run. What no line says has not happened. The runner writes the journal, one process at a time;
plans and reports only read it. The jobs themselves are in a file beside it, see `job_store`.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil
from filelock import Timeout

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.job_store import load_jobs, store_jobs
from pipelines.batch.jobs import Job
from pipelines.media.files import flush_to_disk, make_output_folder
from pipelines.runtime.locks import exclusive_lock, is_locked, shared_lock

STATE_FOLDER = ".gfla"  # the batch's own files, inside the folder of its results
HOLDER = "process"  # the file with the number of the process that runs the batch
WORKER_LOCKS = "worker_locks"  # the folder of the locks that workers hold
ORPHAN_TIMEOUT = 30.0  # seconds to wait for the workers of a run that was killed


@dataclass
class JournalEntry:
    """The latest state of a job."""

    state: str
    """One of JOB_STATES."""
    facts: dict[str, Any] = field(default_factory=dict)
    """The fields of its `queued` line (key, command, source, driving, outputs), then those of the events since."""

    @property
    def key(self) -> str:
        """Key of the job, see `Job.key`."""
        return self.facts["key"]


class Journal:
    """The entries of a journal by job name, and with `stream` also new lines; see `open_journal` and `read_journal`."""

    def __init__(self, path: Path, entries: dict[str, JournalEntry], stream: IO[bytes] | None = None) -> None:
        self.entries, self._stream, self._jobs_path = entries, stream, path.with_name("jobs.jsonl")

    def find(self, job: Job) -> JournalEntry | None:
        """The entry of this very job: of the same name and key."""
        entry = self.entries.get(job.name)
        return entry if entry is not None and entry.key == job.key else None

    def load_jobs(self) -> dict[str, Job]:
        """The jobs of the entries by name, but for those that an older gfla has queued. Raises OSError."""
        return {name: job for name, job in load_jobs(self._jobs_path).items() if name in self.entries}

    def queue(self, jobs: Iterable[Job]) -> None:
        """Record that these jobs are to be done, whatever happened to them before."""
        jobs = list(jobs)
        store_jobs(self._jobs_path, jobs)
        self._append(
            {
                "event": "queued",
                "job": job.name,
                "key": job.key,
                "command": job.command,
                "source": job.source,
                "driving": job.driving,
                "outputs": job.outputs,
            }
            for job in jobs
        )

    def record(self, event: Event) -> None:
        """Record what happened to a queued job."""
        values = event.as_dict()
        self._append([{"event": values.pop("state"), **values}])

    def forget(self, name: str) -> None:
        """Record that a job is no longer one of the folder."""
        self._append([{"event": "removed", "job": name}])

    def _append(self, records: Iterable[dict[str, Any]]) -> None:
        assert self._stream is not None
        stamped = [{"at": round(time.time(), 3), **record} for record in records]
        self._stream.write(b"".join(json.dumps(record).encode() + b"\n" for record in stamped))
        self._stream.flush()
        flush_to_disk(self._stream.fileno())
        for record in stamped:
            _apply(record, self.entries)


def read_journal(folder: Path) -> Journal:
    """The journal of a batch folder as it is now, for reading; empty if there is none. Raises OSError."""
    path = _journal_path(folder)
    return Journal(path, _replay(path)[0])


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal for writing, by one process at a time; creates the folder.

    Raises:
        InputError: another process is working on the folder, or it is not writable.
    """
    path = _journal_path(folder)
    make_output_folder(folder)
    with ExitStack() as stack:
        try:
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(_run_lock(folder))
            stream = stack.enter_context(path.open("ab"))
            entries, complete = _replay(path)
            stream.truncate(complete)
        except OSError as error:
            raise InputError(f"{folder} can't be written: {error.strerror or error}") from None
        yield Journal(path, entries, stream)


def find_runner(folder: Path) -> int | None:
    """The number of another process that is working on the folder; for people, since only the lock is certain."""
    try:
        number = int((folder / STATE_FOLDER / HOLDER).read_text("ascii"))
        return number if number != os.getpid() and "gfla" in " ".join(psutil.Process(number).cmdline()) else None
    except (OSError, ValueError, psutil.Error):
        return None


@contextmanager
def worker_lock(folder: Path) -> Iterator[None]:
    """Held by every worker, shared: a new run waits until the workers of a run that was killed are gone."""
    with shared_lock(folder / STATE_FOLDER / WORKER_LOCKS):
        yield


@contextmanager
def _run_lock(folder: Path) -> Iterator[None]:
    """Held by the process that runs the batch, exclusive; a file beside it holds its process id."""
    state = folder / STATE_FOLDER
    holder = state / HOLDER
    lock = exclusive_lock(state / "lock", wait=False)
    try:
        lock.acquire()
    except Timeout:
        other = holder.read_text("ascii").strip() if holder.is_file() else "?"
        raise InputError(f"process {other} is working on {folder}: wait for it, or choose another -o") from None
    with lock:
        holder.write_text(f"{os.getpid()}\n", "ascii")
        _wait_for_orphans(folder)
        yield


def _wait_for_orphans(folder: Path) -> None:
    """Wait for workers whose run was killed; they notice within moments and exit."""
    end = time.monotonic() + ORPHAN_TIMEOUT
    while is_locked(folder / STATE_FOLDER / WORKER_LOCKS):
        if time.monotonic() > end:
            raise InputError(f"workers of a run that was killed are still working on {folder}: end them first")
        time.sleep(0.05)


def _journal_path(folder: Path) -> Path:
    return folder / STATE_FOLDER / "journal.jsonl"


def _replay(path: Path) -> tuple[dict[str, JournalEntry], int]:
    """The latest state of every job, and the length of the journal's complete lines in bytes."""
    entries: dict[str, JournalEntry] = {}
    data = path.read_bytes() if path.is_file() else b""
    complete = data.rfind(b"\n") + 1
    for line in data[:complete].splitlines():
        try:
            _apply(json.loads(line), entries)
        except (ValueError, KeyError, TypeError, AttributeError):  # a damaged line has not happened
            continue
    return entries, complete


def _apply(record: dict[str, Any], entries: dict[str, JournalEntry]) -> None:
    facts = {name: value for name, value in record.items() if name not in ("event", "job")}
    if record["event"] == "queued":
        entries[record["job"]] = JournalEntry("queued", facts)
        return
    if record["event"] == "removed":
        entries.pop(record["job"], None)
        return
    entry = entries[record["job"]]
    entry.state = record["event"]
    entry.facts |= facts
