"""Finished outputs by their contents."""

import hashlib
from pathlib import Path


def fingerprint(path: Path) -> tuple[str, int, int]:
    """SHA-256, size and mtime (ns) of a file; of a folder those of its files' names and contents. Raises OSError."""
    if not path.is_dir():
        kind = path.stat()
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), kind.st_size, kind.st_mtime_ns
    found = [(item.name, *fingerprint(item)) for item in sorted(path.iterdir())]
    contents = "".join(f"{name}\0{sha256}\n" for name, sha256, _, _ in found)
    size, latest = sum(item[2] for item in found), max((item[3] for item in found), default=0)
    return hashlib.sha256(contents.encode()).hexdigest(), size, latest
