"""A batch from its jobs to its summary: lock, replay, skip what is done and whole, run the rest, journal everything.

This process imports no torch: its workers do.
"""

import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.errors import InputError
from pipelines.batch import journal
from pipelines.batch.events import Event
from pipelines.batch.executors import Executor
from pipelines.batch.jobs import Group, Job
from pipelines.batch.outputs import fingerprint
from pipelines.batch.rows import Row
from pipelines.media.files import temporary_name

Groups = Callable[[Sequence[Job]], Sequence[Group]]


class Listener(Protocol):
    """Hears how the batch goes; the command line shows it."""

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        """`jobs` are to be done; `skipped` are done already or failed before."""
        ...

    def event(self, event: Event) -> None:
        """See `Event`."""
        ...


@dataclass
class Outcome:
    """What became of the jobs: names of those done now and of those done before; failed: name -> reason."""

    done: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """Exit code: 0 all done, 3 some failed, 1 all failed."""
        if not self.failed:
            return 0
        return 3 if self.done or self.skipped else 1


def run(
    jobs: Sequence[Job],
    folder: Path,
    executor: Executor,
    into_groups: Groups,
    listener: Listener,
    *,
    retry_failed: bool = False,
    overwrite: bool = False,
) -> Outcome:
    """Do the jobs into `folder`, those that a run before has not done; see `pipelines.batch.journal`.

    Raises:
        InputError: another process works on the folder, it can't be written, or a file that no run has made is in the
            way and `overwrite` is not given.
    """
    with journal.opened(folder) as book:
        outcome = Outcome()
        todo = [job for job in jobs if _remains(job, book.entries, folder, outcome, retry_failed=retry_failed)]
        _refuse_strangers(todo, book, folder, overwrite=overwrite)
        book.queue(job for job in todo if not _is_queued(job, book.entries))
        listener.begin(len(todo), len(jobs) - len(todo), executor.workers)
        with _swept(folder, todo), closing(_closable(executor.run(into_groups(todo)))) as events:
            for event in events:
                _note(event, book, outcome)
                listener.event(event)
        if not outcome.failed:
            shutil.rmtree(folder / journal.STATE / "poses", ignore_errors=True)
    return outcome


def rows(folder: Path) -> list[Row]:
    """Every job of the journal, for reports."""
    return [_row(name, entry) for name, entry in journal.read(folder).entries.items()]


def rate(folder: Path, command: str) -> float | None:
    """Mean seconds a frame of the jobs that are done, None before there is one."""
    facts = [entry.facts for entry in journal.read(folder).entries.values() if entry.state == "done"]
    alike = [fact for fact in facts if fact["command"] == command]
    frames = sum(fact.get("frames") or 0 for fact in alike)
    return sum(fact["seconds"] for fact in alike) / frames if frames else None


def outputs_intact(entry: journal.Entry, folder: Path) -> bool:
    """Whether the outputs are what the journal says. Size and mtime are trusted; where they differ, SHA-256 decides."""
    return entry.state == "done" and all(
        _is_whole(folder / name, *facts) for name, facts in entry.facts.get("files", {}).items()
    )


def _is_whole(path: Path, sha256: str, size: int, changed: int) -> bool:
    try:
        kind = path.stat()
        if path.is_file() and (kind.st_size, kind.st_mtime_ns) == (size, changed):
            return True
        return fingerprint(path)[0] == sha256
    except OSError:
        return False


def _remains(
    job: Job, entries: dict[str, journal.Entry], folder: Path, outcome: Outcome, *, retry_failed: bool
) -> bool:
    """Whether a job is to be done; if not, the outcome has it."""
    entry = entries.get(job.name)
    if entry is None or entry.key != job.key:
        return True
    if outputs_intact(entry, folder):
        outcome.skipped.append(job.name)
        return False
    if entry.state == "failed" and not retry_failed:
        outcome.failed[job.name] = entry.facts["reason"]
        return False
    return True


def _is_queued(job: Job, entries: dict[str, journal.Entry]) -> bool:
    entry = entries.get(job.name)
    return entry is not None and entry.key == job.key and entry.state in ("queued", "started")


def _refuse_strangers(jobs: Sequence[Job], book: journal.Journal, folder: Path, *, overwrite: bool) -> None:
    ours = {name for entry in book.entries.values() for name in entry.facts["outputs"]}
    strangers = [name for job in jobs for name in job.outputs if name not in ours and (folder / name).exists()]
    if strangers and not overwrite:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise InputError(f"{folder / strangers[0]}{more} exists already: choose another -o, or give --overwrite")


def _note(event: Event, book: journal.Journal, outcome: Outcome) -> None:
    if event.state == "progress":
        return
    book.note(event)
    if event.state == "done":
        outcome.done.append(event.job)
    elif event.state == "failed":
        outcome.failed[event.job] = event.reason or ""


@contextmanager
def _swept(folder: Path, jobs: Sequence[Job]) -> Iterator[None]:
    """Before and after: remove what killed workers have left of these jobs under temporary names."""
    _sweep(folder, jobs)
    try:
        yield
    finally:
        _sweep(folder, jobs)


def _sweep(folder: Path, jobs: Sequence[Job]) -> None:
    paths = [folder / name for job in jobs for name in job.outputs]
    left = {_mark(temporary_name(path).name) for path in paths}
    poses = folder / journal.STATE / "poses"
    for place in {poses, *(path.parent for path in paths)}:
        for item in place.glob(".*.part*") if place.is_dir() else ():
            if place == poses or _mark(item.name) in left:
                shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()


def _mark(name: str) -> str:
    """A temporary name without what is random in it."""
    return re.sub(r"\.[0-9a-f]{8}\.part", ".part", name)


def _closable(events: Iterator[Event]) -> Generator[Event]:
    yield from events


def _row(name: str, entry: journal.Entry) -> Row:
    facts, output = entry.facts, entry.facts["outputs"][0]
    files = facts.get("files") or {}
    return {
        "name": name,
        "command": facts["command"],
        "state": entry.state,
        "source": facts["source"],
        "driving": facts["driving"],
        "output": output,
        "sha256": files[output][0] if output in files else None,
        "seconds": facts.get("seconds"),
        "frames": facts.get("frames"),
        "warnings": list(facts.get("warnings", ())),
        "reason": facts.get("reason"),
    }
