"""Fingerprints of files: SHA-256 without torch, for every room that records or compares files."""

import hashlib
from pathlib import Path


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes as 64 hexadecimal digits; reads the file piece by piece.

    Raises:
        OSError: the file is missing or unreadable.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
