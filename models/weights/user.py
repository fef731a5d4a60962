"""The user's own weights folder: one safetensors file per name, beside the weights that come with the package."""

import os
import re
from pathlib import Path

SUFFIX = ".safetensors"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def user_folder() -> Path:
    """GFLA_WEIGHTS, else `weights` in the platform's folder for a program's data; it need not exist."""
    if given := os.environ.get("GFLA_WEIGHTS"):
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("gfla", appauthor=False) / "weights"


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
