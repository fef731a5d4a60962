"""Numbered PNG files, as a folder of their own or under a %05d.png pattern in an existing folder."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.media.files import temporary_name
from pipelines.media.ordering import natural_key
from pipelines.media.pictures import PICTURE_SUFFIXES

FOLDER_PATTERN = "%05d.png"
NUMBER = r"%0?\d*d"
NUMBERED = re.compile(rf"[^%]*{NUMBER}[^%]*")
COMPRESSION = 3


class PictureSequence:
    """Frames are written into `temporary` and moved to `path` when all are there.

    path: a folder (must be absent or empty; with overwrite it may hold an earlier sequence and nothing else), or a
    pattern such as out/%05d.png, numbered from 0.
    Raises InputError if files are in the way or the pattern is none.
    """

    def __init__(self, path: Path, temporary: Path, *, pattern: bool, overwrite: bool):
        self.notes: list[str] = []
        self.path, self.temporary, self.is_pattern = path, temporary, pattern
        self.pattern = path.name if pattern else FOLDER_PATTERN
        check_sequence(path, pattern=pattern, overwrite=overwrite)
        self.count = 0

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        target = self.temporary / (self.pattern % self.count)
        Image.fromarray(image).save(target, compress_level=COMPRESSION)
        self.count += 1

    def finish(self) -> None:
        if not self.is_pattern:
            self._replace_folder()
            return
        for item in _earlier(self.path.parent, self.pattern):
            item.unlink()
        for item in sorted(self.temporary.iterdir()):
            os.replace(item, self.path.parent / item.name)

    def abort(self) -> None:
        """Nothing to close: the temporary folder's owner removes it."""

    def _replace_folder(self) -> None:
        if not _earlier(self.path, self.pattern):
            os.replace(self.temporary, self.path)
            return
        aside = temporary_name(self.path)
        os.replace(self.path, aside)
        os.replace(self.temporary, self.path)
        shutil.rmtree(aside, ignore_errors=True)


def check_sequence(path: Path, *, pattern: bool, overwrite: bool) -> None:
    """Raises InputError if files are in the way of a sequence, or the pattern is none."""
    name = path.name if pattern else FOLDER_PATTERN
    if not NUMBERED.fullmatch(name):
        raise InputError(f"output {path}: write the number as %05d")
    earlier = _earlier(path.parent if pattern else path, name)
    if earlier and not overwrite:
        raise InputError(f"{path} exists already: choose another name with -o, or give --overwrite")
    if not pattern and path.is_dir() and len(list(path.iterdir())) > len(earlier):
        raise InputError(f"folder {path} holds other files: choose a new or empty folder with -o")


def sequence_files(path: Path) -> list[Path]:
    """The pictures of a folder, or of a pattern such as frames/%05d.png, in their order; none for any other path."""
    if path.is_dir():
        found = [item for item in path.iterdir() if item.suffix.lower() in PICTURE_SUFFIXES]
    else:
        found = _earlier(path.parent, path.name) if NUMBERED.fullmatch(path.name) else []
    return sorted(found, key=natural_key)


def _earlier(folder: Path, pattern: str) -> list[Path]:
    before, after = re.split(NUMBER, pattern)
    names = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    return [item for item in folder.iterdir() if names.fullmatch(item.name)] if folder.is_dir() else []
