"""A driving input as a stream of timed RGB frames: what is chosen of it, and what was wrong with it."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from typing import Protocol, Self
from weakref import WeakSet

import cv2
import numpy as np

from models.errors import InputError
from pipelines.media.timing import CorruptFrame, TimedFrame, fill_durations, resample, trim


@dataclass(frozen=True)
class Frame:
    """One decoded frame: image uint8 RGB [H,W,3]; pts and duration in units of the source's time base."""

    image: np.ndarray
    pts: int
    duration: int | None


@dataclass(frozen=True)
class SourceInfo:
    """What is known before reading: size as shown (rotation and pixel aspect applied), clock, and estimates.

    time_base: seconds per pts unit of the frames given out. rate: nominal frames per second, None if unknown.
    frames, duration (s): estimates for the chosen range. start: time of the first frame on the file's own clock (s),
    which is where the sound of the same file begins. kind: video | animation | picture | folder.
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction | None
    frames: int | None
    duration: Fraction | None
    has_audio: bool
    kind: str
    start: Fraction


@dataclass(frozen=True)
class FileInfo:
    """What a backend's header says about the whole file; `start_pts` is the pts that counts as time 0."""

    kind: str
    time_base: Fraction
    rate: Fraction | None = None
    frames: int | None = None
    duration: Fraction | None = None
    has_audio: bool = False
    start_pts: int = 0


@dataclass
class ReadStats:
    """What one pass met: `corrupt` frames left out; `incomplete` if the file could not be read to its end."""

    corrupt: int = 0
    decoded: int = 0
    incomplete: bool = False
    finished: bool = False


class Backend(Protocol):
    """A file format: `file_info`, and frames in display order from the last seekable point at or before `start`."""

    file_info: FileInfo

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]: ...


@dataclass(frozen=True)
class FrameSelection:
    """Which part to read: start <= time < end (s), resampled to fps (Hz) if given, each `every`-th frame, at most
    max_frames."""

    start: Fraction | None = None
    end: Fraction | None = None
    max_frames: int | None = None
    fps: Fraction | None = None
    every: int = 1

    def __post_init__(self):
        if self.start is not None and self.start < 0:
            raise InputError(f"start {float(self.start):g} s is negative: give a time from 0 on")
        if self.end is not None and self.end <= (self.start or 0):
            raise InputError(f"end {float(self.end):g} s is not after start {float(self.start or 0):g} s")
        if self.max_frames is not None and self.max_frames < 1:
            raise InputError(f"max-frames {self.max_frames} is too small: give 1 or more")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise InputError(f"fps {float(self.fps):g} is out of range: give more than 0 and at most 1000")


@dataclass(eq=False)
class FrameSource:
    """A driving input. Iterate it as often as needed: each pass re-opens the file and keeps two frames at most.

    `corrupt` and `warnings` describe the latest pass. Frames that change size midway are scaled to the first one's.
    Raises InputError on construction if no frame of the selection can be decoded.
    """

    path: Path
    backend: Backend
    selection: FrameSelection
    info: SourceInfo = field(init=False)
    stats: ReadStats = field(init=False, default_factory=ReadStats)
    _passes: WeakSet = field(init=False, default_factory=WeakSet)

    def __post_init__(self):
        frames = self._clipped()
        try:
            first = next(self._loaded(frames), None)
        finally:
            frames.close()
        if first is None:
            raise InputError(self._nothing())
        self.info = self._describe(first)

    @property
    def corrupt(self) -> int:
        return self.stats.corrupt

    @property
    def warnings(self) -> list[str]:
        """One-line remarks about the latest pass."""
        notes = []
        if self.stats.corrupt:
            notes.append(f"{self.path.name}: {self.stats.corrupt} corrupt frame(s) left out")
        if self.stats.incomplete:
            notes.append(f"{self.path.name}: damaged or cut short, only {self.stats.decoded} frame(s) could be read")
        return notes

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
        clipped = self._clipped()
        frames: Iterator[TimedFrame] = clipped
        try:
            if self._resampled:
                frames = resample(frames, time_base=self.backend.file_info.time_base, fps=self.info.time_base**-1)
            frames = islice(frames, 0, None, self.selection.every)  # before they are loaded: skipped ones cost little
            for frame in islice(self._loaded(frames), self.selection.max_frames):
                yield frame if frame.image.shape[1::-1] == size else _scaled(frame, size)
        finally:
            clipped.close()

    @property
    def _resampled(self) -> bool:
        return self.selection.fps is not None and self.backend.file_info.kind != "folder"

    def _clipped(self) -> Generator[TimedFrame]:
        file_info, selection = self.backend.file_info, self.selection
        self.stats = stats = ReadStats()
        first = None if selection.start is None else file_info.start_pts + selection.start / file_info.time_base
        last = None if selection.end is None else file_info.start_pts + selection.end / file_info.time_base

        def end() -> int | None:
            whole = stats.finished and not stats.incomplete
            if not whole or not file_info.duration:
                return None
            return file_info.start_pts + round(file_info.duration / file_info.time_base)

        raw = self.backend.read(file_info.start_pts if first is None else ceil(first), stats)
        try:
            yield from trim(fill_durations(raw, end=end), first=first, last=last)
        finally:
            raw.close()

    def _loaded(self, frames: Iterator[TimedFrame]) -> Iterator[Frame]:
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
        duration = _selected_duration(file_info, selection)
        rate = selection.fps if self._resampled and selection.fps else file_info.rate
        whole = selection.start is None and selection.end is None and not self._resampled
        frames = file_info.frames if whole else round(duration * rate) if duration and rate else None
        frames = frames and ceil(frames / selection.every)
        if frames is not None and selection.max_frames is not None:
            frames = min(frames, selection.max_frames)
            duration = min(duration, frames * selection.every / rate) if duration and rate else duration
        height, width = first.image.shape[:2]
        return SourceInfo(
            width=width,
            height=height,
            time_base=1 / rate if self._resampled and rate else file_info.time_base,
            rate=rate,
            frames=frames,
            duration=duration,
            has_audio=file_info.has_audio,
            kind=file_info.kind,
            start=first.pts * file_info.time_base,
        )

    def _nothing(self) -> str:
        if self.selection.start is None and self.selection.end is None:
            return f"{self.path}: no frame of it can be decoded; the file is damaged or holds no pictures"
        length = self.backend.file_info.duration
        known = f", it is {float(length):.3g} s long" if length else ""
        return f"{self.path}: no frame between --start and --end{known}"


def _selected_duration(file_info: FileInfo, selection: FrameSelection) -> Fraction | None:
    if file_info.duration is None:
        return None
    start = selection.start or Fraction(0)
    end = file_info.duration if selection.end is None else min(selection.end, file_info.duration)
    return max(end - start, Fraction(0))


def _scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    return Frame(image=image, pts=frame.pts, duration=frame.duration)
