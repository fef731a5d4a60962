"""The weights that come with the package, and names of weights resolved to files.

catalogue.json, beside the weights files, names each of them and its SHA-256.
"""

import json
from pathlib import Path

from models.errors import WeightsError
from models.weights.user import is_name, user_file, user_files

FOLDER = Path(__file__).parent


def bundled_files() -> dict[str, tuple[Path, str]]:
    """name -> (file, SHA-256) from catalogue.json.

    Raises:
        WeightsError: catalogue.json is missing or damaged.
    """
    try:
        listed = json.loads((FOLDER / "catalogue.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{FOLDER / 'catalogue.json'} can't be read ({error}): reinstall gfla") from None
    return {name: (FOLDER / item["file"], item["sha256"]) for name, item in listed.items()}


def resolve(name_or_path: str | Path) -> Path:
    """The file of a name, bundled names first, then those in the user's folder; or the path itself.

    Raises:
        WeightsError: neither a known name nor an existing path.
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
        raise WeightsError(f"no weights {text!r}: use a file, or one of: {known}")
    return path
