"""The report of a batch: `report.json` for programs, `report.html` for people.

The page is one file that loads nothing but the results beside it. What jobs bring along, names above all, travels as
JSON in which no `<` is left, and the page's script shows it as text; the page forbids every script but that one.
"""

import base64
import hashlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.batch.rows import STATES, Row
from pipelines.media.files import atomic_output, report_write_errors
from pipelines.media.formats import CONTAINERS
from pipelines.media.sequences import sequence_files
from pipelines.media.sources import open_video

VERSION = 1
SIDE = 144  # pixels of the longer side of a thumbnail
MOST_BYTES = 3 * 1024  # of a thumbnail: ten thousand make a page of 40 MB
QUALITIES = (70, 55, 40, 25, 10)
SHOWN_PICTURES = 24  # of a result that is a folder of pictures


def write_report(
    folder: Path, rows: Sequence[Row], *, command: str, thumbnails: Mapping[str, bytes] | None = None
) -> None:
    """Write `folder/report.json` and `folder/report.html`, each in one step over an earlier one.

    Args:
        command: the command line that made the results, for the reader.
        thumbnails: by job name what `thumbnail` gave when the job was done; of the other results they are made now.

    Raises:
        InputError: the folder refuses files.
        ProcessingError: the disk is full.
    """
    counts = Counter(row["state"] for row in rows)
    head = {
        "version": VERSION,
        "command": command,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "counts": {state: counts[state] for state in STATES},
    }
    _write(folder / "report.json", json.dumps(head | {"rows": list(rows)}, indent=1) + "\n")
    shown = head | {"rows": [row | _result(folder, row) for row in rows]}
    _write(folder / "report.html", _page(shown, _thumbnails(folder, rows, thumbnails or {})))


def thumbnail(path: Path) -> bytes:
    """The middle frame of a video, a GIF or a folder of pictures, or a picture, as a JPEG of MOST_BYTES at most.

    Raises:
        InputError: missing, damaged, or none of these.
    """
    picture = Image.fromarray(_middle(path))
    for side in (SIDE, SIDE // 2, SIDE // 4):
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= MOST_BYTES:
                return buffer.getvalue()
    return b""


def _middle(path: Path) -> np.ndarray:
    """The frame that begins after half the time; the first where none does."""
    with open_video(path) as source:
        first, duration = next(iter(source)).image, source.info.duration
    try:
        with open_video(path, start=duration and duration / 2, max_frames=1) as source:
            return next(iter(source)).image
    except InputError:
        return first


def _thumbnails(folder: Path, rows: Sequence[Row], ready: Mapping[str, bytes]) -> list[str]:
    """Base64 of each row's thumbnail, empty where there is no result to show."""

    def make(row: Row) -> str:
        try:
            data = ready.get(row["name"]) or (thumbnail(shown_file(folder, row)) if row["state"] == "done" else b"")
        except InputError:  # the result was moved or damaged since; the row says what the run knew
            data = b""
        return base64.b64encode(data).decode()

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(make, rows))


def shown_file(folder: Path, row: Row) -> Path:
    """The file that stands for a result: of several pictures the middle one."""
    path = folder / row["output"]
    pictures = sequence_files(path)
    return pictures[len(pictures) // 2] if pictures else path


def _result(folder: Path, row: Row) -> dict[str, Any]:
    """How the page shows a result: its kind, and the URL of the file or of the first pictures, relative to the page."""
    path = folder / row["output"]
    if row["state"] != "done":
        return {"kind": None}
    if path.suffix.lower() in CONTAINERS:
        return {"kind": "video", "url": _url(row["output"])}
    if pictures := sequence_files(path):
        first = [_url(item.relative_to(folder)) for item in pictures[:SHOWN_PICTURES]]
        place = _url(pictures[0].parent.relative_to(folder)) + "/"
        return {"kind": "pictures", "url": place, "pictures": first, "count": len(pictures)}
    return {"kind": "picture", "url": _url(row["output"])}


def _url(path: Path | str) -> str:
    """A relative URL: the leading ./ keeps a name with a colon or slashes from being taken for another address."""
    return "./" + quote(os.fsencode(path))


def _page(report: Mapping[str, Any], thumbnails: list[str]) -> str:
    """The page; thumbnails come last, so that the first rows are shown before they are read."""
    page = files("pipelines.batch") / "page"
    style, script = ((page / name).read_text("utf-8") for name in ("report.css", "report.js"))
    parts = {
        "style": style,
        "script": script,
        "script hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "report": _embedded(report),
        "thumbnails": _embedded(thumbnails),
    }
    return re.sub(r"{{(.+?)}}", lambda mark: parts[mark[1]], (page / "report.html").read_text("utf-8"))


def _embedded(data: Any) -> str:
    """JSON in ASCII that can stand in a script element: no end tag, no comment."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _write(path: Path, text: str) -> None:
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        temporary.write_text(text, "utf-8")
