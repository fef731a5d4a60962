"""The one place that prints: progress and notes on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from pipelines.batch.events import Event

PLAIN_INTERVAL = 5.0  # seconds between two progress lines where stderr is no terminal


def error(message: str) -> None:
    """Print the one line that says what is wrong and what to do."""
    print(f"gfla: {_one_line(message)}", file=sys.stderr)


def out(text: str) -> None:
    """Print a line of data."""
    print(text)


def out_json(data: Any) -> None:
    """Print one JSON object; paths, fractions and other values are written as their text."""
    print(json.dumps(data, indent=2, default=_plain))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns that `cut` and `awk` can read as well."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@dataclass
class Console:
    """Progress of one run, in the form of `pipelines.animation.Progress`.

    On a terminal each stage gets a bar with its rate and the time left, otherwise a line now and then.
    `quiet` keeps stderr for errors. `notes` keeps what was said, for the JSON report. Rates are in `unit`/s.
    """

    quiet: bool = False
    unit: str = "frames"
    notes: list[str] = field(default_factory=list)
    _stage: _Stage | None = None
    _bars: RichProgress | None = None

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            self._bars = _rich_bars()
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._finish(completed=exception[0] is None)
        if self._bars is not None:
            self._bars.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage of `total` steps (None: not known); the one before it is over."""
        self._finish()
        self._stage = _Stage(name, total, self.unit)
        if self._bars is not None:
            self._stage.task = self._bars.add_task(name, total=total, rate="")

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the current stage."""
        if (stage := self._stage) is None:
            return
        stage.done += n
        if self._bars is not None:
            self._bars.update(stage.task, completed=stage.done, rate=stage.rate())
        elif not self.quiet and time.monotonic() - stage.said > PLAIN_INTERVAL:
            stage.said = time.monotonic()
            self._say(stage.line())

    def note(self, message: str) -> None:
        """Say one line of information and keep it for the report."""
        self.notes.append(_one_line(message))
        if not self.quiet:
            self._say(self.notes[-1])

    def summary(self, message: str) -> None:
        """Say how the run went."""
        if not self.quiet:
            self._say(message)

    def _say(self, message: str) -> None:
        if self._bars is not None:
            self._bars.console.print(f"gfla: {message}", markup=False, highlight=False, soft_wrap=True)
        else:
            print(f"gfla: {message}", file=sys.stderr, flush=True)

    def _finish(self, *, completed: bool = True) -> None:
        stage, self._stage = self._stage, None
        if stage is None or not completed:
            return
        if self._bars is not None:
            self._bars.update(stage.task, total=stage.done or 1, completed=stage.done or 1, rate=stage.rate())
        elif not self.quiet:
            self._say(stage.line())


@dataclass
class Board:
    """Progress of a batch, in the form of `pipelines.batch.runner.Listener`.

    On a terminal a bar for all jobs and a line for each worker, otherwise a line now and then. Failures are said at
    once.
    """

    quiet: bool = False
    _total: int = 0
    _done: int = 0
    _began: float = 0.0
    _said: float = 0.0
    _workers: dict[int, Event] = field(default_factory=dict)
    _bars: RichProgress | None = None
    _tasks: dict[int | None, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            self._bars = _rich_bars()
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        """`jobs` are to be done by `workers`."""
        self._total, self._began, self._said = jobs, time.monotonic(), time.monotonic()
        if self._bars is not None:
            self._tasks[None] = self._bars.add_task("jobs", total=jobs, rate="")
        self._say(f"{jobs} jobs on {min(workers, jobs)} workers" + (f", {skipped} from before" if skipped else ""))

    def event(self, event: Event) -> None:
        """Show what a worker says."""
        self._done += event.state in ("done", "failed")
        if event.worker is not None:
            self._workers[event.worker] = event
        if event.state == "failed":
            self._say(f"{event.job} failed: {event.reason}")
        if self._bars is not None:
            self._show(self._bars, event)
        elif time.monotonic() - self._said > PLAIN_INTERVAL:
            self._said = time.monotonic()
            self._say("; ".join([self._line(), *(f"worker {n}: {_at(each)}" for n, each in self._workers.items())]))

    def note(self, message: str) -> None:
        """Say one line of information."""
        self._say(message)

    def end(self, done: int, skipped: int, failed: Mapping[str, str]) -> None:
        """After the block: the summary, with all that failed at its end."""
        self._say(f"{done} done, {skipped} done before, {len(failed)} failed{self._pace()}")
        for name, reason in failed.items():
            error(f"{name}: {reason}")

    def _line(self) -> str:
        seconds = time.monotonic() - self._began
        left = f", {seconds * (self._total - self._done) / self._done:.0f} s left" if self._done else ""
        return f"{self._done}/{self._total} jobs{self._pace()}{left}"

    def _pace(self) -> str:
        return f", {self._done / (time.monotonic() - self._began) * 60:.1f} jobs/min" if self._done else ""

    def _show(self, bars: RichProgress, event: Event) -> None:
        bars.update(self._tasks[None], completed=self._done, rate=self._pace().lstrip(", "))
        if event.worker is None:
            return
        if event.worker not in self._tasks:
            self._tasks[event.worker] = bars.add_task("", total=None, rate="")
        bars.update(self._tasks[event.worker], description=f"worker {event.worker}: {_at(event, steps=False)}")
        if event.stage:
            bars.update(self._tasks[event.worker], completed=event.step, total=event.steps)

    def _say(self, message: str) -> None:
        if self.quiet:
            return
        if self._bars is not None:
            self._bars.console.print(f"gfla: {_one_line(message)}", markup=False, highlight=False, soft_wrap=True)
        else:
            print(f"gfla: {_one_line(message)}", file=sys.stderr, flush=True)


@dataclass
class _Stage:
    name: str
    total: int | None
    unit: str
    done: int = 0
    task: Any = None
    began: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def rate(self) -> str:
        seconds = max(time.monotonic() - self.began, 1e-6)
        return f"{self.done / seconds:.1f} {self.unit}/s" if self.done else ""

    def line(self) -> str:
        seconds = time.monotonic() - self.began
        if not self.done:
            return f"{self.name}: {seconds:.1f} s"
        parts = [f"{self.name}: {self.done}" + (f"/{self.total}" if self.total else ""), self.rate()]
        if self.total and self.done < self.total:
            parts.append(f"{seconds * (self.total - self.done) / self.done:.0f} s left")
        return ", ".join(parts)


def _at(event: Event, *, steps: bool = True) -> str:
    """What a worker is at."""
    counted = f" {event.step}/{event.steps}" if steps and event.steps else ""
    return f"{event.job[:40]} {event.stage or event.state}{counted}"


def _rich_bars() -> RichProgress:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    return Progress(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=RichConsole(stderr=True))


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)
