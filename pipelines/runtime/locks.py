"""Locks between processes on POSIX and Windows: files that a process holds until it lets go or dies.

Called by `gfla batch` and its workers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout


def exclusive_lock(path: Path, *, wait: bool = True) -> FileLock:
    """A context manager that one process at a time can enter; `path` is its file, which stays.

    Entering raises `filelock.Timeout` if another process is inside and `wait` is not set.
    """
    return FileLock(path, timeout=-1 if wait else 0)


@contextmanager
def shared_lock(folder: Path) -> Iterator[None]:
    """Held by any number of processes; `is_locked` tells the others. Each has a file in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.lock"
    with exclusive_lock(path):
        yield
    path.unlink(missing_ok=True)


def is_locked(folder: Path) -> bool:
    """Whether some process holds the `shared_lock` of `folder`; removes the files of processes that have died."""
    for path in folder.glob("*.lock"):
        try:
            with exclusive_lock(path, wait=False):
                pass
        except Timeout:
            return True
        path.unlink(missing_ok=True)
    return False
