"""Two sides of a comparison, picture by picture: folders matched by name, or videos frame by frame.

H, W: size of the pictures after resizing and cropping. Pictures are uint8 RGB [H, W, 3].
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.media.folders import PictureFolder
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video

Size = tuple[int, int]
OFFICIAL_NAME = re.compile(r".+_2_(.+)_vis")  # SOURCE_2_TARGET_vis: section 9.7 of the official format


@dataclass(frozen=True)
class Geometry:
    """What is done to every picture before it is compared: resized to (width, height), then its middle cut out."""

    resize: Size | None = None
    crop: Size | None = None

    def __call__(self, picture: np.ndarray, name: str) -> np.ndarray:
        """uint8 RGB of any size -> [H, W, 3]. Raises InputError if the picture is smaller than the crop."""
        if self.resize and picture.shape[1::-1] != self.resize:
            picture = np.asarray(Image.fromarray(picture).resize(self.resize, Image.Resampling.BICUBIC))
        if not self.crop:
            return picture
        left, top = ((have - want) // 2 for have, want in zip(picture.shape[1::-1], self.crop, strict=True))
        if min(left, top) < 0:
            raise InputError(f"{name} is {_size(picture)}, smaller than --crop {self.crop[0]}x{self.crop[1]}")
        return picture[top : top + self.crop[1], left : left + self.crop[0]]

    def words(self) -> dict[str, str]:
        """Resize method and crop as text."""
        resize = f"{self.resize[0]}x{self.resize[1]}, Pillow bicubic" if self.resize else "none"
        return {"resize": resize, "crop": f"middle {self.crop[0]}x{self.crop[1]}" if self.crop else "none"}


class Side(Protocol):
    """Pictures with names, to be read as often as needed. `types`: the file types, for the report."""

    @property
    def path(self) -> Path: ...
    @property
    def types(self) -> tuple[str, ...]: ...
    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]: ...


@dataclass(frozen=True)
class Folder:
    """The pictures of a folder in natural order. Raises InputError if there are none."""

    path: Path
    files: list[Path]

    @classmethod
    def open(cls, path: Path) -> "Folder":
        return cls(path, PictureFolder(path, rate=None).files)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(sorted({file.suffix[1:].lower() for file in self.files}))

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        for file in self.files:
            yield str(file), load_picture(file)


class Video:
    """The frames of a video, GIF or single picture. Raises InputError while reading if the file breaks off."""

    def __init__(self, path: Path) -> None:
        self.path, self.source = path, open_video(path)
        self.types = (path.suffix[1:].lower(),)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        with closing(iter(self.source)) as frames:
            for number, frame in enumerate(frames, 1):
                yield f"{self.path} frame {number}", frame.image
        if self.source.stats.incomplete or self.source.stats.corrupt:
            raise InputError(f"{self.path} is damaged or cut short: get a whole copy")


@dataclass(frozen=True)
class Comparison:
    """Generated and reference side of equal length; pictures come out of `pairs` with equal sizes."""

    generated: Side
    reference: Side
    geometry: Geometry = field(default_factory=Geometry)

    @property
    def is_video(self) -> bool:
        """Whether the pictures follow each other in time."""
        return isinstance(self.generated, Video)

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generated and reference picture. Raises InputError for unequal sizes or lengths, or unreadable files."""
        for index, (ours, theirs) in enumerate(zip_longest(self.generated, self.reference)):
            if ours is None or theirs is None:
                shorter, longer = (self.generated, self.reference) if ours is None else (self.reference, self.generated)
                raise InputError(f"{shorter.path} has {index} frames, {longer.path} has more: cut them to equal length")
            (name, first), (other, second) = ours, theirs
            first, second = self.geometry(first, name), self.geometry(second, other)
            if first.shape != second.shape:
                sizes = f"{name} is {_size(first)}, {other} is {_size(second)}"
                raise InputError(f"{sizes}: write both in one size, or give --resize WIDTHxHEIGHT")
            yield first, second


def compare(generated: Path, reference: Path, geometry: Geometry, *, official_names: bool = False) -> Comparison:
    """Open both sides.

    Args:
        generated, reference: two folders of pictures, matched by name without suffix, or two videos.
        official_names: SOURCE_2_TARGET_vis in `generated` belongs to TARGET in `reference`, which may hold more.

    Raises:
        InputError: a folder with a file, an empty folder, a picture without its partner, an unreadable video.
    """
    for path in (generated, reference):
        if not path.exists():
            raise InputError(f"{path} does not exist: check the name")
    if generated.is_dir() != reference.is_dir():
        raise InputError(f"{generated} and {reference} are a folder and a file: give two folders or two videos")
    if not generated.is_dir():
        return Comparison(Video(generated), Video(reference), geometry)
    ours, theirs = Folder.open(generated), Folder.open(reference)
    return Comparison(ours, _matched(ours, theirs, official_names), geometry)


def _matched(generated: Folder, reference: Folder, official_names: bool) -> Folder:
    """The reference pictures in the order of the generated ones."""
    known = _by_stem(reference)
    wanted = [_target(stem, official_names) for stem in _by_stem(generated)]
    if missing := [stem for stem in wanted if stem not in known]:
        raise InputError(
            f"{len(missing)} of {len(wanted)} names have no picture in {reference.path}: {_first(missing)}"
        )
    if not official_names and (left := known.keys() - set(wanted)):
        raise InputError(
            f"{len(left)} of {len(known)} names have no picture in {generated.path}: {_first(sorted(left))}"
        )
    return Folder(reference.path, [known[stem] for stem in wanted])


def _by_stem(folder: Folder) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in folder.files:
        if file.stem in found:
            raise InputError(f"{folder.path} holds {found[file.stem].name} and {file.name}: keep one of each name")
        found[file.stem] = file
    return found


def _target(stem: str, official_names: bool) -> str:
    match = OFFICIAL_NAME.fullmatch(stem) if official_names else None
    return match[1] if match else stem


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
