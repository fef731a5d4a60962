"""Pictures as frames: a folder in natural order, or a file that Pillow opens (GIF, animated WebP and PNG, pictures).

The backends of `pipelines.media.stream.FrameSource` for everything but videos.
"""

from collections.abc import Generator
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.media.frames import NOMINAL_RATE, FileInfo, ReadStats
from pipelines.media.ordering import natural_key
from pipelines.media.pictures import PICTURE_ERRORS, is_heif, load_picture, open_picture, picture_to_rgb
from pipelines.media.suffixes import MOTION_JPEG_SUFFIXES, PICTURE_SUFFIXES
from pipelines.media.timing import CorruptFrame, TimedFrame

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")  # Pillow's names of formats that may be animated
DEFAULT_DELAY = 100  # milliseconds that browsers show a frame whose delay is SHORTEST_DELAY or less
SHORTEST_DELAY = 10
GIF_END = b";"


class PictureFolder:
    """The pictures of a folder, not of its subfolders; each lasts one unit of the time base.

    Args:
        folder: the folder.
        rate: frames per second, NOMINAL_RATE by default.

    Raises:
        InputError: there are no pictures.
    """

    def __init__(self, folder: Path, *, rate: Fraction | None):
        found = (item for item in folder.iterdir() if item.suffix.lower() in PICTURE_SUFFIXES)
        self.files = sorted((item for item in found if item.name[0] != "." and item.is_file()), key=natural_key)
        if not self.files:
            raise InputError(f"{folder} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))})")
        rate = rate or NOMINAL_RATE
        self.file_info = FileInfo(
            kind="folder",
            time_base=1 / rate,
            rate=rate,
            frames=len(self.files),
            duration=len(self.files) / rate,
            timed=False,
        )

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """See `Backend.read`."""
        for number in range(start, len(self.files)):
            stats.decoded += 1
            yield TimedFrame(pts=number, duration=1, load=partial(_load, self.files[number]))
        stats.finished = True


class AnimatedPicture:
    """A GIF, animated WebP or PNG, or a picture as one frame of 1/25 s; transparency on white.

    Raises:
        InputError: the file is not a readable picture.
    """

    def __init__(self, path: Path):
        self.path = path
        self.incomplete = False
        self.delays: list[int] = []
        with open_picture(path) as picture:
            if picture.format in ANIMATED:
                self._read_delays(picture)
            ends = picture.format != "GIF" or _ends_with(path, GIF_END)
        self.file_info = self._describe_animation(ends) if len(self.delays) > 1 else _describe_picture()

    @classmethod
    def open(cls, path: Path) -> "AnimatedPicture | None":
        """The picture at `path`; None if it is another kind of file.

        Raises:
            InputError: it is named like a picture but can't be read.
        """
        if path.suffix.lower() in MOTION_JPEG_SUFFIXES:
            return None
        try:
            return cls(path)
        except InputError:
            if path.suffix.lower() in PICTURE_SUFFIXES or is_heif(path):
                raise
            return None

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """See `Backend.read`; always reads from the beginning."""
        if len(self.delays) < 2:
            stats.decoded, stats.incomplete, stats.finished = 1, self.incomplete, True
            yield TimedFrame(pts=0, duration=1, load=partial(_load, self.path))
            return
        pts = 0
        with open_picture(self.path) as picture:
            for number, delay in enumerate(self._delays_as_shown()):
                picture.seek(number)
                picture.load()
                stats.decoded += 1
                yield TimedFrame(pts=pts, duration=delay, load=partial(picture_to_rgb, picture.copy()))
                pts += delay
        stats.incomplete, stats.finished = self.incomplete, True

    def _read_delays(self, picture: Image.Image) -> None:
        try:
            for number in count():
                picture.seek(number)
                picture.load()
                self.delays.append(round(picture.info.get("duration") or 0))
        except EOFError:  # how Pillow reports the end
            return
        except PICTURE_ERRORS:
            self.incomplete = True

    def _delays_as_shown(self) -> list[int]:
        """Milliseconds that each frame is shown."""
        return [delay if delay > SHORTEST_DELAY else DEFAULT_DELAY for delay in self.delays]

    def _describe_animation(self, ends: bool) -> FileInfo:
        frames, total = len(self.delays), Fraction(sum(self._delays_as_shown()), 1000)
        short = sum(delay <= SHORTEST_DELAY for delay in self.delays)
        notes = []
        if short:
            notes.append(
                f"asks for {SHORTEST_DELAY} ms or less for {short} of {frames} frames: they are shown for "
                f"{DEFAULT_DELAY} ms, as browsers do"
            )
        if not ends:
            notes.append(f"has no end mark: if it has more than {frames} frames, it was cut short")
        return FileInfo(
            kind="animation",
            time_base=Fraction(1, 1000),
            rate=frames / total,
            frames=frames,
            duration=total,
            notes=tuple(notes),
        )


def _ends_with(path: Path, mark: bytes) -> bool:
    """Whether a file ends with a mark, apart from zeros."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64))
        return file.read().rstrip(b"\0").endswith(mark)


def _describe_picture() -> FileInfo:
    return FileInfo(kind="picture", time_base=1 / NOMINAL_RATE, rate=NOMINAL_RATE, frames=1, duration=1 / NOMINAL_RATE)


def _load(path: Path) -> np.ndarray:
    try:
        return load_picture(path)
    except InputError as error:
        raise CorruptFrame(str(error)) from error
