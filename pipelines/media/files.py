"""Checks of paths before the work starts, and outputs that appear under their name only when they are complete.

Used by every room that reads or writes files.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from safetensors import SafetensorError

from models.errors import InputError, ProcessingError
from models.files import describe_stand_in
from pipelines.media.suffixes import PICTURE_SUFFIXES

MAX_NAME_BYTES = 255  # of a file name where the file system does not say
STEM_BYTES = 60  # of the output's name in the name of its temporary file
CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM}  # from drives that have no fsync
STREAMS = {"/dev/stdin", "/dev/stdout", "/dev/stderr"}
STREAM_FOLDERS = {"/dev/fd", "/proc/self/fd"}


def check_readable(path: Path) -> None:
    """Check that `path` is a readable folder or a readable regular file that is not empty.

    Raises:
        InputError: it is missing, unreadable, empty, a pipe, a device, a Git LFS pointer or a web page.
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
        if stand_in := describe_stand_in(path):
            raise InputError(f"{path} {stand_in}")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the name") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}") from None


def check_output(
    path: Path, *, overwrite: bool = False, inputs: Iterable[Path] = (), may_be_folder: bool = False
) -> None:
    """Check that a file can be written to `path`. One missing folder above it is accepted: it will be made.

    Args:
        path: the output.
        overwrite: whether it may replace a file.
        inputs: what it must not be.
        may_be_folder: whether it may be an existing folder.

    Raises:
        InputError: `path` is one of the inputs, an existing file or folder, a pipe or device, has too long a name, or
            is in a folder that can't be made or is not writable.
    """
    check_output_name(path)
    refuse_input(path, inputs)
    target = resolve_output(path)
    folder = target.parent if os.path.lexists(target.parent) else target.parent.parent
    if not os.path.lexists(folder):
        raise InputError(f"folder {path.parent} does not exist: create it first, or choose another with -o")
    if not os.path.isdir(folder):
        raise InputError(f"{path.parent} is no folder: choose another place with -o")
    if os.path.isfile(target) and not overwrite:
        raise InputError(f"{path} already exists: choose another name with -o, or use --overwrite")
    if os.path.isdir(target) and not may_be_folder:
        raise InputError(f"output {path} is a folder: choose the name of a file with -o")
    if os.path.lexists(target) and not os.path.isfile(target) and not os.path.isdir(target):
        kind = "a symbolic link to itself" if target.is_symlink() else "a pipe or device"
        raise InputError(f"output {path} is {kind}: choose a file with -o")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"can't write to folder {folder}: choose another with -o")


def refuse_input(path: Path, inputs: Iterable[Path]) -> None:
    """Raises InputError if `path` is one of the inputs, or a picture in one that is a folder."""
    for item in inputs:
        in_folder = path.suffix.lower() in PICTURE_SUFFIXES and path.exists() and _is_same_file(path.parent, item)
        if in_folder or _is_same_file(path, item):
            raise InputError(f"output {path} is also an input: choose another name with -o")


def check_output_name(path: Path) -> None:
    """Raises InputError for standard streams and for names that are too long for the file system."""
    absolute = os.path.abspath(path)
    if str(path) == "-" or absolute in STREAMS or os.path.dirname(absolute) in STREAM_FOLDERS:
        raise InputError(f"output {path} can't be standard output: name a file or folder (videos can: -o -)")
    for part in (path, path.parent):
        if (length := len(os.fsencode(part.name))) > (limit := _max_name_bytes(path)):
            raise InputError(f"name {part.name[:40]!r}... has {length} bytes, {limit} are possible: choose one with -o")


def make_output_folder(path: Path) -> None:
    """Make a folder for outputs, and those above it, unless it is there.

    Raises:
        InputError: it can't be made.
    """
    check_output_name(path)
    try:
        resolve_output(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror or error}") from None


def resolve_output(path: Path) -> Path:
    """The absolute path behind an output: links are followed, also one whose target does not exist yet."""
    return Path(os.path.realpath(path))


def temporary_name(path: Path, suffix: str | None = None) -> Path:
    """A hidden name beside `path` with its suffix, or another one: `.clip.1a2b3c4d.part.mp4`."""
    stem = os.fsencode(path.stem)[:STEM_BYTES].decode(errors="ignore")
    return path.with_name(f".{stem}.{uuid4().hex[:8]}.part{path.suffix if suffix is None else suffix}")


@contextmanager
def atomic_output(path: Path, *, overwrite: bool = False, folder: Path | None = None) -> Iterator[Path]:
    """Yield a temporary file, an absolute path with the suffix of `path`, which becomes `path` when the block ends.

    It is removed if the block raises. The bytes are on the disk before the file gets its name. A missing folder is
    made. If `path` is a symbolic link, its target is written and the link stays.

    Args:
        folder: where the temporary file is, on the drive of `path`; by default beside it.

    Raises:
        InputError: the folder is not writable, or `path` was created in the meantime (unless `overwrite`).
        ProcessingError: the disk is full.
    """
    target = resolve_output(path)
    temporary = temporary_name(target if folder is None else folder.absolute() / target.name, path.suffix)
    with _existing_parent(target):
        try:
            temporary.open("xb").close()
        except OSError as error:
            raise InputError(f"can't write to folder {path.parent}: {error.strerror or error}") from None
        try:
            yield temporary
            with report_write_errors(path):
                with temporary.open("r+b") as file:
                    flush_to_disk(file.fileno())
                if not overwrite and target.exists():
                    raise InputError(
                        f"{path} was created in the meantime: choose another name with -o, or use --overwrite"
                    )
                os.replace(temporary, target)
                flush_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, or beside the target of a link; the caller moves it or its files.

    It is removed when the block ends. A missing folder above it is made.

    Raises:
        InputError: the folder of `path` is not writable.
    """
    temporary = temporary_name(resolve_output(path))
    with _existing_parent(temporary):
        try:
            temporary.mkdir()
        except OSError as error:
            raise InputError(f"can't write to folder {path.parent}: {error.strerror or error}") from None
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def flush_to_disk(descriptor: int) -> None:
    """Wait until the bytes of an open file are on the disk, where the drive can say so. Raises OSError."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise


@contextmanager
def report_write_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system or of safetensors while writing `path` into a ProcessingError."""
    try:
        yield
    except BrokenPipeError:  # who reads standard output has seen enough: no error of ours
        raise
    except OSError as error:
        raise ProcessingError(f"can't write {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise ProcessingError(f"can't write {path}: {error}") from error


def flush_folder(path: Path) -> None:
    """Make a new name in a folder durable, if the drive can; the file itself is complete without it."""
    with suppress(OSError):  # Windows opens no folders, some network drives and FUSE have no fsync for them
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _existing_parent(path: Path) -> Iterator[None]:
    """Make the folder of `path` if it is missing; if the block raises, remove it again unless it holds something."""
    made = not path.parent.exists()
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"can't make folder {path.parent}: {error.strerror or error}") from None
    try:
        yield
    except BaseException:
        if made:
            with suppress(OSError):
                path.parent.rmdir()
        raise


def _max_name_bytes(path: Path) -> int:
    try:
        return os.pathconf(path.parent, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows, a folder that is not there yet
        return MAX_NAME_BYTES


def _is_same_file(first: Path, second: Path) -> bool:
    if os.path.exists(first) and os.path.exists(second):
        return os.path.samefile(first, second)
    return os.path.realpath(first) == os.path.realpath(second)
