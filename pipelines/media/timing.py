"""Time stamps of a frame stream, exactly: what is shown when, for how long, and which frames are taken.

Times are `Fraction` seconds counted from the first frame; pts are integers in units of a `Fraction` time base.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

import numpy as np


@dataclass(frozen=True)
class TimedFrame:
    """One frame before its pixels are converted: `load()` gives uint8 RGB [H,W,3] or raises `CorruptFrame`."""

    pts: int
    duration: int | None
    load: Callable[[], np.ndarray]


class CorruptFrame(Exception):
    """One frame can't be decoded; the reader counts it and goes on."""


def round_half_up(value: Fraction) -> int:
    """Nearest integer; halves go up, so that equal steps stay equal."""
    return floor(value + Fraction(1, 2))


def fill_durations(
    frames: Iterator[TimedFrame], *, end: Callable[[], int | None] = lambda: None
) -> Iterator[TimedFrame]:
    """Gives each frame the duration up to the next one; the last gets what is left to `end()`, or keeps its own.

    Frames whose pts do not increase are dropped. Looks one frame ahead.
    """
    previous: TimedFrame | None = None
    for frame in frames:
        if previous is not None:
            if frame.pts <= previous.pts:
                continue
            yield replace(previous, duration=frame.pts - previous.pts)
        previous = frame
    if previous is not None:
        last = end()
        yield replace(previous, duration=last - previous.pts) if last and last > previous.pts else previous


def trim(frames: Iterator[TimedFrame], *, first: Fraction | None, last: Fraction | None) -> Iterator[TimedFrame]:
    """Keeps frames with first <= pts < last (in pts units) and stops reading at `last`."""
    for frame in frames:
        if last is not None and frame.pts >= last:
            return
        if first is None or frame.pts >= first:
            yield frame


def resample(frames: Iterator[TimedFrame], *, time_base: Fraction, fps: Fraction) -> Iterator[TimedFrame]:
    """Constant rate by dropping and duplicating: frame n covers n/fps, counted from the first frame; pts become n.

    Each source frame owns the output slots between its rounded start and the rounded start of the next one.
    """
    zero: int | None = None
    slot = 0
    for frame in frames:
        zero = frame.pts if zero is None else zero
        length = Fraction(1) / fps if frame.duration is None else frame.duration * time_base
        stop = round_half_up(((frame.pts - zero) * time_base + length) * fps)
        for number in range(slot, max(stop, 1)):
            yield TimedFrame(pts=number, duration=1, load=frame.load)
        slot = max(stop, slot, 1)
