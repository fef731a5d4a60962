"""The weights that have a name: the bundled ones, then those in the user's folder.

`gfla weights list` and `gfla weights verify` show what `catalogue` and `verify` return.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import WeightsError
from models.files import file_sha256
from models.weights.bundled import bundled_files
from models.weights.files import find_problem, read_metadata
from models.weights.user import user_files


@dataclass(frozen=True)
class Entry:
    """One weights file that has a name; of a file that can't be read, only name, file, size and problem are known."""

    name: str
    """What users call the weights."""

    file: Path
    """Where they are."""

    size: int
    """Of the file, in bytes."""

    bundled: bool
    """Whether they come with the package; the others are in the user's folder."""

    architecture: str = ""
    """A key of `models.weights.files.ARCHITECTURES`."""

    official: str = ""
    """The authors' configuration whose preprocessing the network expects, a key of `OFFICIAL`; "" for none."""

    licence: str = ""
    """Licence of the weights."""

    sha256: str = ""
    """SHA-256 of the file for bundled weights, of the tensors for the user's weights."""

    config: dict[str, Any] = field(default_factory=dict)
    """Fields of the architecture's config."""

    problem: str | None = None
    """One line that says why the weights can't be used; None if they can."""


def catalogue() -> list[Entry]:
    """All weights that have a name, the bundled ones first.

    Raises:
        WeightsError: a bundled file is missing or damaged. Files of the user never raise; they have a `problem`.
    """
    bundled = bundled_files()
    entries = [
        _make_entry(name, file, bundled=True, sha256=sha256, **_metadata_fields(file))
        for name, (file, sha256) in sorted(bundled.items())
    ]
    for name, file in user_files().items():
        if name in bundled:
            entries.append(_make_entry(name, file, problem=f"{file} has the name of bundled weights: rename it"))
            continue
        try:
            metadata = read_metadata(file)
            entries.append(_make_entry(name, file, sha256=metadata["sha256"], **_metadata_fields(file)))
        except WeightsError as error:
            entries.append(_make_entry(name, file, problem=str(error)))
    return entries


def verify() -> dict[str, str | None]:
    """Compare all weights that have a name with their SHA-256: name -> None, or one line that says what is wrong."""
    bundled = verify_bundled()
    return bundled | {name: find_problem(file) for name, file in user_files().items() if name not in bundled}


def verify_bundled() -> dict[str, str | None]:
    """`verify` for the bundled weights only."""
    return {name: _find_bundled_problem(file, sha256) for name, (file, sha256) in sorted(bundled_files().items())}


def _make_entry(name: str, file: Path, *, bundled: bool = False, **fields: Any) -> Entry:
    return Entry(name, file, file.stat().st_size, bundled, **fields)


def _metadata_fields(file: Path) -> dict[str, Any]:
    metadata = read_metadata(file)
    return {key: metadata[key] for key in ("architecture", "official", "licence", "config")}


def _find_bundled_problem(file: Path, sha256: str) -> str | None:
    if not file.is_file():
        return f"{file} is missing: reinstall gfla"
    found = file_sha256(file)
    return None if found == sha256 else f"{file} has SHA-256 {found}, expected {sha256}: reinstall gfla"
