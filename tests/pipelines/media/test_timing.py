from fractions import Fraction

import numpy as np
import pytest

from pipelines.media.timing import TimedFrame, fill_durations, resample, trim


def stream(*stamps: int, last: int | None = 1):
    return iter([TimedFrame(pts=pts, duration=last, load=lambda: np.zeros((1, 1, 3), np.uint8)) for pts in stamps])


def pairs(frames):
    return [(frame.pts, frame.duration) for frame in frames]


def test_tile_fills_the_gaps():
    assert pairs(fill_durations(stream(0, 3, 10, last=4))) == [(0, 3), (3, 7), (10, 4)]
    assert pairs(fill_durations(stream(0, 3), end=lambda: 20)) == [(0, 3), (3, 17)]
    assert pairs(fill_durations(stream(0, 3, 5, last=None))) == [(0, 3), (3, 2), (5, None)]
    assert pairs(fill_durations(stream())) == []


def test_clip_is_half_open():
    assert [frame.pts for frame in trim(stream(0, 1, 2, 3), first=Fraction(1), last=Fraction(3))] == [1, 2]
    assert [frame.pts for frame in trim(stream(0, 1, 2, 3), first=Fraction(1, 2), last=Fraction(5, 2))] == [1, 2]


@pytest.mark.parametrize("jitter", [[0, 33, 67, 100, 133, 167], [1, 34, 68, 101, 134, 168]])
def test_rounded_time_stamps_resample_one_to_one(jitter):
    frames = list(resample(fill_durations(stream(*jitter, last=33)), time_base=Fraction(1, 1000), fps=Fraction(30)))
    assert [frame.pts for frame in frames] == list(range(6))
    assert len({id(frame.load) for frame in frames}) == 6


def test_resample_duplicates_long_frames_and_keeps_one_at_least():
    frames = list(resample(fill_durations(stream(5, 10, 90, last=10)), time_base=Fraction(1, 100), fps=Fraction(10)))
    assert [frame.pts for frame in frames] == list(range(10))
    only = list(resample(fill_durations(stream(7, last=1)), time_base=Fraction(1, 100), fps=Fraction(5)))
    assert pairs(only) == [(0, 1)]
