"""Fingerprints of files and values: identities that are cheap to take, and SHA-256 digests of contents.

In: paths, or JSON-ready values. Out: JSON-ready lists and hexadecimal digests. Called by `gfla batch` for job keys and
finished outputs, and by the cache of poses. Keys are stored on disk and compared by later versions, so what goes into a
digest must not change by a byte.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.files import file_sha256

ContentFingerprint = tuple[str, int, int]  # SHA-256 in hexadecimal, size in bytes, mtime in ns


def file_identity(path: Path) -> list[Any]:
    """[path, size in bytes, mtime in ns, entries] without reading contents.

    `entries` holds [name, size, mtime] of everything directly inside a folder and is empty for a file. A path that is
    missing or unreadable gives [path] alone.
    """
    try:
        status = path.stat()
        entries = [(entry.name, entry.lstat()) for entry in (sorted(path.iterdir()) if path.is_dir() else ())]
    except OSError:
        return [str(path)]
    inside = [[name, each.st_size, each.st_mtime_ns] for name, each in entries]
    return [str(path), status.st_size, status.st_mtime_ns, inside]


def json_digest(value: Any) -> str:
    """SHA-256 (hexadecimal) of a JSON-ready value; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def content_fingerprint(path: Path) -> ContentFingerprint:
    """SHA-256, size (bytes) and mtime (ns) of a file or folder, contents included.

    The SHA-256 of a folder covers the names and contents of everything inside; its size is the sum and its mtime the
    latest of its entries. Raises OSError if anything is missing or unreadable.
    """
    if not path.is_dir():
        status = path.stat()
        return file_sha256(path), status.st_size, status.st_mtime_ns
    inside = [item for item in sorted(path.iterdir()) if item.is_file() or item.is_dir()]  # no pipes, which never end
    entries = [(item.name, *content_fingerprint(item)) for item in inside]
    listing = "".join(f"{name}\0{sha256}\n" for name, sha256, _, _ in entries)
    size, latest = sum(entry[2] for entry in entries), max((entry[3] for entry in entries), default=0)
    return hashlib.sha256(listing.encode()).hexdigest(), size, latest


def content_sha256(path: Path) -> str:
    """The SHA-256 of `content_fingerprint`, which is remembered while size and mtime stay as they are."""
    return _content_sha256(path, json_digest(file_identity(path.absolute())))


@lru_cache(256)
def _content_sha256(path: Path, identity: str) -> str:
    return content_fingerprint(path)[0]
