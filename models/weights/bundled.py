"""Which weights come with the package: catalogue.json names each file and its SHA-256. Names become files here."""

import json
from pathlib import Path

from models.errors import WeightsError
from models.weights.user import is_name, user_file, user_files

FOLDER = Path(__file__).parent


def bundled_files() -> dict[str, tuple[Path, str]]:
    """name -> (file, SHA-256) from catalogue.json."""
    try:
        listed = json.loads((FOLDER / "catalogue.json").read_text())
    except (OSError, ValueError) as error:
        raise WeightsError(f"{FOLDER / 'catalogue.json'} can't be read ({error}): install the package again") from None
    return {name: (FOLDER / item["file"], item["sha256"]) for name, item in listed.items()}


def resolve(name_or_path: str | Path) -> Path:
    """The file of a bundled name, of a name in the user's folder, or the path itself, in this order.

    Raises WeightsError if it is none of them.
    """
    text, index = str(name_or_path), bundled_files()
    if text in index:
        return index[text][0]
    for path in (user_file(text),) if is_name(text) else ():
        if path.is_file():
            return path
    path = Path(name_or_path)
    if not path.exists():
        known = ", ".join([*sorted(index), *(name for name in user_files() if name not in index)])
        raise WeightsError(f"no weights {text!r}: give a file, or one of: {known}")
    return path
