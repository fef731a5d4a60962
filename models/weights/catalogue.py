"""What is known about the bundled weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.weights.bundled import bundled_files
from models.weights.files import read_metadata


@dataclass(frozen=True)
class Entry:
    """One bundled file; `size` in bytes, `config` the constructor values of its architecture."""

    name: str
    architecture: str
    file: Path
    sha256: str
    size: int
    licence: str
    config: dict[str, Any]


def catalogue() -> list[Entry]:
    """All bundled weights, by name. Raises WeightsError if a file is missing or damaged."""
    entries = []
    for name, (file, sha256) in sorted(bundled_files().items()):
        metadata = read_metadata(file)
        architecture, licence, config = metadata["architecture"], metadata["licence"], metadata["config"]
        entries.append(Entry(name, architecture, file, sha256, file.stat().st_size, licence, config))
    return entries
