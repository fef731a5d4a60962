"""Exact time stamps of a stream of frames: durations, trimming and resampling to a constant rate.

Pure functions of iterators, used by `pipelines.media.stream`. pts and durations are integers in units of a time base,
which is a `Fraction` of seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

import numpy as np


@dataclass(frozen=True)
class TimedFrame:
    """A frame whose pixels are not converted yet."""

    pts: int
    """When it is shown, in units of the time base."""

    duration: int | None
    """For how long, in units of the time base; None if unknown."""

    load: Callable[[], np.ndarray]
    """Converts the pixels to uint8 RGB [H, W, 3]; raises `CorruptFrame`."""


class CorruptFrame(Exception):
    """A frame can't be decoded; it is skipped and counted."""


def round_half_up(value: Fraction) -> int:
    """The nearest integer; halves are always rounded up, so that equal steps stay equal."""
    return floor(value + Fraction(1, 2))


def fill_durations(
    frames: Iterator[TimedFrame], *, end: Callable[[], int | None] = lambda: None
) -> Iterator[TimedFrame]:
    """Make every frame last until the next one; their pts must increase.

    The last frame lasts until the pts that `end()` returns after all frames have been read; if that is None or not
    after the frame, it keeps its own duration. Reads one frame ahead.
    """
    previous: TimedFrame | None = None
    for frame in frames:
        if previous is not None:
            yield replace(previous, duration=frame.pts - previous.pts)
        previous = frame
    if previous is not None:
        last = end()
        yield replace(previous, duration=last - previous.pts) if last and last > previous.pts else previous


def trim(frames: Iterator[TimedFrame], *, first: Fraction | None, last: Fraction | None) -> Iterator[TimedFrame]:
    """The frames with first <= pts < last, in units of the time base; None for no limit. Stops reading at `last`."""
    for frame in frames:
        if last is not None and frame.pts >= last:
            return
        if first is None or frame.pts >= first:
            yield frame


def resample(frames: Iterator[TimedFrame], *, time_base: Fraction, fps: Fraction) -> Iterator[TimedFrame]:
    """Resample to a constant rate by dropping and repeating frames; the new pts count frames from 0.

    A frame fills the output frames from its own start to the start of the next one, both rounded to output frames and
    counted from the first frame. The first frame is shown at least once.

    Args:
        frames: with increasing pts.
        time_base: of their pts and durations, in seconds.
        fps: frames per second of the result.
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
