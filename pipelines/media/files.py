"""Checks of paths before the work starts, and outputs that appear under their name only when they are complete.

Used by every room that reads or writes files.
"""

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
    """Check that `path` is a readable folder or a readable regular file that is not empty.

    Raises:
        InputError: it is missing, unreadable, empty, a pipe or a device.
    """
    try:
        if path.is_dir():
            next(path.iterdir(), None)
            return
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise InputError(f"{path} is a pipe or device: save it to a file first, because it is read more than once")
        if kind.st_size == 0:
            raise InputError(f"{path} is empty: the copy or download did not finish")
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the name") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}") from None


def check_output(path: Path, *, overwrite: bool = False, inputs: Iterable[Path] = ()) -> None:
    """Check that a file or folder can be written to `path`.

    Raises:
        InputError: `path` is one of the inputs, an existing file (unless `overwrite`), or in a folder that is missing
            or not writable.
    """
    for item in inputs:
        if _is_same_file(path, item):
            raise InputError(f"output {path} is also an input: choose another name with -o")
    if not path.parent.is_dir():
        raise InputError(f"folder {path.parent} does not exist: create it first, or choose another with -o")
    if path.is_file() and not overwrite:
        raise InputError(f"{path} already exists: choose another name with -o, or use --overwrite")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"can't write to folder {path.parent}: choose another with -o")


def temporary_name(path: Path) -> Path:
    """A hidden name beside `path` with the same suffix: `.clip.1a2b3c4d.part.mp4`."""
    return path.with_name(f".{path.stem[:60]}.{uuid4().hex[:8]}.part{path.suffix}")


@contextmanager
def atomic_output(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary file beside `path`, which becomes `path` when the block ends.

    It is removed if the block raises. The bytes are on the disk before the file gets its name.

    Raises:
        InputError: the folder is not writable, or `path` was created in the meantime (unless `overwrite`).
        ProcessingError: the disk is full.
    """
    temporary = temporary_name(path)
    try:
        temporary.open("xb").close()
    except OSError as error:
        raise InputError(f"can't write to folder {path.parent}: {error.strerror or error}") from None
    try:
        yield temporary
        with report_write_errors(path):
            _flush_to_disk(temporary)
            if not overwrite and path.exists():
                raise InputError(f"{path} was created in the meantime: choose another name with -o, or use --overwrite")
            os.replace(temporary, path)
            _flush_to_disk(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which is removed when the block ends; the caller moves it or its files.

    Raises:
        InputError: the folder of `path` is not writable.
    """
    temporary = temporary_name(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise InputError(f"can't write to folder {path.parent}: {error.strerror or error}") from None
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def report_write_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system or of safetensors while writing `path` into a ProcessingError."""
    try:
        yield
    except OSError as error:
        raise ProcessingError(f"can't write {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise ProcessingError(f"can't write {path}: {error}") from error


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same_file(first: Path, second: Path) -> bool:
    if first.exists() and second.exists():
        return os.path.samefile(first, second)
    return first.resolve() == second.resolve()
