"""Numbered PNG files as an output, in a folder of their own or under a pattern such as out/%05d.png.

Called by `pipelines.media.writer` and `pipelines.media.stills`; `sequence_files` finds the files of such an output.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.media.files import flush_folder, flush_to_disk, refuse_input, resolve_output, temporary_name
from pipelines.media.ordering import natural_key
from pipelines.media.suffixes import PICTURE_SUFFIXES

FOLDER_PATTERN = "%05d.png"
NUMBER = r"%0?\d*d"
NUMBERED = re.compile(rf"[^%]*{NUMBER}[^%]*")
COMPRESSION = 3  # of PNG, 0..9


class PictureSequence:
    """An encoder that writes numbered PNG files into a temporary folder and moves them to `path` when it finishes.

    Args:
        path: a folder, which must be absent or empty or, with `overwrite`, may contain an earlier sequence and nothing
            else; or a pattern such as out/%05d.png. Numbers start at 0.
        temporary: an empty folder on the same file system.
        pattern: whether `path` is a pattern.
        overwrite: replace an earlier sequence.
        count: pictures that are in `temporary` from an earlier run.
        metadata: further arguments of `Image.save`.
        finished: is told all files in `temporary`, by name, before they are moved.

    Raises:
        InputError: inputs or other files are in the way, or the pattern has no number.
    """

    def __init__(
        self,
        path: Path,
        temporary: Path,
        *,
        pattern: bool,
        overwrite: bool,
        count: int = 0,
        metadata: dict[str, Any] | None = None,
        finished: Callable[[dict[str, Path]], None] | None = None,
    ):
        self.metadata, self.finished = metadata or {}, finished
        self.notes: list[str] = []
        self.path, self.temporary, self.is_pattern = resolve_output(path), temporary, pattern
        self.pattern = path.name if pattern else FOLDER_PATTERN
        check_sequence(path, pattern=pattern, overwrite=overwrite)
        self.count = self.flushed = count

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Write the next image uint8 [H, W, 3 or 4]; pts and duration have no effect."""
        target = self.temporary / (self.pattern % self.count)
        Image.fromarray(image).save(target, compress_level=COMPRESSION, **self.metadata)
        self.count += 1

    def end_segment(self) -> Callable[[], None]:
        """What has all pictures so far on the disk when it returns."""
        names, self.flushed = [self.pattern % number for number in range(self.flushed, self.count)], self.count
        return partial(self._flush, names)

    def _flush(self, names: list[str]) -> None:
        for name in names:
            with (self.temporary / name).open("r+b") as file:
                flush_to_disk(file.fileno())
        flush_folder(self.temporary)

    def finish(self) -> None:
        """Move all files into place; an earlier sequence is removed."""
        if self.finished:
            self.finished({item.name: item for item in self.temporary.iterdir()})
        if not self.is_pattern:
            self._replace_folder()
            return
        for item in _matching_files(self.path.parent, self.pattern):
            item.unlink()
        for item in sorted(self.temporary.iterdir()):
            os.replace(item, self.path.parent / item.name)

    def abort(self) -> None:
        """Do nothing: the caller removes the temporary folder."""

    def _replace_folder(self) -> None:
        if not _matching_files(self.path, self.pattern):
            if self.path.is_dir():  # empty; Windows does not rename onto it
                self.path.rmdir()
            os.replace(self.temporary, self.path)
            return
        aside = temporary_name(self.path)
        os.replace(self.path, aside)
        os.replace(self.temporary, self.path)
        shutil.rmtree(aside, ignore_errors=True)


def check_sequence(path: Path, *, pattern: bool, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """Check that a sequence can be written to a folder, or under a pattern; see `PictureSequence`.

    Raises:
        InputError: other files are in the way, or the pattern has no number.
    """
    name = path.name if pattern else FOLDER_PATTERN
    if not NUMBERED.fullmatch(name):
        raise InputError(f"output {path}: write the number of the picture as %05d, once")
    earlier = _matching_files(path.parent if pattern else path, name)
    if earlier and not overwrite:
        raise InputError(f"{path} already exists: choose another name with -o, or use --overwrite")
    for item in earlier if pattern else ():
        refuse_input(item, inputs)
    if not pattern and path.is_dir() and len(list(path.iterdir())) > len(earlier):
        raise InputError(f"folder {path} contains other files: choose a new or empty folder with -o")


def sequence_files(path: Path) -> list[Path]:
    """The pictures of a folder or of a pattern such as frames/%05d.png, in natural order; none for any other path."""
    if path.is_dir():
        found = [item for item in path.iterdir() if item.suffix.lower() in PICTURE_SUFFIXES]
    else:
        found = _matching_files(path.parent, path.name) if NUMBERED.fullmatch(path.name) else []
    return sorted(found, key=natural_key)


def _matching_files(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder whose names match a pattern such as %05d.png; none if there is no folder."""
    before, after = re.split(NUMBER, pattern)
    names = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    return [item for item in folder.iterdir() if names.fullmatch(item.name)] if folder.is_dir() else []
