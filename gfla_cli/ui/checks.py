"""What `gfla check --sheet` says about a picture and a video, in a process of its own, whose memory is free again.

In: the files and options of an animation. Out: what it is doing, then its answer and a sheet of a few frames. Called by
the page before a job is queued.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from models.errors import InputError

OPTIONS = ("also", "background", "quality", "place", "face", "start", "end", "max_frames", "fps", "retarget")
OPTIONS += ("keypoints", "person", "people")
KEPT_SHEETS = 8
MAX_SECONDS = 600.0


@dataclass(frozen=True)
class CheckStep:
    """What a check is doing."""

    stage: str
    done: int
    total: int | None


@dataclass(frozen=True)
class CheckAnswer:
    """What a check has found out."""

    report: dict[str, Any]
    """See `pipelines.preflight.check.InputReport`."""
    sheet: Path | None
    """None if the animation is impossible."""


async def check_inputs(
    source: Path, driving: Path, options: Mapping[str, str], folder: Path
) -> AsyncIterator[CheckStep | CheckAnswer]:
    """Steps as they begin, and the answer at the end; closing it early ends the process.

    Args:
        options: of `gfla animate`, as text; those that a check does not have are left out.
        folder: for the sheets, of which the latest few are kept.

    Raises:
        InputError: the check itself failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sheet = folder / f"{uuid4().hex}.png"
    given = [f"--{name.replace('_', '-')}={options[name]}" for name in OPTIONS if name in options and name != "face"]
    given += ["--face"] if options.get("face") == "true" else []
    program = [sys.executable, "-m", "gfla_cli", "check", f"--sheet={sheet}", "--json", "--progress=json", *given]
    files = (str(source), str(driving))
    process = await asyncio.create_subprocess_exec(*program, "--", *files, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    error = ""
    try:
        async with asyncio.timeout(MAX_SECONDS):
            answer = asyncio.create_task(_read(process))
            async for event in _events(process):
                if event["event"] == "error":
                    error = str(event["message"])
                elif event["event"] == "progress":
                    yield CheckStep(str(event["stage"]), int(event["done"]), event["total"])
            report = await answer
    except TimeoutError:
        raise InputError("the check took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        _remove_old(folder)
    if not report:
        raise InputError(error or "the check did not end")
    yield CheckAnswer(report, sheet if sheet.is_file() else None)


async def _events(process: Process) -> AsyncIterator[dict[str, Any]]:
    assert process.stderr is not None
    async for line in process.stderr:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


async def _read(process: Process) -> dict[str, Any]:
    """The JSON object on standard output; empty if there is none."""
    assert process.stdout is not None
    data = await process.stdout.read()
    await process.wait()
    try:
        return json.loads(data)
    except ValueError:
        return {}


def _remove_old(folder: Path) -> None:
    sheets = sorted(folder.glob("*.png"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in sheets[KEPT_SHEETS:]:
        path.unlink(missing_ok=True)
