"""The report of a batch: `report.json` for programs, `report.html` for people.

In: rows and thumbnails. Out: two files in the folder of the batch. Called by `gfla batch` after a run. The page is one
file that loads nothing but the results beside it. Text that jobs bring along, names above all, travels as JSON without
any `<`, and the page's script shows it as text; the page's policy forbids every other script.
"""

import base64
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipelines.batch.events import JOB_STATES, JobRow
from pipelines.media.files import atomic_output, report_write_errors
from pipelines.media.formats import CONTAINERS
from pipelines.media.sequences import sequence_files

VERSION = 1  # of report.json
MAX_PICTURES = 24  # shown of a result that is a folder of pictures


def write_report(
    folder: Path,
    rows: Sequence[JobRow],
    *,
    command: str,
    thumbnails: Mapping[str, bytes],
    warnings: Sequence[str] = (),
    wall_seconds: float | None = None,
) -> None:
    """Write `folder/report.json` and `folder/report.html`, each in one step over an earlier one.

    Args:
        command: the command line that made the results, for the reader.
        thumbnails: JPEGs by job name, see `make_thumbnails`; missing or empty where there is nothing to show.

        warnings: about the batch as a whole, one line each.
        wall_seconds: how long the run took.

    Raises:
        InputError: the folder is not writable.
        ProcessingError: the disk is full.
    """
    counts = Counter(row["state"] for row in rows)
    head = {
        "version": VERSION,
        "command": command,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "counts": {state: counts[state] for state in JOB_STATES},
        "warnings": list(warnings),
        "wall_seconds": wall_seconds,
    }
    _write(folder / "report.json", json.dumps(head | {"rows": list(rows)}, indent=1) + "\n")
    shown = head | {"rows": [row | _describe_result(folder, row) for row in rows]}
    encoded = [base64.b64encode(thumbnails.get(row["name"], b"")).decode() for row in rows]
    _write(folder / "report.html", _fill_page(shown, encoded))


def _describe_result(folder: Path, row: JobRow) -> dict[str, Any]:
    """How the page shows a result: its kind, and the URL of the file or of the first pictures, relative to the page."""
    path = folder / row["output"]
    if row["state"] != "done":
        return {"kind": None}
    if path.suffix.lower() in CONTAINERS:
        return {"kind": "video", "url": _url(row["output"])}
    if pictures := sequence_files(path):
        first = [_url(item.relative_to(folder)) for item in pictures[:MAX_PICTURES]]
        place = _url(pictures[0].parent.relative_to(folder)) + "/"
        return {"kind": "pictures", "url": place, "pictures": first, "count": len(pictures)}
    return {"kind": "picture", "url": _url(row["output"])}


def _url(path: Path | str) -> str:
    """A relative URL; the leading ./ keeps a name with colons or slashes from being read as another address."""
    return "./" + quote(os.fsencode(path))


def _fill_page(report: Mapping[str, Any], thumbnails: list[str]) -> str:
    """The page. Thumbnails are at its end, so that the first rows are shown before they are read."""
    page = files("pipelines.batch") / "page"
    style, script = ((page / name).read_text("utf-8") for name in ("report.css", "report.js"))
    parts = {
        "style": style,
        "script": script,
        "script hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "report": _embed_json(report),
        "thumbnails": _embed_json(thumbnails),
    }
    return re.sub(r"{{(.+?)}}", lambda mark: parts[mark[1]], (page / "report.html").read_text("utf-8"))


def _embed_json(data: Any) -> str:
    """JSON in ASCII for a script element: it can contain neither an end tag nor a comment."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _write(path: Path, text: str) -> None:
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        temporary.write_text(text, "utf-8")
