"""Pictures and videos that lie on their side or stand on their head, turned by quarter turns.

A quarter turn is counterclockwise, as in `numpy.rot90`; pictures are uint8 RGB [H, W, 3].
"""

from collections.abc import Generator
from dataclasses import replace
from functools import partial

import numpy as np

from pipelines.media.frames import Backend, ReadStats
from pipelines.media.stream import FrameSource
from pipelines.media.timing import TimedFrame

TURN_NAMES = ("by 0°", "by 90° counterclockwise", "by 180°", "by 90° clockwise")  # of 0 to 3 quarter turns


def turn_picture(picture: np.ndarray, quarter_turns: int) -> np.ndarray:
    """The picture after that many quarter turns: [H, W, 3] -> [H, W, 3], or [W, H, 3] if their number is odd."""
    return np.ascontiguousarray(np.rot90(picture, quarter_turns)) if quarter_turns % 4 else picture


class TurnedBackend:
    """The frames of another backend after that many quarter turns."""

    def __init__(self, backend: Backend, quarter_turns: int) -> None:
        self.backend, self.quarter_turns, self.file_info = backend, quarter_turns, backend.file_info

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """See `Backend.read`."""
        for frame in self.backend.read(start, stats):
            yield replace(frame, load=partial(self._load, frame))

    def _load(self, frame: TimedFrame) -> np.ndarray:
        return turn_picture(frame.load(), self.quarter_turns)


def turn_video(video: FrameSource, quarter_turns: int) -> FrameSource:
    """The same part of the same file after that many quarter turns."""
    return FrameSource(video.path, TurnedBackend(video.backend, quarter_turns), video.selection)
