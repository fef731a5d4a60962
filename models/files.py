"""What every room asks about files, without torch: their SHA-256, and whether a download brought something else."""

import hashlib
from pathlib import Path

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
WEB_PAGE = (b"<!doctype html", b"<html")


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes as 64 hexadecimal digits; reads the file piece by piece.

    Raises:
        OSError: the file is missing or unreadable.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_stand_in(path: str | Path) -> str | None:
    """What a download left in place of a file, and the remedy, as the rest of a sentence; None for anything else.

    Raises:
        OSError: the file is missing or unreadable.
    """
    with Path(path).open("rb") as file:
        start = file.read(256)
    if start.startswith(LFS_POINTER):
        return "is a Git LFS pointer instead of the file: run `git lfs pull` in its repository, and copy it again"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(WEB_PAGE):
        return "is a web page instead of the file: open its link in a browser and download the file from there"
    return None
