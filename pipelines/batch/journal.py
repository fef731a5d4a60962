"""The journal of a folder: what happened to each job, one JSON object a line, appended and synced as it happens.

A line counts when its end of line is on disk, so a process may die at any byte: what is torn is dropped, and written
over by the next run. What no line says has not happened.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job

STATE = ".gfla"  # folder of the batch's own files
ORPHANS = 30.0  # seconds to wait for the workers of a run that was killed


@dataclass
class Entry:
    """What the journal says last about a job: `facts` has the fields of `queued`, then of the event that ended it."""

    state: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.facts["key"]


class Journal:
    """An open journal. `entries` by job name; made by `opened`, or by `read` to look only."""

    def __init__(self, entries: dict[str, Entry], stream: IO[bytes] | None = None) -> None:
        self.entries, self._stream = entries, stream

    def queue(self, jobs: Iterable[Job]) -> None:
        """Note that these jobs are to be done."""
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

    def note(self, event: Event) -> None:
        """Note what happened to a queued job."""
        plain = event.plain()
        self._append([{"event": plain.pop("state"), **plain}])

    def _append(self, records: Iterable[dict[str, Any]]) -> None:
        assert self._stream is not None
        stamped = [{"at": round(time.time(), 3), **record} for record in records]
        self._stream.write(b"".join(json.dumps(record).encode() + b"\n" for record in stamped))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        for record in stamped:
            _apply(record, self.entries)


def read(folder: Path) -> Journal:
    """The journal of a folder as it stands; empty where there is none."""
    return Journal(_replay(folder / STATE / "journal.jsonl")[0])


@contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    """The journal to write to, for one process at a time.

    Raises:
        InputError: another process has it; the folder can't be written.
    """
    path = folder / STATE / "journal.jsonl"
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(folder))
            stream = stack.enter_context(path.open("ab"))
            entries, whole = _replay(path)
            stream.truncate(whole)
        except OSError as error:
            raise InputError(f"{folder} can't be written: {error.strerror or error}") from None
        yield Journal(entries, stream)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Held by every worker: the next run does not begin before the workers of a run that was killed are gone."""
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    with (folder / STATE / "workers").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / STATE / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read(20).strip() or "?"
            raise InputError(f"process {other} is working on {folder}: wait for it, or give another -o") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        _outlive(folder)
        yield


def _outlive(folder: Path) -> None:
    """Wait until no worker is left; they notice within moments that their run is dead."""
    end = time.monotonic() + ORPHANS
    with (folder / STATE / "workers").open("w") as file:
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > end:
                    raise InputError(f"{folder}: workers of a run that was killed are still there: end them") from None
                time.sleep(0.05)


def _replay(path: Path) -> tuple[dict[str, Entry], int]:
    """Every job's last state, and how many bytes of the journal are whole lines."""
    entries: dict[str, Entry] = {}
    data = path.read_bytes() if path.is_file() else b""
    whole = data.rfind(b"\n") + 1
    for line in data[:whole].splitlines():
        try:
            _apply(json.loads(line), entries)
        except (ValueError, KeyError, TypeError, AttributeError):  # a damaged line has not happened
            continue
    return entries, whole


def _apply(record: dict[str, Any], entries: dict[str, Entry]) -> None:
    facts = {name: value for name, value in record.items() if name not in ("event", "job")}
    if record["event"] == "queued":
        entries[record["job"]] = Entry("queued", facts)
        return
    entry = entries[record["job"]]
    entry.state = record["event"]
    entry.facts |= facts
