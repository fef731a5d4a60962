"""The user's own weights folder: one safetensors file per name, beside the weights that come with the package."""

import os
import re
import sys
from pathlib import Path

SUFFIX = ".safetensors"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def user_folder() -> Path:
    """GFLA_WEIGHTS, else `weights` in the platform's folder for a program's data; it need not exist."""
    if given := os.environ.get("GFLA_WEIGHTS"):
        return Path(given)
    return _data_folder() / "gfla" / "weights"


def is_name(text: str) -> bool:
    """Whether weights can be called so: letters, digits, - and _; with a dot or a slash it is a path."""
    return NAME.fullmatch(text) is not None


def user_file(name: str) -> Path:
    """Where weights of this name lie, or would lie."""
    return user_folder() / f"{name}{SUFFIX}"


def user_files() -> dict[str, Path]:
    """name -> file, by name; empty if there is no folder."""
    folder = user_folder()
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {file.stem: file for file in found if is_name(file.stem)}


def _data_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
