"""A few frames, spread evenly over a driving input and kept in memory, so that a long video is not read as a whole.

In: a path, the part of it and a number of frames. Out: a `FrameSource` of them. Called by the preview of an animation.
"""

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.media.frames import Backend, FileInfo, Frame, FrameSelection, ReadStats
from pipelines.media.sources import open_video
from pipelines.media.stream import FrameSource
from pipelines.media.timing import CorruptFrame, TimedFrame


def open_spread(path: Path, count: int, **selection: Any) -> FrameSource:
    """Open `count` frames at most of a driving input: the one in the middle of each of as many equal parts.

    Their time stamps are those of the file. The frames in between are skipped by seeking where the file allows it.

    Args:
        selection: `start`, `end`, `max_frames` and `fps` of `open_video`.

    Raises:
        InputError: see `open_video`.
    """
    with open_video(path, **selection) as video:
        info, file = video.info, video.backend.file_info
        if info.frames is not None and info.frames <= count:
            return video
        seconds = info.duration or _measure(video)
        first, step = info.start / file.time_base, seconds / count / file.time_base
        frames = _find_frames(video.backend, [floor(first + (part + Fraction(1, 2)) * step) for part in range(count)])
    if len(frames) < min(count, 2):
        return video
    note = f"has no frames after {float((frames[-1].pts - file.start_pts) * file.time_base):.2f} s"
    notes = file.notes if len(frames) == count else (*file.notes, note)
    return FrameSource(path, KeptFrames(frames, replace(file, frames=len(frames), notes=notes)), FrameSelection())


class KeptFrames:
    """The backend of frames that are in memory."""

    def __init__(self, frames: Sequence[Frame], file_info: FileInfo) -> None:
        self.frames, self.file_info = frames, file_info

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """See `Backend.read`."""
        for frame in self.frames:
            stats.decoded += 1
            yield TimedFrame(frame.pts, frame.duration, partial(_image, frame))
        stats.finished = True


def _find_frames(backend: Backend, moments: Sequence[int]) -> list[Frame]:
    """The frames that are shown at these pts, each once."""
    found: dict[int, Frame] = {}
    for moment in moments:
        frames, shown = backend.read(moment, ReadStats()), None
        for frame in frames:
            if shown is not None and frame.pts > moment:
                break
            shown = frame
        frames.close()
        with suppress(CorruptFrame):
            if shown is not None:
                found[shown.pts] = Frame(shown.load(), shown.pts, None)
    return list(found.values())


def _measure(video: FrameSource) -> Fraction:
    """Seconds of all frames, by reading them."""
    stamps = [frame.pts for frame in video]
    mean = Fraction(stamps[-1] - stamps[0], max(len(stamps) - 1, 1))
    return len(stamps) * mean * video.info.time_base


def _image(frame: Frame) -> np.ndarray:
    return frame.image
