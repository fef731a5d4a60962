"""Running a batch: lock the folder, read its journal, skip finished jobs, run the others and record what happens.

In: jobs and an executor. Out: files and a journal in the folder of the batch, and an `Outcome`. Called by `gfla batch`.
This process does not import torch; its workers do.
"""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.errors import InputError
from pipelines.batch.events import Event, JobRow
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.executors.registry import Executor
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE_FOLDER, Journal, JournalEntry, open_journal, read_journal
from pipelines.batch.watch import JobFeed, stop_on_interrupt, watch_files
from pipelines.media.files import temporary_name
from pipelines.runtime.fingerprints import content_fingerprint


class Listener(Protocol):
    """Follows a batch as it runs; the command line shows what it receives."""

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        """`jobs` are about to run on `workers`; `skipped` finished or failed in an earlier run."""
        ...

    def event(self, event: Event) -> None:
        """Something happened to a job."""
        ...


class WatchListener(Listener, Protocol):
    """Follows a batch whose jobs arrive while it runs."""

    def extend(self, jobs: int, skipped: int) -> None:
        """More `jobs` are about to run, and more ended in an earlier run."""
        ...

    def note(self, message: str) -> None:
        """One line about the whole batch."""
        ...


@dataclass
class Outcome:
    """How the jobs of a run ended, by name."""

    done: list[str] = field(default_factory=list)
    """Finished in this run."""
    skipped: list[str] = field(default_factory=list)
    """Finished in an earlier run."""
    failed: dict[str, str] = field(default_factory=dict)
    """Failed in this run, or earlier and not retried; with the reason."""

    @property
    def code(self) -> int:
        """Exit code: 0 if all jobs are done, 3 if some failed, 1 if all failed."""
        if not self.failed:
            return 0
        return 3 if self.done or self.skipped else 1


def run_batch(
    jobs: Sequence[Job],
    folder: Path,
    executor: Executor,
    group_jobs: Callable[[Sequence[Job]], Sequence[Group]],
    listener: Listener,
    *,
    retry_failed: bool = False,
    overwrite: bool = False,
) -> Outcome:
    """Run the jobs that no earlier run has finished; their outputs go into `folder`.

    Args:
        executor: made for the same folder.
        group_jobs: splits the jobs that are left into groups, see `Allocation.group_jobs`.
        retry_failed: also run jobs that failed in an earlier run.
        overwrite: replace files that no run has made.

    Raises:
        InputError: another process is working on the folder, it is not writable, or a file that no run has made is in
            the way and `overwrite` is not set.
        GflaError: what the executor raises when it can't continue.
    """
    with open_journal(folder) as journal:
        todo, outcome = _select_jobs(jobs, journal, folder, retry_failed=retry_failed)
        if not overwrite:
            _refuse_unknown_files(todo, journal, folder)
        journal.queue(job for job in todo if not _is_queued(journal.find(job)))
        listener.begin(len(todo), len(jobs) - len(todo), executor.workers)
        with _clean_up(folder, todo), closing(executor.run(group_jobs(todo))) as events:
            for event in events:
                _record(event, journal, outcome)
                listener.event(event)
        if not outcome.failed:
            shutil.rmtree(folder / STATE_FOLDER / "poses", ignore_errors=True)
    return outcome


def watch_batch(
    plan: Callable[[], list[Job]],
    watched: Sequence[Path],
    folder: Path,
    executor: LocalExecutor,
    group_jobs: Callable[[Sequence[Job]], Sequence[Group]],
    listener: WatchListener,
    on_idle: Callable[[], None],
    *,
    retry_failed: bool = False,
    overwrite: bool = False,
) -> Outcome:
    """As `run_batch` of the jobs that `plan` returns, again and again as files in the `watched` folders arrive.

    `on_idle` is called whenever all jobs so far have ended. The first Ctrl-C ends it after the running jobs; those that
    have not begun stay queued for the next run.

    Raises:
        InputError: another process is working on the folder, or it is not writable.
        BackendUnavailable: the extra `watch` is not installed.
    """
    outcome, unfinished = Outcome(), set[str]()
    with open_journal(folder) as journal:

        def begin(jobs: list[Job]) -> Sequence[Group]:
            todo, earlier = _select_jobs(jobs, journal, folder, retry_failed=retry_failed)
            if not overwrite:
                unknown = {name for job in todo for name in _find_unknown_files([job], journal, folder)}
                for name in unknown:
                    listener.note(f"{folder / name} already exists and no run has made it: left alone (--overwrite)")
                todo = [job for job in todo if not unknown.intersection(job.outputs)]
            outcome.skipped += earlier.skipped
            outcome.failed |= earlier.failed
            remove_temporary_files(folder, todo)
            journal.queue(job for job in todo if not _is_queued(journal.find(job)))
            listener.extend(len(todo), len(jobs) - len(todo))
            unfinished.update(job.name for job in todo)
            return group_jobs(todo)

        def stop() -> None:
            listener.note("ending after the running jobs; Ctrl-C again ends them, too")
            feed.stop()

        feed = JobFeed(plan, begin, listener.note)
        listener.begin(0, 0, executor.workers)
        with (
            stop_on_interrupt(stop),
            watch_files(watched, folder, feed.changed),
            closing(executor.run(feed)) as events,
        ):
            for event in events:
                _record(event, journal, outcome)
                listener.event(event)
                if event.state in ("done", "failed"):
                    unfinished.discard(event.job)
                    if not unfinished:
                        on_idle()
    return outcome


def read_rows(folder: Path) -> list[JobRow]:
    """Every job in the journal of a batch folder, in the order in which they were first queued."""
    return [make_row(name, entry) for name, entry in read_journal(folder).entries.items()]


def seconds_per_frame(folder: Path, command: str) -> float | None:
    """Mean working time per frame of the finished jobs of a command; None if there are none."""
    entries = read_journal(folder).entries.values()
    finished = [entry.facts for entry in entries if entry.state == "done" and entry.facts["command"] == command]
    frames = sum(facts.get("frames") or 0 for facts in finished)
    return sum(facts["seconds"] for facts in finished) / frames if frames else None


def outputs_intact(entry: JournalEntry, folder: Path) -> bool:
    """Whether a job is done and its outputs are still as it left them.

    Size and mtime are trusted where they agree with the journal; otherwise the SHA-256 decides.
    """
    return entry.state == "done" and all(
        _is_intact(folder / name, *fingerprint) for name, fingerprint in entry.facts.get("files", {}).items()
    )


def _is_intact(path: Path, sha256: str, size: int, mtime: int) -> bool:
    try:
        status = path.stat()
        if path.is_file() and (status.st_size, status.st_mtime_ns) == (size, mtime):
            return True
        return content_fingerprint(path)[0] == sha256
    except OSError:
        return False


def _select_jobs(
    jobs: Sequence[Job], journal: Journal, folder: Path, *, retry_failed: bool
) -> tuple[list[Job], Outcome]:
    """The jobs to run, and the outcome of the others."""
    todo, outcome = [], Outcome()
    for job in jobs:
        entry = journal.find(job)
        if entry and outputs_intact(entry, folder):
            outcome.skipped.append(job.name)
        elif entry and entry.state == "failed" and not retry_failed:
            outcome.failed[job.name] = entry.facts["reason"]
        else:
            todo.append(job)
    return todo, outcome


def _is_queued(entry: JournalEntry | None) -> bool:
    """Whether an interrupted run has queued the job already."""
    return entry is not None and entry.state in ("queued", "started")


def _refuse_unknown_files(jobs: Sequence[Job], journal: Journal, folder: Path) -> None:
    """Raises InputError if a job would replace a file that is not in the journal."""
    if unknown := _find_unknown_files(jobs, journal, folder):
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise InputError(f"{folder / unknown[0]} already exists{more}: choose another -o, or pass --overwrite")


def _find_unknown_files(jobs: Sequence[Job], journal: Journal, folder: Path) -> list[str]:
    """The outputs of jobs that are there although the journal does not know them."""
    known = {name for entry in journal.entries.values() for name in entry.facts["outputs"]}
    return [name for job in jobs for name in job.outputs if name not in known and (folder / name).exists()]


def _record(event: Event, journal: Journal, outcome: Outcome) -> None:
    if event.state == "progress":
        return
    journal.record(event)
    if event.state == "done":
        outcome.done.append(event.job)
    elif event.state == "failed":
        outcome.failed[event.job] = event.reason or ""


@contextmanager
def _clean_up(folder: Path, jobs: Sequence[Job]) -> Iterator[None]:
    """Remove temporary files of these jobs before and after the block."""
    remove_temporary_files(folder, jobs)
    try:
        yield
    finally:
        remove_temporary_files(folder, jobs)


def remove_temporary_files(folder: Path, jobs: Sequence[Job]) -> None:
    """Remove what killed workers have left of these jobs."""
    paths = [folder / name for job in jobs for name in job.outputs]
    ours = {_without_random_part(temporary_name(path).name) for path in paths}
    poses = folder / STATE_FOLDER / "poses"
    for place in {poses, *(path.parent for path in paths)}:
        for item in place.glob(".*.part*") if place.is_dir() else ():
            if place == poses or _without_random_part(item.name) in ours:
                shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()


def _without_random_part(name: str) -> str:
    """`.clip.1a2b3c4d.part.mp4` -> `.clip.part.mp4`, see `temporary_name`."""
    return re.sub(r"\.[0-9a-f]{8}\.part", ".part", name)


def make_row(name: str, entry: JournalEntry) -> JobRow:
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
