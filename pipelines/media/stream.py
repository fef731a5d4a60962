"""A driving input as a stream of frames with time stamps, which can be read several times.

In: a backend that decodes a file, and the part to read. Out: frames uint8 RGB [H, W, 3]. Made by
`pipelines.media.sources.open_video`. pts and durations are integers in units of a time base, a `Fraction` of seconds.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Self
from weakref import WeakSet

import cv2
import numpy as np

from models.errors import InputError
from pipelines.media.frames import NOMINAL_RATE, Backend, FileInfo, Frame, FrameSelection, ReadStats, SourceInfo
from pipelines.media.timing import CorruptFrame, TimedFrame, fill_durations, resample, trim


@dataclass(eq=False)
class FrameSource:
    """The frames of a driving input.

    Iterate over it as often as needed: each pass opens the file again and holds two frames at most. Frames of another
    size than the first one are fitted into its size. `with` closes the files of all passes.

    Raises:
        InputError: no frame of the selected part can be decoded.
    """

    path: Path
    """The file or folder."""

    backend: Backend
    """Decodes it."""

    selection: FrameSelection
    """The part to read."""

    info: SourceInfo = field(init=False)
    """What is known before the frames are read."""

    stats: ReadStats = field(init=False, default_factory=ReadStats)
    """What happened in the latest pass."""

    _passes: WeakSet = field(init=False, default_factory=WeakSet)

    def __post_init__(self):
        frames = self._read_selection()
        try:
            first = next(self._load(frames), None)
        finally:
            frames.close()
        if first is None:
            raise InputError(self._explain_no_frame())
        self.info = self._describe(first)

    @property
    def corrupt(self) -> int:
        """Frames that were skipped in the latest pass because they could not be decoded."""
        return self.stats.corrupt

    @property
    def warnings(self) -> list[str]:
        """One-line notes for the user about the latest pass."""
        info, name = self.backend.file_info, self.path.name
        return [f"{name} {note}" for note in info.notes] + [
            f"{name}: {note}" for note in self.stats.describe(info.rate or NOMINAL_RATE)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_):
        for generator in list(self._passes):
            generator.close()

    def __iter__(self) -> Generator[Frame]:
        generator = self._frames()
        self._passes.add(generator)
        return generator

    def _frames(self) -> Generator[Frame]:
        size = (self.info.width, self.info.height)
        selected = self._read_selection()
        frames: Iterator[TimedFrame] = selected
        try:
            if self._is_resampled:
                frames = resample(frames, time_base=self.backend.file_info.time_base, fps=self.info.time_base**-1)
            frames = islice(frames, 0, None, self.selection.every)  # before loading, so that skipped frames cost little
            for frame in islice(self._load(frames), self.selection.max_frames):
                if frame.image.shape[1::-1] != size:
                    frame = replace(frame, image=_fit(frame.image, size))
                    self.stats.resized += 1
                yield frame
        finally:
            selected.close()

    def time_of(self, pts: int) -> Fraction:
        """When a frame is shown, in seconds from the first frame of the file."""
        file_info = self.backend.file_info
        zero = self.info.start if self._is_resampled else Fraction(0)
        return zero + pts * self.info.time_base - file_info.start_pts * file_info.time_base

    @property
    def _is_resampled(self) -> bool:
        return self.selection.fps is not None and self.backend.file_info.timed

    def _read_selection(self) -> Generator[TimedFrame]:
        file_info, selection = self.backend.file_info, self.selection
        self.stats = stats = ReadStats()
        first = None if selection.start is None else file_info.start_pts + selection.start / file_info.time_base
        last = None if selection.end is None else file_info.start_pts + selection.end / file_info.time_base

        def end() -> int | None:
            unchanged = not (stats.incomplete or stats.restarts or stats.retimed)
            if not (stats.finished and unchanged) or not file_info.duration:
                return None
            return file_info.start_pts + round(file_info.duration / file_info.time_base)

        frames = self.backend.read(file_info.start_pts if first is None else ceil(first), stats)
        try:
            yield from trim(fill_durations(frames, end=end), first=first, last=last)
        finally:
            frames.close()

    def _load(self, frames: Iterator[TimedFrame]) -> Iterator[Frame]:
        """Convert the pixels; corrupt frames are skipped, and a repeated frame is converted once."""
        latest: tuple[TimedFrame, np.ndarray] | None = None
        for frame in frames:
            try:
                same = latest is not None and latest[0].load is frame.load
                image = latest[1] if latest is not None and same else frame.load()
            except CorruptFrame:
                self.stats.corrupt += 1
                continue
            latest = (frame, image)
            yield Frame(image=image, pts=frame.pts, duration=frame.duration)

    def _describe(self, first: Frame) -> SourceInfo:
        file_info, selection = self.backend.file_info, self.selection
        duration = _clip_duration(file_info, selection)
        rate = selection.fps if self._is_resampled and selection.fps else file_info.rate
        complete = selection.start is None and selection.end is None and not self._is_resampled
        frames = file_info.frames if complete else round(duration * rate) if duration and rate else None
        frames = frames and ceil(frames / selection.every)
        if frames is not None and selection.max_frames is not None:
            frames = min(frames, selection.max_frames)
            duration = min(duration, frames * selection.every / rate) if duration and rate else duration
        height, width = first.image.shape[:2]
        return SourceInfo(
            width=width,
            height=height,
            time_base=1 / rate if self._is_resampled and rate else file_info.time_base,
            rate=rate,
            frames=frames,
            duration=duration,
            has_audio=file_info.has_audio,
            kind=file_info.kind,
            start=first.pts * file_info.time_base,
        )

    def _explain_no_frame(self) -> str:
        if self.selection.start is None and self.selection.end is None:
            return f"{self.path}: no frame can be decoded: the file is damaged or contains no pictures"
        length = self.backend.file_info.duration
        note = f"; it is {float(length):.3g} s long" if length else ""
        return f"{self.path}: no frame between --start and --end{note}"


def _clip_duration(file_info: FileInfo, selection: FrameSelection) -> Fraction | None:
    """Duration of the selected part in seconds; None if the file's is unknown."""
    if file_info.duration is None:
        return None
    start = selection.start or Fraction(0)
    end = file_info.duration if selection.end is None else min(selection.end, file_info.duration)
    return max(end - start, Fraction(0))


def _fit(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale an image [h, w, 3] to fit into `size` (width, height) -> [H, W, 3], centred between black borders."""
    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    result = np.zeros((size[1], size[0], 3), np.uint8)
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    result[top : top + inner[1], left : left + inner[0]] = scaled
    return result
