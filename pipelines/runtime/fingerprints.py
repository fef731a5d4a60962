"""Files and values told apart: what has not changed has the same identity. Contents are not read."""

import hashlib
import json
from pathlib import Path
from typing import Any


def identity(path: Path) -> list[Any]:
    """Path, size and mtime (ns) of a file, and of every entry of a folder; without them where there is nothing."""
    try:
        kind = path.stat()
        within = [(entry.name, entry.lstat()) for entry in (sorted(path.iterdir()) if path.is_dir() else ())]
    except OSError:
        return [str(path)]
    return [
        str(path),
        kind.st_size,
        kind.st_mtime_ns,
        [[name, each.st_size, each.st_mtime_ns] for name, each in within],
    ]


def digest(value: Any) -> str:
    """SHA-256 of a JSON-ready value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
