"""What makes the start and the end of short processes faster. Used by the program and by the workers of a batch."""

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def permanent_imports() -> Iterator[None]:
    """What is imported in the block lives as long as the process: the garbage collector never looks at it.

    PyTorch and what we import with it make hundreds of thousands of objects, which the collector would go through while
    they are imported, while the process works and when it ends. It leaves alone all that is there after the block.
    Where PyTorch has been imported before, nothing is different.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def quick_exit() -> Iterator[None]:
    """After the block, in which a process does all its work, it ends without taking its modules apart.

    Python does so at the end, which takes most of a second if PyTorch is among them. Threads are waited for, and what
    the block has registered with `atexit` runs, as ever. Errors other than SystemExit end the process as Python does.
    """
    codes: list[int] = []
    atexit.register(_exit, codes)  # runs last, since it is there first
    try:
        yield
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            codes.append(stop.code or 0)
        raise
    codes.append(0)


def _exit(codes: list[int]) -> None:
    if not codes:
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # nobody reads, or it is closed: Python says what there is to say
        return
    os._exit(codes[0] & 0xFF)
