"""Finds and reads the files of a data set whose names vary a little."""

from pathlib import Path

from models.errors import InputError


def find_one(folder: Path, pattern: str) -> Path:
    """The one file or folder in `folder` that matches a pattern.

    Raises:
        InputError: there is none, or more than one.
    """
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = " and ".join(path.name for path in found) or "none"
        raise InputError(f"{folder}: expected exactly one {pattern}, found {names}")
    return found[0]


def find_companion(picture: Path, root: Path, other: Path, suffixes: tuple[str, ...]) -> Path:
    """The file below `other` that belongs to a picture below `root`: the same name with one of the `suffixes`.

    Raises:
        InputError: there is none.
    """
    stem = other / picture.relative_to(root).with_suffix("")
    for suffix in suffixes:
        if (path := stem.with_name(stem.name + suffix)).is_file():
            return path
    raise InputError(f"{stem.with_name(stem.name + suffixes[0])} is missing; {picture} needs it")


def read_words(path: Path) -> list[str]:
    """The words of a text file, for lists with one word per line.

    Raises:
        InputError: the file can't be read or is empty.
    """
    try:
        words = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror})") from None
    if not words:
        raise InputError(f"{path} is empty")
    return words
