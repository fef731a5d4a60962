"""Progress of a batch on stderr: bars on a terminal, otherwise a line from time to time. Failures appear at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from gfla_cli import json_progress
from gfla_cli.console import PLAIN_INTERVAL, duration, error, one_line, print_line, start_bars

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBars

    from pipelines.batch.events import Event
    from pipelines.batch.time_left import TimeLeft


@dataclass
class BatchDisplay:
    """A `pipelines.batch.runner.Listener`: a bar for all jobs and one for each worker."""

    quiet: bool = False
    """Print failures only, after the end."""
    warnings: list[str] = field(default_factory=list)
    """What was left out or changed of the whole batch, for the reports."""
    expected: dict[str, float] = field(default_factory=dict)
    """Seconds that jobs are expected to take, by name."""
    _total: int = 0
    _ended: int = 0
    _started: float = 0.0
    _printed: float = 0.0
    _time_left: TimeLeft | None = None
    _workers: dict[int, Event] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _bars: ProgressBars | None = None
    _tasks: dict[int | None, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._bars = start_bars(quiet=self.quiet, time_left=False)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        """`jobs` are about to run on `workers`; `skipped` ended in an earlier run."""
        from pipelines.batch.time_left import TimeLeft

        self._total, self._started, self._printed = jobs, time.monotonic(), time.monotonic()
        self._time_left = TimeLeft(self.expected, jobs, workers)
        if self._bars is not None:
            self._tasks[None] = self._bars.add_task("jobs", total=jobs, rate="")
        if jobs or skipped:
            self.note(f"{jobs} jobs on {min(workers, jobs)} workers" + (f", {skipped} from before" if skipped else ""))

    def extend(self, jobs: int, skipped: int) -> None:
        """More `jobs` are about to run; `skipped` more ended in an earlier run."""
        self._total += jobs
        if self._time_left is not None:
            self._time_left.add(jobs)
        if self._bars is not None:
            self._bars.update(self._tasks[None], total=self._total)
        self.note(f"{jobs} new job{'s' * (jobs != 1)}" + (f", {skipped} from before" if skipped else ""))

    def event(self, event: Event) -> None:
        """Show what happened to a job."""
        now = time.monotonic()
        self._ended += event.state in ("done", "failed")
        if self._time_left is not None:
            self._time_left.update(event, now)
        if event.state == "started":
            self._began[event.job] = now
        if event.worker is not None:
            self._workers[event.worker] = event
        if event.state == "failed":
            self.note(f"{event.job} failed: {event.reason}")
        if self._bars is not None:
            self._update_bars(self._bars, event)
        elif json_progress.is_active():
            self._send(event, now)
        elif now - self._printed > PLAIN_INTERVAL:
            self._printed = now
            workers = [f"worker {number}: {_describe(each)}{self._age(each)}" for number, each in self._workers.items()]
            self.note("; ".join([f"{self._ended}/{self._total} jobs{self._pace()}{self._left()}", *workers]))

    def _send(self, event: Event, now: float) -> None:
        """The event of a job, and the state of the batch, for programs; steps from time to time."""
        if self.quiet or (event.state == "progress" and now - self._printed < json_progress.INTERVAL):
            return
        self._printed = now
        steps = {"stage": event.stage, "done": event.step, "total": event.steps}
        json_progress.send("job", job=event.job, state=event.state, worker=event.worker, **steps, reason=event.reason)
        rate = round(self._ended / max(now - self._started, 1e-6), 4) if self._ended else None
        left = round(self._time_left.seconds(), 1) if self._time_left and self._began else None
        counts = {"stage": "jobs", "done": self._ended, "total": self._total, "unit": "jobs"}
        json_progress.send("progress", **counts, rate=rate, left=left, seconds=round(now - self._started, 3))

    def note(self, message: str) -> None:
        """Print one line of information."""
        if not self.quiet:
            print_line(message, self._bars)

    def warn(self, message: str) -> None:
        """Print one line about the whole batch, once, and keep it for the reports."""
        if one_line(message) not in self.warnings:
            self.warnings.append(one_line(message))
            self.note(message)

    def end(self, done: int, skipped: int, failed: Mapping[str, str], seconds: float) -> None:
        """After the `with` block: print the summary and, quiet or not, every failure as `job: reason`.

        `seconds` is the wall time of the program.
        """
        self.note(f"{done} done, {skipped} done before, {len(failed)} failed in {seconds:.1f} s{self._pace()}")
        for name, reason in failed.items():
            error(f"{name}: {reason}")

    def _pace(self) -> str:
        return f", {self._ended / (time.monotonic() - self._started) * 60:.1f} jobs/min" if self._ended else ""

    def _left(self) -> str:
        return f", {duration(self._time_left.seconds())} left" if self._time_left and self._began else ""

    def _age(self, event: Event) -> str:
        """How long the job of a worker has been running."""
        began = self._began.get(event.job)
        return "" if began is None or event.state in ("done", "failed") else f", {duration(time.monotonic() - began)}"

    def _update_bars(self, bars: ProgressBars, event: Event) -> None:
        bars.update(self._tasks[None], completed=self._ended, rate=f"{self._pace()}{self._left()}".lstrip(", "))
        if event.worker is None:
            return
        if event.worker not in self._tasks:
            self._tasks[event.worker] = bars.add_task("", total=None, rate="")
        task, shown = self._tasks[event.worker], one_line(f"worker {event.worker}: {_describe(event, steps=False)}")
        bars.update(task, description=shown, rate=self._age(event).lstrip(", "))
        if event.stage:
            bars.update(task, completed=event.step, total=event.steps)


def _describe(event: Event, *, steps: bool = True) -> str:
    """What a worker is doing: job, stage and, with `steps`, how far the stage is."""
    counted = f" {event.step}/{event.steps}" if steps and event.steps else ""
    return f"{event.job[:40]} {event.stage or event.state}{counted}"
