"""Messages that name the file they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import InputError


@contextmanager
def error_context(name: Path | str) -> Iterator[None]:
    """Put `name` in front of the message of an InputError that leaves the block."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
