"""The output of the program: progress and notes on stderr, data on stdout. Nothing else prints.

`Console` is the progress of one run; `gfla_cli.batch_display` shows a batch.
"""

from __future__ import annotations

import codecs
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBars

UNDECODED = range(0xDC80, 0xDD00)  # stand for bytes of file names that are not valid in the file system's encoding
PLAIN_INTERVAL = 5.0  # seconds between two progress lines where stderr is not a terminal


def accept_all_characters() -> None:
    """Let stdout and stderr write what their encoding lacks: undecoded bytes as they are, the rest like \\u2014."""
    codecs.register_error("gfla", _write_anyway)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="gfla")


def _write_anyway(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError) and ord(error.object[error.start]) in UNDECODED:
        return bytes([ord(error.object[error.start]) - 0xDC00]), error.start + 1
    return codecs.backslashreplace_errors(error)


def error(message: str) -> None:
    """Print the one line that says what is wrong and what to do."""
    print(f"gfla: {one_line(message)}", file=sys.stderr)


def out(text: str) -> None:
    """Print a line of data."""
    print(text)


def out_json(data: Any) -> None:
    """Print one JSON object; paths, fractions and other values are written as text."""
    print(json.dumps(data, indent=2, default=_plain))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns that `cut` and `awk` can read as well."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_line(message: str, bars: ProgressBars | None = None) -> None:
    """Print one line to stderr, above the progress bars if there are any."""
    line = f"gfla: {one_line(message)}"
    if bars is not None:
        bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        print(line, file=sys.stderr, flush=True)


def start_bars(*, quiet: bool, time_left: bool = True) -> ProgressBars | None:
    """Progress bars on stderr, with a column for the time left or without; None where stderr is not a terminal."""
    if quiet or not sys.stderr.isatty():
        return None
    from rich.console import Console as Screen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    last = (TimeRemainingColumn(elapsed_when_finished=True),) if time_left else ()
    bars = Progress(*columns, *last, console=Screen(stderr=True))
    bars.start()
    return bars


def duration(seconds: float) -> str:
    """`75 s`, `12 min` or `3.5 h`."""
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


@dataclass
class Console:
    """Progress of one run; a `pipelines.runtime.progress.Progress`.

    On a terminal each stage has a bar with its rate and the time left, otherwise a line from time to time.
    """

    quiet: bool = False
    """Print errors only."""
    unit: str = "frames"
    """What a stage counts; rates are in `unit`/s."""
    notes: list[str] = field(default_factory=list)
    """Notes so far, for the JSON report."""
    begun: float = field(default_factory=lambda: time.monotonic())
    """When the run began, in seconds of the monotonic clock."""
    _stage: _Stage | None = None
    _bars: ProgressBars | None = None

    def __enter__(self) -> Self:
        self._bars = start_bars(quiet=self.quiet)
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_stage(completed=exception[0] is None)
        if self._bars is not None:
            self._bars.stop()

    def stage(self, name: str, total: int | None = None, *, done: int = 0, unit: str = "") -> None:
        """End the current stage and start one; see `pipelines.runtime.progress.Progress`."""
        self._end_stage()
        self._stage = _Stage(name, total, unit or self.unit, done, earlier=done)
        if self._bars is not None:
            self._stage.task = self._bars.add_task(name, total=total, completed=done, rate="")

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the current stage."""
        if (stage := self._stage) is None:
            return
        stage.done += n
        if self._bars is not None:
            self._bars.update(stage.task, completed=stage.done, rate=stage.rate())
        elif not self.quiet and time.monotonic() - stage.printed > PLAIN_INTERVAL:
            stage.printed = time.monotonic()
            print_line(stage.line())

    def note(self, message: str) -> None:
        """Print one line of information and keep it for the JSON report."""
        self.notes.append(one_line(message))
        self.summary(message)

    def summary(self, message: str) -> None:
        """Print one line about the run."""
        if not self.quiet:
            print_line(message, self._bars)

    def _end_stage(self, *, completed: bool = True) -> None:
        stage, self._stage = self._stage, None
        if stage is None or not completed:
            return
        if self._bars is not None:
            self._bars.update(stage.task, total=stage.done or 1, completed=stage.done or 1, rate=stage.rate())
        else:
            self.summary(stage.line())


@dataclass
class _Stage:
    """A part of a run, and the seconds (of the monotonic clock) when it started and was last printed."""

    name: str
    total: int | None
    unit: str
    done: int = 0
    earlier: int = 0
    """Steps of `done` that an earlier run has done."""
    task: Any = None
    started: float = field(default_factory=time.monotonic)
    printed: float = field(default_factory=time.monotonic)

    def rate(self) -> str:
        seconds = max(time.monotonic() - self.started, 1e-6)
        return f"{(self.done - self.earlier) / seconds:.1f} {self.unit}/s" if self.done > self.earlier else ""

    def line(self) -> str:
        seconds = time.monotonic() - self.started
        if not self.done:
            return f"{self.name}: {seconds:.1f} s"
        parts = [f"{self.name}: {self.done}" + (f"/{self.total}" if self.total else ""), self.rate()]
        if self.total and self.earlier < self.done < self.total:
            left = seconds * (self.total - self.done) / (self.done - self.earlier)
            parts.append(f"{duration(left)} left")
        return ", ".join(filter(None, parts))


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)
