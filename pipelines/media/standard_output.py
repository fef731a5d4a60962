"""Standard output as a video: kept free of everything else, and raw pictures that need no container.

`pipelines.media.writer` writes to it, the command line reserves it for a whole run.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from models.errors import InputError

_reserved: int | None = None


def check_standard_output() -> None:
    """Raises InputError if standard output is a terminal, or closed."""
    try:
        terminal = _reserved is None and sys.stdout.isatty()
    except (AttributeError, ValueError):
        raise InputError("-o -: standard output is closed") from None
    if terminal:
        raise InputError("-o -: standard output is a terminal: pipe it into a program or a file")


@contextmanager
def reserve_standard_output() -> Iterator[int]:
    """Yield a descriptor of standard output; whatever is printed meanwhile, by libraries as well, goes to stderr.

    Raises:
        InputError: see `check_standard_output`.
    """
    global _reserved
    if _reserved is not None:
        yield _reserved
        return
    check_standard_output()
    sys.stdout.flush()
    number = sys.stdout.fileno()
    _reserved = os.dup(number)
    os.dup2(sys.stderr.fileno(), number)
    try:
        yield _reserved
    finally:
        sys.stdout.flush()
        os.dup2(_reserved, number)
        os.close(_reserved)
        _reserved = None


class RawEncoder:
    """Frames one after the other, without anything between them: R, G and B of each pixel, row by row.

    Args:
        descriptor: where they go.
        size: width and height of the frames.
        rate: frames per second, for the note.
    """

    def __init__(self, descriptor: int, size: tuple[int, int], rate: float) -> None:
        self.descriptor = descriptor
        self.notes = [f"raw RGB24: {size[0]}x{size[1]} pixels, {rate:.5g} frames per second, no sound, no time stamps"]

    def add(self, image: np.ndarray, pts: int, duration: int) -> None:
        """Write a frame uint8 [H, W, 3]."""
        data = memoryview(image.tobytes())
        while data:
            data = data[os.write(self.descriptor, data) :]

    def finish(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """Nothing can be taken back."""
