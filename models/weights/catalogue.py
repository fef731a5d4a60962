"""What is known about the weights that have a name: the bundled ones, then those in the user's folder."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import WeightsError
from models.weights.bundled import bundled_files
from models.weights.files import check_whole, read_metadata
from models.weights.user import user_files


@dataclass(frozen=True)
class Entry:
    """One named file; `size` in bytes, `config` the constructor values of its architecture.

    `official` is the authors' configuration whose preprocessing it expects, "" for none; `sha256` of a bundled file is
    that of the file, of a user's the one of its tensors. A user's file that can't be read has only its `problem`.
    """

    name: str
    file: Path
    size: int
    bundled: bool
    architecture: str = ""
    official: str = ""
    licence: str = ""
    sha256: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def catalogue() -> list[Entry]:
    """All named weights, the bundled ones first. Raises WeightsError if a bundled file is missing or damaged."""
    bundled = bundled_files()
    entries = [
        _described(name, file, bundled=True, sha256=sha256, **_known(file))
        for name, (file, sha256) in sorted(bundled.items())
    ]
    for name, file in user_files().items():
        if name in bundled:
            entries.append(_described(name, file, problem=f"{file} has the name of bundled weights: rename it"))
            continue
        try:
            metadata = read_metadata(file)
            entries.append(_described(name, file, sha256=metadata["sha256"], **_known(file)))
        except WeightsError as error:
            entries.append(_described(name, file, problem=str(error)))
    return entries


def verify() -> dict[str, str | None]:
    """Compare every file with its SHA-256: name -> None, or one line that says what is wrong."""
    bundled = verify_bundled()
    return bundled | {name: check_whole(file) for name, file in user_files().items() if name not in bundled}


def verify_bundled() -> dict[str, str | None]:
    """`verify` of the weights that come with the package."""
    return {name: _problem(file, sha256) for name, (file, sha256) in sorted(bundled_files().items())}


def _described(name: str, file: Path, *, bundled: bool = False, **known: Any) -> Entry:
    return Entry(name, file, file.stat().st_size, bundled, **known)


def _known(file: Path) -> dict[str, Any]:
    metadata = read_metadata(file)
    return {key: metadata[key] for key in ("architecture", "official", "licence", "config")}


def _problem(file: Path, sha256: str) -> str | None:
    if not file.is_file():
        return f"{file} is missing: install the package again"
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return None if found == sha256 else f"{file} has SHA-256 {found}, expected {sha256}: install the package again"
