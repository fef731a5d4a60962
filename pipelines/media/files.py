"""Paths checked before work starts, and outputs that appear under their name only when they are whole."""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from safetensors import SafetensorError

from models.errors import InputError, ProcessingError


def check_readable(path: Path) -> None:
    """Raises InputError if `path` is missing, unreadable, empty, a pipe or a device; a folder is fine."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
            return
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise InputError(f"{path} is a pipe or device: save it as a file first, it is read more than once")
        if kind.st_size == 0:
            raise InputError(f"{path} is empty: the copy or download did not finish")
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the name") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}") from None


def check_output(path: Path, *, overwrite: bool = False, inputs: Iterable[Path] = ()) -> None:
    """Raises InputError if writing to `path` would destroy an input, an existing file, or can't work."""
    for item in inputs:
        if _same(path, item):
            raise InputError(f"output {path} is also an input: choose another name with -o")
    if not path.parent.is_dir():
        raise InputError(f"folder {path.parent} does not exist: create it first, or choose another with -o")
    if path.is_file() and not overwrite:
        raise InputError(f"{path} exists already: choose another name with -o, or give --overwrite")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"can't write into folder {path.parent}: choose another with -o")


def temporary_name(path: Path) -> Path:
    """A hidden name beside `path` with the same suffix: `.clip.1a2b3c4d.part.mp4`."""
    return path.with_name(f".{path.stem[:60]}.{uuid4().hex[:8]}.part{path.suffix}")


@contextmanager
def atomic_output(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Gives a temporary file beside `path`; renames it to `path` on success, removes it on any exception.

    Raises InputError if the folder refuses the file, ProcessingError if the finished file can't be put in place.
    """
    temporary = temporary_name(path)
    try:
        temporary.open("xb").close()
    except OSError as error:
        raise InputError(f"can't write into folder {path.parent}: {error.strerror or error}") from None
    try:
        yield temporary
        with report_write_errors(path):
            _sync(temporary)
            if not overwrite and path.exists():
                raise InputError(f"{path} appeared while working: choose another name with -o, or give --overwrite")
            os.replace(temporary, path)
            _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Gives a temporary folder beside `path`; its owner moves it in place, and it is removed in any case."""
    temporary = temporary_name(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise InputError(f"can't write into folder {path.parent}: {error.strerror or error}") from None
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def report_write_errors(path: Path) -> Iterator[None]:
    """Turns an operating system error while writing `path` into a ProcessingError of one line."""
    try:
        yield
    except OSError as error:
        raise ProcessingError(f"can't write {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise ProcessingError(f"can't write {path}: {error}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _same(first: Path, second: Path) -> bool:
    if first.exists() and second.exists():
        return os.path.samefile(first, second)
    return first.resolve() == second.resolve()
