"""Which files a run reads, so that its outputs never replace one of them."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any


def list_input_files(config: Any) -> list[Path]:
    """Every path in the fields of a config but `output`; of words, like `audio`, those that name an existing file."""
    values = (getattr(config, field.name) for field in fields(config) if field.name != "output")
    return [path for value in values for path in _find_paths(value)]


def _find_paths(value: object) -> Iterator[Path]:
    if isinstance(value, tuple):
        for item in value:
            yield from _find_paths(item)
    elif isinstance(value, Path) or (isinstance(value, str) and "\0" not in value and Path(value).is_file()):
        yield Path(value)
