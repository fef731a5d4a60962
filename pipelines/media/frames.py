"""What a stream of frames is described by: a frame, its source, the file behind it, the part to read, what went wrong.

Made and read by `pipelines.media.stream` and its backends `reader` and `folders`. pts and durations are integers in
units of a time base, a `Fraction` of seconds.
"""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from models.errors import InputError
from pipelines.media.timing import TimedFrame

NOMINAL_RATE = Fraction(25)  # frames per second, of what states no rate: folders, pictures, raw streams


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    image: np.ndarray
    """uint8 RGB [H, W, 3]."""

    pts: int
    """When it is shown, in units of `SourceInfo.time_base`."""

    duration: int | None
    """For how long, in the same units; None if unknown."""


@dataclass(frozen=True)
class SourceInfo:
    """What is known about a `FrameSource` before its frames are read."""

    width: int
    """W, as shown: after rotation and pixel aspect."""

    height: int
    """H, as shown."""

    time_base: Fraction
    """Unit of the frames' pts and durations, in seconds."""

    rate: Fraction | None
    """Nominal frames per second; None if unknown."""

    frames: int | None
    """Estimated number of frames in the selected part; None if unknown."""

    duration: Fraction | None
    """Estimated duration of the selected part in seconds; None if unknown."""

    has_audio: bool
    """Whether the file has sound."""

    kind: str
    """"video", "animation" (GIF, WebP, PNG), "picture" or "folder"."""

    start: Fraction
    """Time of the first frame in seconds on the file's own clock, which the sound of the file shares."""


@dataclass(frozen=True)
class FileInfo:
    """What the header says about the complete file."""

    kind: str
    """See `SourceInfo.kind`."""

    time_base: Fraction
    """Unit of pts and durations, in seconds."""

    rate: Fraction | None = None
    """Nominal frames per second; None if unknown."""

    frames: int | None = None
    """Number of frames; None if unknown."""

    duration: Fraction | None = None
    """In seconds; None if unknown."""

    has_audio: bool = False
    """Whether the file has sound."""

    start_pts: int = 0
    """The pts that counts as time 0."""

    timed: bool = True
    """Whether it says when its frames are shown; otherwise --fps is the rate at which they are shown."""

    notes: tuple[str, ...] = ()
    """What was assumed about it, for the user: sentences that begin with the file."""


@dataclass
class ReadStats:
    """What happened while the frames of a file were read."""

    corrupt: int = 0
    """Frames and packets that could not be decoded and were skipped."""

    decoded: int = 0
    """Frames that were decoded."""

    incomplete: bool = False
    """Whether parts of the file could not be read: it is damaged or cut short."""

    restarts: int = 0
    """How often the time stamps started again, so that the rest was moved to follow what came before."""

    retimed: int = 0
    """Frames without a usable time stamp, which got one from their decoding time or from the nominal rate."""

    recordings: int = 1
    """Files that the file was joined of, where its format says so; known at its end."""

    finished: bool = False
    """Whether the backend has reached the end of the file."""

    def describe(self, rate: Fraction) -> list[str]:
        """What was left out, guessed or changed, one line each; `rate` is the nominal one in frames per second."""
        notes = []
        if self.restarts:
            notes.append(
                f"its time starts again {self.restarts} time(s), as in files that were joined by appending: "
                "the parts are shown one after the other"
            )
        if self.recordings > self.restarts + 1:
            notes.append(
                f"it is {self.recordings} files that were joined by appending, of which {self.restarts + 1} can be "
                "read: use them one by one, or convert them to .ts before they are joined"
            )
        if self.retimed:
            notes.append(
                f"{self.retimed} frame(s) have no usable time stamp: they are shown in the order of decoding, at "
                f"{float(rate):.5g} frames per second"
            )
        if self.corrupt:
            notes.append(f"skipped {self.corrupt} corrupt frame(s)")
        if self.incomplete:
            notes.append(f"damaged or cut short, only {self.decoded} frame(s) could be read")
        return notes


class Backend(Protocol):
    """Decodes one kind of file."""

    file_info: FileInfo

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """Frames in display order, from pts `start` or from some frames before it; updates `stats`."""
        ...


@dataclass(frozen=True)
class FrameSelection:
    """The part of a file to read.

    Raises:
        InputError: a value is out of range.
    """

    start: Fraction | None = None
    """First time in seconds from the first frame; None for the beginning."""

    end: Fraction | None = None
    """Time in seconds from the first frame at which reading stops; None for the end of the file."""

    max_frames: int | None = None
    """Largest number of frames; None for all."""

    fps: Fraction | None = None
    """Constant rate in frames per second to resample to; None keeps the time stamps."""

    every: int = 1
    """Read every n-th frame only."""

    def __post_init__(self):
        if self.start is not None and self.start < 0:
            raise InputError(f"start {float(self.start):g} s is negative: use 0 or more")
        if self.end is not None and self.end <= (self.start or 0):
            raise InputError(f"end {float(self.end):g} s is not after start {float(self.start or 0):g} s")
        if self.max_frames is not None and self.max_frames < 1:
            raise InputError(f"max-frames {self.max_frames} is too small: use 1 or more")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise InputError(f"fps {float(self.fps):g} is out of range: use a rate above 0 and up to 1000")
