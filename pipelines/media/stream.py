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
from pipelines.media.timing import CorruptFrame, Timed, clip, resample, tile


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
class Facts:
    """What a backend's header says about the whole file; `zero` is the pts that counts as time 0."""

    kind: str
    time_base: Fraction
    rate: Fraction | None = None
    frames: int | None = None
    duration: Fraction | None = None
    has_audio: bool = False
    zero: int = 0


@dataclass
class Damage:
    """What went wrong in one pass: `corrupt` frames left out, `broken` when the file could not be read to its end."""

    corrupt: int = 0
    decoded: int = 0
    broken: bool = False
    finished: bool = False


class Backend(Protocol):
    """A file format: `facts`, and frames in display order from the last seekable point at or before `start`."""

    facts: Facts

    def read(self, start: int, damage: Damage) -> Generator[Timed]: ...


@dataclass(frozen=True)
class Selection:
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
    selection: Selection
    info: SourceInfo = field(init=False)
    damage: Damage = field(init=False, default_factory=Damage)
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
        return self.damage.corrupt

    @property
    def warnings(self) -> list[str]:
        """One-line remarks about the latest pass."""
        notes = []
        if self.damage.corrupt:
            notes.append(f"{self.path.name}: {self.damage.corrupt} corrupt frame(s) left out")
        if self.damage.broken:
            notes.append(f"{self.path.name}: damaged or cut short, only {self.damage.decoded} frame(s) could be read")
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
        frames: Iterator[Timed] = clipped
        try:
            if self._resampled:
                frames = resample(frames, time_base=self.backend.facts.time_base, fps=self.info.time_base**-1)
            frames = islice(frames, 0, None, self.selection.every)  # before they are loaded: skipped ones cost little
            for frame in islice(self._loaded(frames), self.selection.max_frames):
                yield frame if frame.image.shape[1::-1] == size else _scaled(frame, size)
        finally:
            clipped.close()

    @property
    def _resampled(self) -> bool:
        return self.selection.fps is not None and self.backend.facts.kind != "folder"

    def _clipped(self) -> Generator[Timed]:
        facts, selection = self.backend.facts, self.selection
        self.damage = damage = Damage()
        first = None if selection.start is None else facts.zero + selection.start / facts.time_base
        last = None if selection.end is None else facts.zero + selection.end / facts.time_base

        def end() -> int | None:
            whole = damage.finished and not damage.broken and facts.duration is not None
            return facts.zero + round(facts.duration / facts.time_base) if whole and facts.duration else None

        raw = self.backend.read(facts.zero if first is None else ceil(first), damage)
        try:
            yield from clip(tile(raw, end=end), first=first, last=last)
        finally:
            raw.close()

    def _loaded(self, frames: Iterator[Timed]) -> Iterator[Frame]:
        latest: tuple[Timed, np.ndarray] | None = None
        for frame in frames:
            try:
                same = latest is not None and latest[0].load is frame.load
                image = latest[1] if latest is not None and same else frame.load()
            except CorruptFrame:
                self.damage.corrupt += 1
                continue
            latest = (frame, image)
            yield Frame(image=image, pts=frame.pts, duration=frame.duration)

    def _describe(self, first: Frame) -> SourceInfo:
        facts, selection = self.backend.facts, self.selection
        duration = _selected_duration(facts, selection)
        rate = selection.fps if self._resampled and selection.fps else facts.rate
        whole = selection.start is None and selection.end is None and not self._resampled
        frames = facts.frames if whole else round(duration * rate) if duration and rate else None
        frames = frames and ceil(frames / selection.every)
        if frames is not None and selection.max_frames is not None:
            frames = min(frames, selection.max_frames)
            duration = min(duration, frames * selection.every / rate) if duration and rate else duration
        height, width = first.image.shape[:2]
        return SourceInfo(
            width=width,
            height=height,
            time_base=1 / rate if self._resampled and rate else facts.time_base,
            rate=rate,
            frames=frames,
            duration=duration,
            has_audio=facts.has_audio,
            kind=facts.kind,
            start=first.pts * facts.time_base,
        )

    def _nothing(self) -> str:
        if self.selection.start is None and self.selection.end is None:
            return f"{self.path}: no frame of it can be decoded; the file is damaged or holds no pictures"
        length = self.backend.facts.duration
        known = f", it is {float(length):.3g} s long" if length else ""
        return f"{self.path}: no frame between --start and --end{known}"


def _selected_duration(facts: Facts, selection: Selection) -> Fraction | None:
    if facts.duration is None:
        return None
    start = selection.start or Fraction(0)
    end = facts.duration if selection.end is None else min(selection.end, facts.duration)
    return max(end - start, Fraction(0))


def _scaled(frame: Frame, size: tuple[int, int]) -> Frame:
    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    return Frame(image=image, pts=frame.pts, duration=frame.duration)
