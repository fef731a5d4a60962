"""Jobs that arrive one at a time and run one after another, in a thread; the journal of the folder is their queue.

In: jobs, from any thread. Out: files and a journal in the folder, and what is running. Called by `gfla ui`. What has
not ended when the process does goes on when the folder is opened again.
"""

import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from models.errors import InputError, explain
from pipelines.batch.estimate import estimate_jobs
from pipelines.batch.events import Event, JobRow
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE_FOLDER, Journal, open_journal
from pipelines.batch.runner import make_row, remove_temporary_files
from pipelines.batch.time_left import TimeLeft

CANCELLED = "cancelled"  # the reason of a job that the user has stopped
IDLE_SECONDS = 300.0  # without a job, after which the worker ends and its memory is free
CLOSE_SECONDS = 20.0  # to wait for the end of the worker


@dataclass
class _Running:
    """A job that is at work."""

    job: Job
    time_left: TimeLeft = field(default_factory=lambda: TimeLeft({}, 1, 1))
    began: float = field(default_factory=time.monotonic)
    """Seconds of the monotonic clock."""


@dataclass(frozen=True)
class JobProgress:
    """How far the running job is."""

    name: str
    """Of the job."""
    stage: str
    """What it is doing, "" before the first stage."""
    done: int
    """Steps of the stage."""
    total: int | None
    """Steps of the whole stage, if known."""
    seconds: float
    """Since it began."""
    left: float | None
    """Expected seconds until it ends; None before the first stage."""


class _Interruption(Exception):
    """Ends the work of the executor, whatever it is doing."""


class JobQueue:
    """Runs the jobs of a folder from `with` on; all methods may be called from any thread.

    Args:
        folder: of the results; made if it is missing.
        executor: made for the same folder; with one worker, so that one job runs at a time.
        threads: of the worker, see `Group`.
        resume: also run what an earlier process has not finished.

    Raises:
        InputError: another process is working on the folder, or it is not writable.
    """

    stopped = False
    """Of a `Feed`: the worker may end."""

    def __init__(self, folder: Path, executor: LocalExecutor, *, threads: int = 1, resume: bool = True) -> None:
        self.folder, self._executor, self._threads, self._resume = folder, executor, threads, resume
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: _Running | None = None
        self._latest: Event | None = None  # of the running job
        self._interrupted = self._closed = False
        self._last_work = time.monotonic()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._journal: Journal = self._stack.enter_context(open_journal(self.folder))
        self._jobs = self._journal.load_jobs()
        remove_temporary_files(self.folder, list(self._jobs.values()))
        if self._resume:
            entries = self._journal.entries
            self._waiting = [
                self._jobs[name]
                for name in entries
                if name in self._jobs and entries[name].state in ("queued", "started")
            ]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._closed = self._interrupted = True
            self._changed.notify_all()
        self._thread.join(CLOSE_SECONDS)
        if not self._unfinished():
            shutil.rmtree(self.folder / STATE_FOLDER / "poses", ignore_errors=True)
        self._stack.close()

    @property
    def idle(self) -> bool:
        """Whether nothing is running or waiting."""
        with self._changed:
            return self._running is None and not self._waiting

    def rows(self) -> list[JobRow]:
        """Every job of the folder, in the order in which they were first queued."""
        with self._changed:
            return [make_row(name, entry) for name, entry in self._journal.entries.items()]

    def holds(self, name: str) -> bool:
        """Whether a job is waiting or running here."""
        with self._changed:
            return name in self._unfinished()

    def find(self, name: str) -> Job | None:
        """The job of this name; None if there is none, or an older gfla has queued it."""
        with self._changed:
            return self._jobs.get(name)

    def progress(self) -> JobProgress | None:
        """How far the running job is; None if there is none."""
        with self._changed:
            if (running := self._running) is None:
                return None
            event = self._latest
            staged = event is not None and event.stage is not None
            return JobProgress(
                running.job.name,
                stage=(event.stage or "") if event else "",
                done=(event.step or 0) if event else 0,
                total=event.steps if event else None,
                seconds=time.monotonic() - running.began,
                left=running.time_left.seconds() if staged else None,
            )

    def add(self, job: Job) -> None:
        """Queue a job; one of the same name that has ended is replaced, also its output.

        Raises:
            InputError: one of the same name is waiting or running.
        """
        with self._changed:
            if job.name in self._unfinished():
                raise InputError(f"{job.name} is in the queue already")
            self._journal.queue([job])
            self._jobs[job.name] = job
            self._waiting.append(job)
            self._changed.notify_all()

    def retry(self, names: Iterable[str]) -> None:
        """Queue jobs again that have failed, were stopped, or whose output is gone.

        Raises:
            InputError: there is no such job, or it was queued by a gfla that did not keep it.
        """
        with self._changed:
            for name in names:
                if name not in self._jobs:
                    raise InputError(f"{name} is no job of {self.folder}, or was queued by an older gfla")
                if name not in self._unfinished():
                    self.add(self._jobs[name])

    def cancel(self, name: str) -> None:
        """Stop a job that is waiting or running; nothing happens to others."""
        with self._changed:
            if name not in self._unfinished():
                return
            if self._running is not None and self._running.job.name == name:
                self._running, self._interrupted = None, True
            self._waiting = [job for job in self._waiting if job.name != name]
            self._journal.record(Event(name, "failed", reason=CANCELLED))

    def remove(self, name: str) -> None:
        """Forget a job and remove its outputs; one that is waiting or running is stopped."""
        with self._changed:
            if name not in self._journal.entries:
                return
            self.cancel(name)
            outputs = self._journal.entries[name].facts["outputs"]
            self._journal.forget(name)
            self._jobs.pop(name, None)
        for output in outputs:
            with suppress(OSError):
                (self.folder / output).unlink()

    def take(self) -> Sequence[Group]:
        """The next job, if none is running; called by the executor, twice a second."""
        with self._changed:
            if self._interrupted:
                raise _Interruption
            if self._running is not None or not self._waiting:
                self.stopped = self._running is None and time.monotonic() - self._last_work > IDLE_SECONDS
                return ()
            job = self._waiting.pop(0)
            self._running, self._latest = _Running(job), None
        (estimate,) = estimate_jobs([job], self.folder)  # reads the driving video: not while others wait for the lock
        expected = {job.name: estimate.seconds} if estimate.seconds else {}
        with self._changed:
            if self._running is None:  # cancelled in the meantime
                return ()
            self._running.time_left = TimeLeft(expected, 1, 1)
        return [Group((job,), threads=self._threads)]

    def _unfinished(self) -> set[str]:
        running = [self._running.job.name] if self._running else []
        return {*running, *(job.name for job in self._waiting)}

    def _run(self) -> None:
        while self._wait_for_job():
            try:
                with closing(self._executor.run(self)) as events:
                    for event in events:
                        self._record(event)
            except _Interruption:
                pass
            except Exception as error:
                self._give_up(explain(error))
            remove_temporary_files(self.folder, list(self._jobs.values()))

    def _wait_for_job(self) -> bool:
        """Whether there is a job, for which it waits, before the queue is closed."""
        with self._changed:
            self._interrupted = self._closed
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self.stopped, self._last_work = False, time.monotonic()
            return not self._closed

    def _record(self, event: Event) -> None:
        with self._changed:
            running = self._running
            if running is None or running.job.name != event.job:  # stopped in the meantime
                return
            running.time_left.update(event, time.monotonic())
            if event.state != "progress":
                self._journal.record(event)
            elif event.stage is not None:
                self._latest = event
            if event.state in ("done", "failed"):
                self._running, self._last_work = None, time.monotonic()

    def _give_up(self, reason: str) -> None:
        """The executor can't run the job."""
        with self._changed:
            if self._running is not None:
                self._journal.record(Event(self._running.job.name, "failed", reason=reason))
                self._running = None
