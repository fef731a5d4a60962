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
    """Progress of one run, in the form of `pipelines.animate.Progress`.

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
    """Progress of a batch, in the form of `pipelines.batch.coordinate.Listener`.

    On a terminal a bar for all jobs and a line for each worker, otherwise a line now and then. Failures are said
    at once.
    """

    quiet: bool = False
    _bars: RichProgress | None = None
    _all: _Stage = field(default_factory=lambda: _Stage("jobs", None, "jobs"))
    _lines: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            self._bars = _rich_bars()
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        """`jobs` are to be done by `workers`."""
        self._all = _Stage("jobs", jobs, "jobs")
        if self._bars is not None:
            self._all.task = self._bars.add_task("jobs", total=jobs, rate="")
        before = f", {skipped} from before" if skipped else ""
        self._say(f"{jobs} jobs on {min(workers, jobs)} workers{before}")

    def event(self, event: Event) -> None:
        """Show what a worker says."""
        if event.state in ("done", "failed"):
            self._all.done += 1
            if event.state == "failed":
                self._say(f"{event.job} failed: {event.reason}")
        if self._bars is not None:
            self._bars.update(self._all.task, completed=self._all.done, rate=self._pace())
            self._show_worker(self._bars, event)
        elif time.monotonic() - self._all.said > PLAIN_INTERVAL:
            self._all.said = time.monotonic()
            self._say(", ".join(filter(None, (self._all.line(), self._pace()))))

    def end(self, done: int, skipped: int, failed: Mapping[str, str]) -> None:
        """The summary, with all that failed at its end."""
        self._say(f"{done} done, {skipped} done before, {len(failed)} failed; {self._pace()}".rstrip("; "))
        for name, reason in failed.items():
            error(f"{name}: {reason}")

    def _pace(self) -> str:
        minutes = (time.monotonic() - self._all.began) / 60
        return f"{self._all.done / minutes:.1f} jobs/min" if self._all.done else ""

    def _show_worker(self, bars: RichProgress, event: Event) -> None:
        if event.worker is None:
            return
        if event.worker not in self._lines:
            self._lines[event.worker] = bars.add_task(f"worker {event.worker}", total=None, rate="")
        text = " ".join(filter(None, (event.job[:40], event.stage or event.state)))
        bars.update(self._lines[event.worker], description=text, completed=event.step or 0, total=event.steps)

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
