"""Pairs of pictures to compare: of two folders, matched by name, or of two videos, frame by frame.

Two paths go in; pairs of equal size come out, as often as needed. Called by `pipelines.evaluation.evaluate`.
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
OFFICIAL_NAME = re.compile(r".+_2_(.+)_vis")  # SOURCE_2_TARGET_vis: official format, section 9.7


@dataclass(frozen=True)
class Geometry:
    """What is done to every picture before it is compared."""

    resize: Size | None = None
    """Width and height in pixels that it is resized to."""
    crop: Size | None = None
    """Width and height in pixels of the middle that is cut out then."""

    def apply(self, picture: np.ndarray, name: str) -> np.ndarray:
        """uint8 RGB of any size -> [H, W, 3]. Raises InputError if the picture is smaller than the crop."""
        if self.resize and picture.shape[1::-1] != self.resize:
            picture = np.asarray(Image.fromarray(picture).resize(self.resize, Image.Resampling.BICUBIC))
        if not self.crop:
            return picture
        left, top = ((have - want) // 2 for have, want in zip(picture.shape[1::-1], self.crop, strict=True))
        if min(left, top) < 0:
            raise InputError(f"{name} is {_size(picture)}, smaller than --crop {self.crop[0]}x{self.crop[1]}")
        return picture[top : top + self.crop[1], left : left + self.crop[0]]

    def describe(self) -> dict[str, str]:
        """Resize method and crop as text."""
        resize = f"{self.resize[0]}x{self.resize[1]}, Pillow bicubic" if self.resize else "none"
        return {"resize": resize, "crop": f"middle {self.crop[0]}x{self.crop[1]}" if self.crop else "none"}


class Side(Protocol):
    """Pictures with names, to be read as often as needed."""

    @property
    def path(self) -> Path: ...
    @property
    def types(self) -> tuple[str, ...]:
        """File types, for the report: ("jpg", "png")."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was guessed or changed in the latest reading, one line each."""
        ...

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]: ...


@dataclass(frozen=True)
class FolderSide:
    """Pictures of a folder."""

    path: Path
    files: list[Path]
    """In the order they are read."""

    @classmethod
    def open(cls, path: Path) -> "FolderSide":
        """All pictures in natural order. Raises InputError if there are none."""
        return cls(path, PictureFolder(path, rate=None).files)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(sorted({file.suffix[1:].lower() for file in self.files}))

    @property
    def notes(self) -> list[str]:
        return []

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        for file in self.files:
            yield str(file), load_picture(file)


class VideoSide:
    """The frames of a video, GIF or single picture. Reading raises InputError if the file is damaged."""

    def __init__(self, path: Path) -> None:
        self.path, self.source = path, open_video(path)
        self.types = (path.suffix[1:].lower(),)

    @property
    def notes(self) -> list[str]:
        return self.source.warnings

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        with closing(iter(self.source)) as frames:
            for number, frame in enumerate(frames, 1):
                yield f"{self.path} frame {number}", frame.image
        if self.source.stats.incomplete or self.source.stats.corrupt:
            raise InputError(f"{self.path} is damaged or cut short: get an intact copy")


@dataclass(frozen=True)
class Comparison:
    """A generated and a reference side of equal length."""

    generated: Side
    reference: Side
    geometry: Geometry = field(default_factory=Geometry)

    @property
    def is_video(self) -> bool:
        """Whether the pictures follow each other in time."""
        return isinstance(self.generated, VideoSide)

    def pairs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generated and reference pictures [H, W, 3]. Raises InputError if sizes or lengths differ or a file is bad."""
        for index, (ours, theirs) in enumerate(zip_longest(self.generated, self.reference)):
            if ours is None or theirs is None:
                shorter, longer = (self.generated, self.reference) if ours is None else (self.reference, self.generated)
                raise InputError(f"{shorter.path} has {index} frames, {longer.path} has more: cut them to equal length")
            (name, first), (other, second) = ours, theirs
            first, second = self.geometry.apply(first, name), self.geometry.apply(second, other)
            if first.shape != second.shape:
                sizes = f"{name} is {_size(first)}, {other} is {_size(second)}"
                raise InputError(f"{sizes}: make their sizes equal, or pass --resize WIDTHxHEIGHT")
            yield first, second


def open_comparison(
    generated: Path, reference: Path, geometry: Geometry, *, official_names: bool = False
) -> Comparison:
    """Open both sides.

    Args:
        generated, reference: two folders of pictures, matched by name without suffix, or two videos.
        official_names: SOURCE_2_TARGET_vis in `generated` belongs to TARGET in `reference`, which may hold more.

    Raises:
        InputError: a folder and a file, an empty folder, a picture without a partner, or an unreadable video.
    """
    for path in (generated, reference):
        if not path.exists():
            raise InputError(f"{path} does not exist: check the name")
    if generated.is_dir() != reference.is_dir():
        raise InputError(f"{generated} and {reference} are a folder and a file: pass two folders or two videos")
    if not generated.is_dir():
        return Comparison(VideoSide(generated), VideoSide(reference), geometry)
    ours, theirs = FolderSide.open(generated), FolderSide.open(reference)
    return Comparison(ours, _match_names(ours, theirs, official_names), geometry)


def _match_names(generated: FolderSide, reference: FolderSide, official_names: bool) -> FolderSide:
    """The reference pictures in the order of the generated ones."""
    available = _index_by_stem(reference)
    wanted = [_target_name(stem, official_names) for stem in _index_by_stem(generated)]
    if missing := [stem for stem in wanted if stem not in available]:
        raise InputError(_describe_missing(missing, len(wanted), reference.path))
    if not official_names and (unused := available.keys() - set(wanted)):
        raise InputError(_describe_missing(sorted(unused), len(available), generated.path))
    return FolderSide(reference.path, [available[stem] for stem in wanted])


def _index_by_stem(folder: FolderSide) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in folder.files:
        if file.stem in found:
            raise InputError(f"{folder.path} has {found[file.stem].name} and {file.name}: keep one of each name")
        found[file.stem] = file
    return found


def _target_name(stem: str, official_names: bool) -> str:
    match = OFFICIAL_NAME.fullmatch(stem) if official_names else None
    return match[1] if match else stem


def _describe_missing(names: list[str], total: int, folder: Path) -> str:
    examples = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} of {total} names have no picture in {folder}: {examples}"


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
