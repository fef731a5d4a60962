"""What is behind a person: the picture's own background, a colour, another picture, a video, or nothing.

In: the number of an output frame, from 0. Out: uint8 RGB [H, W, 3] of the size of the output. Called by the processors,
which lay the person over it.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pipelines.compositing.layers import Layer
from pipelines.media.frames import NOMINAL_RATE
from pipelines.media.pictures import describe_changes, load_picture
from pipelines.media.sources import Frame, FrameSource, open_video

CUT_SHARE = 0.25  # of a file's picture: a note says so if more is cut off
Size = tuple[int, int]  # width and height in pixels


class Background(ABC):
    """One background for all frames of an output."""

    notes: Sequence[str] = ()
    """One-line notes for the user, complete after the last frame."""
    still: np.ndarray | None = None
    """What `frame` returns for every frame, if it is always the same picture and people keep their places."""

    @abstractmethod
    def frame(self, number: int) -> np.ndarray | None:
        """What is behind the person in an output frame, uint8 RGB [H, W, 3], not to be written to; None for nothing.

        Numbers rise from call to call.
        """

    def size(self, picture: Size) -> Size:
        """Width and height of the output of a source picture of this width and height."""
        return picture

    def place(self, layer: Layer, number: int, person: int = 0) -> Layer:
        """A person of an output frame, given in pixels of the source picture, in pixels of the output."""
        return layer

    def place_poses(self, poses: np.ndarray, person: int = 0) -> np.ndarray:
        """The poses [T, 17, 2] of a person in all output frames, likewise."""
        return poses


class PictureBackground(Background):
    """One picture [H, W, 3] behind all frames, for instance the source picture without the person."""

    def __init__(self, plate: np.ndarray) -> None:
        self.plate = self.still = plate

    def frame(self, number: int) -> np.ndarray:
        return self.plate


class ColourBackground(PictureBackground):
    """One colour, red, green and blue from 0 to 255."""

    def __init__(self, colour: tuple[int, int, int], size: Size) -> None:
        super().__init__(np.full((size[1], size[0], 3), colour, np.uint8))


class TransparentBackground(Background):
    """Nothing: frames have an alpha channel."""

    def frame(self, number: int) -> None:
        return None


class FileBackground(Background):
    """A picture, or the frames of a video at the times of the output; a video that is too short starts again.

    Args:
        path: the file.
        size: of the output; the file's picture covers it, centred.
        times: of the output's frames in seconds from the first one.

    Raises:
        InputError: the file can't be read.
    """

    def __init__(self, path: Path, size: Size, times: Sequence[Fraction]) -> None:
        self.times, self.output = times, size
        video = open_video(path)
        self.own_notes = _describe_cut(path, (video.info.width, video.info.height), size)
        is_still = video.info.kind == "picture"
        if is_still:
            self.own_notes += describe_changes(path)
        self.still = cover(load_picture(path), size) if is_still else None
        self.shown = None if is_still else _Loop(video)
        self.scaled: tuple[Frame, np.ndarray] | None = None  # the last one

    @property
    def notes(self) -> list[str]:
        if self.shown is None:
            return self.own_notes
        return [*self.own_notes, *self.shown.notes]

    def frame(self, number: int) -> np.ndarray:
        if self.shown is None:
            assert self.still is not None
            return self.still
        frame = self.shown.at(self.times[number])
        if self.scaled is None or self.scaled[0] is not frame:
            self.scaled = (frame, cover(frame.image, self.output))
        return self.scaled[1]


class _Loop:
    """The frames of a video by time, over and over again; one frame is in memory."""

    def __init__(self, video: FrameSource) -> None:
        self.video = video
        self.finished: list[str] | None = None  # notes about a complete pass
        self.frames: Generator[Frame] = iter(video)
        self.begin = self.end = Fraction(0)  # of the pass, and of the current frame
        self.current = self._read()

    def at(self, time: Fraction) -> Frame:
        """The frame that is shown at a time in seconds, which must not fall."""
        while time >= self.end:
            self.current = self._read()
        return self.current

    def _read(self) -> Frame:
        frame = next(self.frames, None)
        if frame is None:
            length = f"{float(self.end - self.begin):.3g} s"
            loop = f"{self.video.path.name} lasts {length}: it starts again where the output goes on"
            self.finished = [loop, *self.video.warnings]
            self.begin, self.frames = self.end, iter(self.video)
            frame = next(self.frames)
        info = self.video.info
        duration = frame.duration * info.time_base if frame.duration else 1 / (info.rate or NOMINAL_RATE)
        self.end = self.begin + frame.pts * info.time_base - info.start + duration
        return frame

    @property
    def notes(self) -> list[str]:
        """One-line notes about what was read."""
        return self.video.warnings if self.finished is None else self.finished


def cover(image: np.ndarray, size: Size) -> np.ndarray:
    """An image [h, w, 3] scaled to cover `size`, and its middle cut out -> [H, W, 3]."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = max(size[0] / width, size[1] / height)
    inner = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    scaled = cv2.resize(image, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (inner[0] - size[0]) // 2, (inner[1] - size[1]) // 2
    return np.ascontiguousarray(scaled[top : top + size[1], left : left + size[0]])


def _describe_cut(path: Path, own: Size, size: Size) -> list[str]:
    """A note if much of a picture of the size `own` is cut off to cover `size`."""
    ratios = own[0] / own[1], size[0] / size[1]
    cut = 1 - min(ratios) / max(ratios)
    shape = f"{size[0]}x{size[1]}"
    return [f"{path.name}: {cut:.0%} of it is cut off to cover the {shape} output"] if cut > CUT_SHARE else []
