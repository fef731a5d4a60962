"""Job lists: CSV with a header, or a YAML list of mappings, read as data: nothing in them is ever run.

In: the path of a list. Out: `JobRequest`s for `planning.build_jobs`. Called by `gfla batch`. Columns are the options of
the job's command (`max_frames` or `max-frames`) and planning.JOB_FIELDS.
"""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from models.errors import InputError
from pipelines.batch.planning import JobRequest
from pipelines.media.files import check_readable

SUFFIXES = (".csv", ".yaml", ".yml")
MAX_BYTES = 64 * 2**20
ALIASES = {"target": "driving", "image": "source"}


def is_job_file(text: str) -> bool:
    """Whether an input is a job list, judged by its suffix."""
    return Path(text).suffix.lower() in SUFFIXES


def read_job_file(path: Path, is_column: Callable[[str], bool]) -> list[JobRequest]:
    """The requests of a job list.

    Args:
        is_column: whether there is a column of this name (with `_`).

    Raises:
        InputError: unreadable, damaged, an unknown column, no jobs.
    """
    check_readable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: pass a job list, or SOURCES and DRIVINGS")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB: split it")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{path} line {line} contains a NUL byte: save the list again")
    rows = list(_read_csv(text, path) if path.suffix.lower() == ".csv" else _read_yaml(text, path))
    if not rows:
        raise InputError(f"{path} contains no jobs")
    return [_make_request(origin, row, is_column, path.absolute().parent) for origin, row in rows]


def _read_csv(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Origin and non-empty cells of each row."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) < len(header) or "" in header:
            raise InputError(f"{path} line 1: every column needs its own name")
        for row in reader:
            origin = f"{path} line {reader.line_num}"
            if len(row) > len(header):
                raise InputError(f"{origin} has {len(row)} cells, the header has {len(header)}")
            if any(cell.strip() for cell in row):
                yield origin, {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num} is not valid CSV: {error}") from None


def _read_yaml(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Origin and non-null values of each mapping."""
    try:
        data = yaml.safe_load(text)  # the loader in Python: libyaml's overflows the stack on deep nesting
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not plain YAML: {_describe(error)}") from None
    data = data.get("jobs") if isinstance(data, dict) and set(data) == {"jobs"} else data
    if not isinstance(data, list):
        raise InputError(f"{path} must be a list of jobs such as - {{source: a.png, driving: b.mp4}}")
    for number, row in enumerate(data, 1):
        origin = f"{path} job {number}"
        if not isinstance(row, dict):
            raise InputError(f"{origin} must be a mapping such as {{source: a.png}}, not {type(row).__name__}")
        yield origin, {key: value for key, value in row.items() if value is not None}


def _make_request(origin: str, row: dict[Any, Any], is_column: Callable[[str], bool], base: Path) -> JobRequest:
    values: dict[str, str] = {}
    for key, value in row.items():
        name = str(key).strip().replace("-", "_")
        name = ALIASES.get(name, name)
        if not isinstance(key, str) or not is_column(name):
            raise InputError(f"{origin}: unknown column {key!r:.60}; columns are the options of the job's command")
        if name in values:
            raise InputError(f"{origin}: {name} is given twice")
        values[name] = _as_text(value, f"{origin}: {name}")
    return JobRequest(origin, values, base)


def _as_text(value: Any, label: str) -> str:
    """A value of a row as the command line would have it; `label` is for the message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ",".join(map(str, value))
    if not isinstance(value, str | int | float):
        raise InputError(f"{label} must be text or a number, not {type(value).__name__}")
    return str(value).strip()


def _describe(error: Exception) -> str:
    """What is wrong with the YAML and where, in one line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    return " ".join(str(problem).split())[:120] + (f" (line {mark.line + 1})" if mark else "")
