"""`-` for a driving video, which is read from standard input, and for an output video, which standard output gets."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from models.errors import InputError
from pipelines.option_groups import STANDARD, VideoOptions

READ = ("driving", "input")  # fields that may be standard input
NAME = "stdin"  # of what was read, and so of an output that is named after it


@contextmanager
def open_standard_streams(config: Any, *, json: bool) -> Iterator[Any]:
    """Yield the config with files in place of standard input, which are removed at the end of the block.

    In the block, standard output is kept free for a video that goes there.

    Args:
        json: whether standard output is for a JSON object.

    Raises:
        InputError: standard input is a terminal or empty; standard output is a terminal, or for two things.
    """
    with ExitStack() as stack:
        for name in READ:
            if getattr(config, name, None) == STANDARD:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="gfla-")))
                config = replace(config, **{name: _read_standard_input(folder)})
        if isinstance(config, VideoOptions) and config.output == STANDARD:
            if json:
                raise InputError("-o - and --json both need standard output: leave one out (there is --progress json)")
            from pipelines.media.standard_output import reserve_standard_output

            stack.enter_context(reserve_standard_output())
        yield config


def _read_standard_input(folder: Path) -> Path:
    """A file in the folder with all of standard input, because it is read more than once."""
    if sys.stdin.isatty():
        raise InputError("standard input is a terminal: pipe a video into it, or name a file")
    stream: BinaryIO = sys.stdin.buffer
    head = stream.read(1)
    if not head:
        raise InputError("standard input is empty")
    path = folder / f"{NAME}{'.json' if head in b'{[' else ''}"  # pose tracks are known by their suffix
    with path.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(stream, file)
    return path
