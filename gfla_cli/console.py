"""The output of the program: progress and notes on stderr, data on stdout. Nothing else prints.

`Console` is the progress of one run; `gfla_cli.batch_display` shows a batch.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from gfla_cli import json_progress

if TYPE_CHECKING:
    from rich.progress import Progress as ProgressBars

UNDECODED = range(0xDC80, 0xDD00)  # stand for bytes of file names that are not valid in the file system's encoding
# Control characters, which names of files may contain and terminals obey -> how they are printed.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
LAYOUT = {ord("\n"): "\n", ord("\t"): "\t"}
PLAIN_INTERVAL = 5.0  # seconds between two progress lines where stderr is not a terminal


def open_closed_streams() -> None:
    """Let standard streams that the caller closed, or that Windows programs without a console lack, lead nowhere.

    Otherwise a file that is opened later would get the number of the stream, and the messages of libraries with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in this order they get their own numbers
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


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


def error(message: str, code: int | None = None) -> None:
    """Print the one line that says what is wrong and what to do; `code` is the exit code, if the program ends."""
    if not json_progress.send("error", message=one_line(message), code=code):
        print(f"gfla: {one_line(message)}", file=sys.stderr)


def out(text: str) -> None:
    """Print a line of data; names are exact unless a terminal would obey control characters in them."""
    print(text.translate(CONTROLS | LAYOUT) if sys.stdout.isatty() else text)


def out_json(data: Any) -> None:
    """Print one JSON object; paths, fractions and other values are written as text."""
    print(json.dumps(data, indent=2, default=_plain))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns that `cut` and `awk` can read as well."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        out("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_line(message: str, bars: ProgressBars | None = None, event: str = "note") -> None:
    """Print one line to stderr, above the progress bars if there are any; `event` is its kind for `--progress json`."""
    if json_progress.send(event, message=one_line(message)):
        return
    line = f"gfla: {one_line(message)}"
    if bars is not None:
        bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
    else:
        print(line, file=sys.stderr, flush=True)


def start_bars(*, quiet: bool, time_left: bool = True) -> ProgressBars | None:
    """Progress bars on stderr, with a column for the time left or without; None where stderr is not a terminal."""
    if quiet or json_progress.is_active() or not sys.stderr.isatty():
        return None
    from rich.console import Console as Screen
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    name, rate = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[rate]}"))
    columns = name, BarColumn(), MofNCompleteColumn(), rate
    last = (TimeRemainingColumn(elapsed_when_finished=True),) if time_left else ()
    bars = Progress(*columns, *last, console=Screen(stderr=True))
    bars.start()
    return bars


def duration(seconds: float) -> str:
    """`75 s`, `12 min` or `3.5 h`."""
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def one_line(text: str) -> str:
    """The text with every run of white space as one space, and other control characters like \\x1b."""
    return " ".join(text.split()).translate(CONTROLS)


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
        if json_progress.is_active():
            self._show(self._stage)
        if self._bars is not None:
            self._stage.task = self._bars.add_task(name, total=total, completed=done, rate="")

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps of the current stage."""
        if (stage := self._stage) is None:
            return
        stage.done += n
        if self._bars is not None:
            self._bars.update(stage.task, completed=stage.done, rate=stage.rate())
        elif time.monotonic() - stage.printed > (
            json_progress.INTERVAL if json_progress.is_active() else PLAIN_INTERVAL
        ):
            stage.printed = time.monotonic()
            self._show(stage)

    def note(self, message: str) -> None:
        """Print one line of information and keep it for the JSON report."""
        self.notes.append(one_line(message))
        self._print(message, "note")

    def summary(self, message: str) -> None:
        """Print one line about the run."""
        self._print(message, "summary")

    def _print(self, message: str, event: str) -> None:
        if not self.quiet:
            print_line(message, self._bars, event)

    def _end_stage(self, *, completed: bool = True) -> None:
        stage, self._stage = self._stage, None
        if stage is None or not completed:
            return
        if self._bars is not None:
            self._bars.update(stage.task, total=stage.done or 1, completed=stage.done or 1, rate=stage.rate())
        elif not (json_progress.is_active() and stage.shown == stage.done):
            self._show(stage)

    def _show(self, stage: _Stage) -> None:
        """Print a line about a stage."""
        stage.shown = stage.done
        if not self.quiet and not json_progress.send("progress", **stage.values()):
            print_line(stage.line())


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
    shown: int | None = None
    """`done` when it was last printed."""

    def pace(self) -> float | None:
        """Steps per second of this run; None before the first."""
        seconds = max(time.monotonic() - self.started, 1e-6)
        return (self.done - self.earlier) / seconds if self.done > self.earlier else None

    def left(self) -> float | None:
        """Seconds until the last step; None if they are not known, or at the end."""
        pace = self.pace()
        return (self.total - self.done) / pace if pace and self.total and self.done < self.total else None

    def rate(self) -> str:
        return f"{pace:.1f} {self.unit}/s" if (pace := self.pace()) else ""

    def line(self) -> str:
        if not self.done:
            return f"{self.name}: {time.monotonic() - self.started:.1f} s"
        parts = [f"{self.name}: {self.done}" + (f"/{self.total}" if self.total else ""), self.rate()]
        if (left := self.left()) is not None:
            parts.append(f"{duration(left)} left")
        return ", ".join(filter(None, parts))

    def values(self) -> dict[str, Any]:
        """What `--progress json` says about it."""
        seconds = time.monotonic() - self.started
        left = 0.0 if self.done == self.total else self.left()
        counts = {"stage": self.name, "done": self.done, "total": self.total, "unit": self.unit}
        times = {"rate": self.pace(), "left": left, "seconds": seconds}
        return counts | {name: None if value is None else round(value, 3) for name, value in times.items()}


def _plain(value: object) -> object:
    if isinstance(value, PurePath):
        return str(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)
