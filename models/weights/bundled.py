"""Which weights come with the package: catalogue.json names each file and its SHA-256."""

import hashlib
import json
from pathlib import Path

from models.errors import WeightsError

FOLDER = Path(__file__).parent


def bundled_files() -> dict[str, tuple[Path, str]]:
    """name -> (file, SHA-256) from catalogue.json."""
    try:
        listed = json.loads((FOLDER / "catalogue.json").read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"{FOLDER / 'catalogue.json'} can't be read ({error}): install the package again") from None
    return {name: (FOLDER / item["file"], item["sha256"]) for name, item in listed.items()}


def resolve(name_or_path: str | Path) -> Path:
    """The file of a bundled name, or the path itself. Raises WeightsError if it is neither."""
    index = bundled_files()
    if str(name_or_path) in index:
        return index[str(name_or_path)][0]
    path = Path(name_or_path)
    if not path.exists():
        raise WeightsError(f"no weights {str(name_or_path)!r}: give a file, or one of: {', '.join(sorted(index))}")
    return path


def verify() -> dict[str, str | None]:
    """Compare every bundled file with its SHA-256: name -> None, or one line that says what is wrong."""
    return {name: _problem(file, sha256) for name, (file, sha256) in sorted(bundled_files().items())}


def _problem(file: Path, sha256: str) -> str | None:
    if not file.is_file():
        return f"{file} is missing: install the package again"
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return None if found == sha256 else f"{file} has SHA-256 {found}, expected {sha256}: install the package again"
