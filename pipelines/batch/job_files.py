"""Job lists: CSV with a header, or YAML with a list of mappings; read without ever running anything in them.

Columns are the options of the job's command (`max_frames` or `max-frames`), and name, command, source, driving, output.
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
LARGEST = 64 * 2**20
ALIASES = {"target": "driving", "image": "source"}


def is_job_file(text: str) -> bool:
    """Whether the name of an input is that of a job list."""
    return Path(text).suffix.lower() in SUFFIXES


def read_wishes(path: Path, known: Callable[[str], bool]) -> list[JobRequest]:
    """What the list asks for; `known` tells whether there is such a column.

    Raises:
        InputError: unreadable, damaged, a column that nobody knows, no job.
    """
    check_readable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: give a job list, or SOURCES and DRIVINGS")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST // 2**20} MiB: split it")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no UTF-8 text (byte {error.start}): save it as UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path} line {text[: text.index(chr(0))].count(chr(10)) + 1} has a NUL byte: save it again")
    rows = list(_csv(text, path) if path.suffix.lower() == ".csv" else _yaml(text, path))
    if not rows:
        raise InputError(f"{path} has no job")
    return [_wish(where, row, known, path.absolute().parent) for where, row in rows]


def _csv(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) < len(header) or "" in header:
            raise InputError(f"{path} line 1: every column needs a name of its own")
        for row in reader:
            where = f"{path} line {reader.line_num}"
            if len(row) > len(header):
                raise InputError(f"{where} has {len(row)} cells, the header {len(header)}")
            if any(cell.strip() for cell in row):
                yield where, {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num}: no CSV ({error})") from None


def _yaml(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        data = yaml.safe_load(text)  # in Python: libyaml overflows the stack on deep nesting
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no plain YAML: {_reason(error)}") from None
    data = data.get("jobs") if isinstance(data, dict) and set(data) == {"jobs"} else data
    if not isinstance(data, list):
        raise InputError(f"{path} must be a list of jobs: - source: a.png, driving: b.mp4 ...")
    for number, row in enumerate(data, 1):
        where = f"{path} job {number}"
        if not isinstance(row, dict):
            raise InputError(f"{where} must be a mapping like source: a.png, not {type(row).__name__}")
        yield where, {key: value for key, value in row.items() if value is not None}


def _wish(where: str, row: dict[Any, Any], known: Callable[[str], bool], base: Path) -> JobRequest:
    values: dict[str, str] = {}
    for key, value in row.items():
        name = str(key).strip().replace("-", "_")
        name = ALIASES.get(name, name)
        if not isinstance(key, str) or not known(name):
            raise InputError(f"{where}: unknown column {key!r:.60}; see the options of the job's command")
        if name in values:
            raise InputError(f"{where}: {name} is given twice")
        values[name] = _text(value, f"{where}: {name}")
    return JobRequest(where, values, base)


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ",".join(map(str, value))
    if not isinstance(value, str | int | float):
        raise InputError(f"{where} must be text or a number, not {type(value).__name__}")
    return str(value).strip()


def _reason(error: Exception) -> str:
    """What is wrong and where, in one line."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error) or type(error).__name__
    return " ".join(str(problem).split())[:120] + (f" (line {mark.line + 1})" if mark else "")
