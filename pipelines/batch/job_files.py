"""Job lists: a table with a header, or a YAML list of mappings, read as data: nothing in them is ever run.

In: the path of a list. Out: `JobRequest`s for `planning.build_jobs`. Called by `gfla batch`. Columns are the options of
the job's command (`max_frames`, `max-frames` or `Max frames`) and planning.JOB_FIELDS.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from models.errors import InputError
from pipelines.batch.planning import JobRequest
from pipelines.media.files import check_readable

TABLES, YAML = (".csv", ".tsv", ".txt"), (".yaml", ".yml")
SUFFIXES = (*TABLES, *YAML)
SEPARATORS = ",;\t|"  # of the cells of a table, the first where a header fits several
MAX_BYTES = 64 * 2**20
ALIASES = {"target": "driving", "image": "source"}

IsColumn = Callable[[str], bool]
Row = tuple[str, dict[Any, Any]]  # where it is from, for messages, and its values by column


def is_job_file(text: str) -> bool:
    """Whether an input is a job list, judged by its suffix."""
    return Path(text).suffix.lower() in SUFFIXES


def read_job_file(path: Path, is_column: IsColumn) -> list[JobRequest]:
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
    text = _decode(path)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{path} line {line} contains a NUL byte: save the list again")
    rows = list(_read_yaml(text, path) if path.suffix.lower() in YAML else _read_table(text, path, is_column))
    if not rows:
        raise InputError(f"{path} contains no jobs")
    return [_make_request(origin, row, is_column, path.absolute().parent) for origin, row in rows]


def _decode(path: Path) -> str:
    """The text of a list: UTF-8, or UTF-16 with a byte order mark, as spreadsheet programs write it."""
    data = path.read_bytes()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f'{path} is not UTF-8 text (byte {error.start}): save it as UTF-8 (in Excel, "CSV UTF-8")'
        ) from None


def _read_table(text: str, path: Path, is_column: IsColumn) -> Iterator[Row]:
    """Origin and non-empty cells of each row, by column; the header is the first row that is not empty."""
    first = next((line for line in text.splitlines() if line.strip(f' "{SEPARATORS}')), "")
    given = re.fullmatch(r'"?sep=(.)"?\1*', first.rstrip(" "), re.IGNORECASE)  # a line that Excel understands
    separator = given[1] if given else max(SEPARATORS, key=lambda each: _count_columns(first, each, is_column))
    rows = _split_rows(text, separator, path)
    if given:
        next(rows)
    for origin, header in rows:
        _refuse_repetitions([_column_name(name) for name in header if name], origin)
        for origin, row in rows:
            yield origin, _name_cells(row, header, origin)


def _refuse_repetitions(names: list[str], origin: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(f"{origin}: {name!r:.60} is given twice: every column needs its own name")


def _count_columns(line: str, separator: str, is_column: IsColumn) -> tuple[int, int]:
    """How many columns a header has that exist, and how many cells."""
    names = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return sum(is_column(_column_name(name)) for name in names), len(names)


def _split_rows(text: str, separator: str, path: Path) -> Iterator[tuple[str, list[str]]]:
    """Origin and cells of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if any(row := [cell.strip() for cell in cells]):
                yield f"{path} line {reader.line_num}", row
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num} is not valid CSV: {error}") from None


def _name_cells(row: list[str], header: list[str], origin: str) -> dict[str, str]:
    """The non-empty cells of a row by the names of their columns."""
    for number, cell in enumerate(row):
        if cell and (number >= len(header) or not header[number]):
            raise InputError(
                f"{origin}: cell {number + 1}, {cell!r:.60}, is in a column without a name: name the column, or put "
                "text that contains the separator in quotes"
            )
    return {name: cell for name, cell in zip(header, row, strict=False) if cell}


def _column_name(text: str) -> str:
    """The name of an option or field as our own lists have it: `Max frames` -> `max_frames`."""
    name = re.sub(r"[\s-]+", "_", text.strip().lower())
    return ALIASES.get(name, name)


def _read_yaml(text: str, path: Path) -> Iterator[Row]:
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


def _make_request(origin: str, row: dict[Any, Any], is_column: IsColumn, base: Path) -> JobRequest:
    values: dict[str, str] = {}
    for key, value in row.items():
        name = _column_name(str(key))
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
