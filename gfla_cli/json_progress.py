"""`--progress json`: everything on stderr is a JSON object per line, also what libraries print there.

`gfla_cli.console` and `gfla_cli.batch_display` send events; `gfla_cli.app` begins and ends it.
"""

import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any, Literal

import typer

from pipelines.option_groups import OutputOptions

FLAG, JSON = "--progress", "json"
INTERVAL = 0.1  # seconds between two events of a stage
DRAIN_SECONDS = 1.0  # to wait for what is still printed at the end; processes that live on keep the pipe open

_lock = threading.Lock()
_target: int | None = None  # the descriptor behind stderr, while that leads into a pipe
_reader: threading.Thread | None = None
_active = False


def is_active() -> bool:
    """Whether events are sent."""
    return _active


def interval(otherwise: float) -> float:
    """Seconds between two reports about one stage, where people would get one every `otherwise` seconds."""
    return INTERVAL if _active else otherwise


def is_asked_for(arguments: Sequence[str]) -> bool:
    """Whether the option is on a command line, which may be wrong elsewhere."""
    return f"{FLAG}={JSON}" in arguments or (FLAG, JSON) in pairwise(arguments)


def begin() -> None:
    """Send events from now on; lines that others print to stderr become events as well."""
    global _active, _target, _reader
    if _active:
        return
    _active = True
    try:
        stderr = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # no file: only what is written through this module is sent
        return
    sys.stderr.flush()
    _target = os.dup(stderr)
    source, sink = os.pipe()
    os.dup2(sink, stderr)
    os.close(sink)
    _reader = threading.Thread(target=_send_lines, args=[source], daemon=True)
    _reader.start()


def end() -> None:
    """Send what is still on its way; whatever is printed to stderr after this is lost."""
    global _active, _target, _reader
    if _target is not None and _reader is not None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)
        _reader.join(DRAIN_SECONDS)
    _active, _target, _reader = False, None, None


def send(event: str, **values: Any) -> bool:
    """Write one event; False if events are not asked for."""
    if not _active:
        return False
    line = json.dumps({"event": event, **values}, ensure_ascii=True) + "\n"
    with _lock, suppress(BrokenPipeError):  # nobody reads: the work goes on
        if _target is None:
            sys.stderr.write(line)
            sys.stderr.flush()
        else:
            data = line.encode()
            while data:
                data = data[os.write(_target, data) :]
    return True


def _send_lines(source: int) -> None:
    with open(source, encoding="utf-8", errors="backslashreplace", newline=None) as lines:
        for line in lines:
            if text := line.strip():
                send("log", message=text)


def _choose(value: str) -> str:
    if value == JSON:
        begin()
    return value


Progress = Annotated[
    Literal["auto", "json"],
    typer.Option(
        FLAG,
        is_eager=True,
        callback=_choose,
        rich_help_panel=OutputOptions.panel,
        help="Progress on stderr: a bar or lines for people, or one JSON object a line for programs.",
    ),
]
