"""The user's own weights folder: one safetensors file per name, in addition to the bundled weights."""

import os
import re
import sys
from pathlib import Path

SUFFIX = ".safetensors"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def user_folder() -> Path:
    """GFLA_WEIGHTS if set, otherwise gfla/weights in the platform's folder for user data; it need not exist."""
    if path := os.environ.get("GFLA_WEIGHTS"):
        return Path(path)
    return _data_folder() / "gfla" / "weights"


def is_name(text: str) -> bool:
    """Whether `text` can be a name of weights: letters, digits, - and _. With a dot or a slash it is a path."""
    return NAME.fullmatch(text) is not None


def user_file(name: str) -> Path:
    """The file for the user's weights of this name; it need not exist."""
    return user_folder() / f"{name}{SUFFIX}"


def user_files() -> dict[str, Path]:
    """name -> file of the user's weights, sorted by name; empty if there is no folder."""
    folder = user_folder()
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {file.stem: file for file in found if is_name(file.stem)}


def _data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
