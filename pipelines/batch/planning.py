"""From what was asked for to jobs: files of folders and patterns, pairs, names, and outputs that stay in the folder.

Everything that can be refused is refused here, before anything runs.
"""

import glob
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from models.errors import InputError
from pipelines.batch.jobs import COMMANDS, Job
from pipelines.media.ordering import natural_key
from pipelines.media.pictures import PICTURE_SUFFIXES

CLIPS = frozenset(
    (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".ts", ".wmv", ".flv", ".3gp", ".ogv")
) | {".gif", ".json"}
NAMES = {"animate": "{source}--{driving}", "pose": "{source}--{driving}", "view-synth": "{source}--turntable"}
SUFFIXES = {"animate": ".mp4", "pose": ".png", "view-synth": ".mp4"}
# Options that may name a file.
FILES = ("audio", "keypoints", "yolo_weights", "weights", "motion", "viewpoint", "shapenet")
OWN = ("name", "command", "source", "driving", "output")  # what a job has beside the options of its command
LONGEST = 200  # bytes of one part of a path, so that temporary names fit as well

Parse = Callable[[str, dict[str, str], dict[str, str]], dict[str, Any]]
ParseValues = Callable[[str, dict[str, str]], dict[str, Any]]


@dataclass(frozen=True)
class JobRequest:
    """One job as a user asked for it: text by option name or one of OWN. `where` stands in messages; relative paths are
    relative to `base`."""

    where: str
    values: dict[str, str]
    base: Path


def expand_pairs(
    command: str, sources: str, drivings: str | None, options: dict[str, str], folder: Path, *, pair: str = "cross"
) -> list[JobRequest]:
    """Every source with every driving, or with `pair` "zip" the first with the first and so on; views have none.
    All get the same options.

    Raises:
        InputError: nothing there, numbers that differ under "zip", or an input that is the `folder` of the results.
    """
    for text in (sources, drivings):
        if text is not None and Path(text).is_dir() and Path(text).resolve() == folder.resolve():
            raise InputError(f"{text} can't be input and output at once: give another -o")
    pictures = found(sources, PICTURE_SUFFIXES)
    if drivings is None:
        pairs = [(picture, None) for picture in pictures]
    elif pair == "zip":
        clips = _drivings(command, drivings)
        if len(pictures) != len(clips):
            raise InputError(f"--pair zip needs as many sources as drivings: {len(pictures)} and {len(clips)}")
        pairs = list(zip(pictures, clips, strict=True))
    else:
        pairs = list(product(pictures, _drivings(command, drivings)))
    return [_wish(picture, clip, options) for picture, clip in pairs]


def found(text: str, suffixes: Iterable[str]) -> list[Path]:
    """The files of a folder that have one of the suffixes, the matches of a pattern, or one file; in natural order.

    Raises:
        InputError: there are none.
    """
    path = Path(text)
    if path.is_dir():
        known = set(suffixes)
        files = [item for item in path.iterdir() if item.suffix.lower() in known and item.name[0] != "."]
        if not files:
            raise InputError(f"folder {text} holds no file that can be used ({', '.join(sorted(known))})")
        return sorted(files, key=natural_key)
    if path.exists() or not glob.has_magic(text):
        return [path]
    if not (files := [Path(match) for match in glob.glob(text, recursive=True)]):
        raise InputError(f"no file matches {text!r}: check the pattern")
    return sorted(files, key=natural_key)


def build_jobs(
    wishes: Sequence[JobRequest],
    parse: Parse,
    defaults: dict[str, str] | None = None,
    *,
    command: str = "animate",
    name: str | None = None,
    suffix: str | None = None,
) -> list[Job]:
    """The jobs, with names and outputs that differ.

    Args:
        parse: reads the options of a command as the command would, from text and from defaults that it may not have.
        defaults: options for jobs that do not say.
        command, name, suffix: for jobs that do not say; None: the command's own.

    Raises:
        InputError: a value that the command refuses, an output outside the folder, two jobs of the same name.
    """
    jobs, general = [], {key: _located(key, value, Path()) for key, value in (defaults or {}).items()}
    for wish in wishes:
        try:
            jobs.append(_job(wish, lambda kind, values: parse(kind, values, general), command, name, suffix))
        except InputError as error:
            raise InputError(f"{wish.where}: {error}") from None
    _refuse_collisions(jobs, [wish.where for wish in wishes])
    return jobs


def _drivings(command: str, text: str) -> list[Path]:
    """For a pose every picture is a target; a clip may be a folder of pictures itself."""
    path = Path(text)
    if command == "pose":
        return found(text, PICTURE_SUFFIXES | {".json"})
    if not path.is_dir():
        return found(text, CLIPS)
    return sorted((item for item in path.iterdir() if _is_clip(item)), key=natural_key) or [path]


def _is_clip(path: Path) -> bool:
    frames = PICTURE_SUFFIXES | {".json"}
    holds_frames = path.is_dir() and any(item.suffix.lower() in frames for item in path.iterdir())
    return path.name[0] != "." and (holds_frames or path.suffix.lower() in CLIPS)


def _wish(source: Path, driving: Path | None, options: dict[str, str]) -> JobRequest:
    if driving is None:
        return JobRequest(str(source), {**options, "source": str(source)}, Path())
    return JobRequest(f"{source} with {driving}", {**options, "source": str(source), "driving": str(driving)}, Path())


def _job(wish: JobRequest, parse: ParseValues, command: str, name: str | None, suffix: str | None) -> Job:
    values = {key: _located(key, value, wish.base) for key, value in wish.values.items()}
    if control := next((key for key, value in values.items() if re.search(r"[\x00-\x1f\x7f-\x9f]", value)), None):
        raise InputError(f"{control} holds a control character")
    own = {key: values.pop(key) for key in OWN if key in values}
    command = own.get("command", command)
    if command not in COMMANDS:
        raise InputError(f"command {command!r:.60} must be one of {', '.join(COMMANDS)}")
    options = parse(command, values)
    inputs, stems = _inputs(own, command, options, wish.base)
    if "output" in own:
        output, label = own["output"], own.get("name") or str(PurePosixPath(own["output"]).with_suffix(""))
    else:
        label = own.get("name") or _named(name or NAMES[command], stems)
        output = label + (SUFFIXES[command] if suffix is None else suffix)
    _check_output(output)
    if len(label) > LONGEST:
        raise InputError(f"name {label!r:.60}... is longer than {LONGEST} characters: give a shorter one")
    return Job(label, command, options | inputs, output)


def _located(option: str, value: str, base: Path) -> str:
    """The file that an option names, from `base`; words like `driving` or `bundled` stay."""
    if option not in FILES or "\0" in value or not (Path(value).suffix or len(Path(value).parts) > 1):
        return value
    return os.path.abspath(base / value) if (base / value).exists() else value


def _inputs(
    own: dict[str, str], command: str, options: dict[str, Any], base: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """The inputs as options of the command, and their names without suffix."""
    source, driving = (os.path.abspath(base / own[key]) if own.get(key) else None for key in ("source", "driving"))
    if command == "view-synth":
        if driving is not None or (source is None) == ("shapenet" not in options):
            raise InputError("view-synth needs a source, or shapenet with an id, and no driving")
        stem = Path(source).stem if source else str(options.get("id"))
        return {"images": [source]} if source else {}, {"source": stem}
    if source is None or driving is None:
        raise InputError(f"{command} needs a source and a driving")
    stems = {"source": Path(source).stem, "driving": Path(driving).stem}
    return {"source": source} | ({"driving": driving} if command == "animate" else {"targets": [driving]}), stems


def _named(pattern: str, stems: dict[str, str]) -> str:
    def stem(match: re.Match[str]) -> str:
        if match[1] not in stems:
            raise InputError(f"--name {pattern!r:.60} may hold {', '.join(f'{{{key}}}' for key in stems)}")
        return stems[match[1]]

    return re.sub(r"\{(.*?)\}", stem, pattern)


def _check_output(output: str) -> None:
    """Raises InputError for a path that is not below the folder, hidden, too long, or a %05d pattern."""
    parts, shown = output.split("/"), f"output {output!r:.60}"
    if os.path.isabs(output) or ".." in parts:
        raise InputError(f"{shown} is not inside the folder of -o: give a path below it")
    if any(not part or part.startswith(".") for part in parts):
        raise InputError(f"{shown} has an empty or hidden part: give another name")
    if any(len(os.fsencode(part)) > LONGEST for part in parts):
        raise InputError(f"{shown}... is longer than {LONGEST} bytes: give a shorter name")
    if "%" in output and output.lower().endswith(".png"):
        raise InputError(f"{shown}: numbered pictures go into a folder here, give a name without suffix")


def _refuse_collisions(jobs: Sequence[Job], where: Sequence[str]) -> None:
    """Raises InputError where two jobs have one name or write one file, also on disks that ignore case."""
    taken: dict[str, int] = {}
    for number, job in enumerate(jobs):
        for what in {f"name {job.name}", *(f"file {output}" for output in job.outputs)}:
            first = taken.setdefault(_folded(what), number)
            if first != number:
                raise InputError(
                    f"{where[first]} and {where[number]} have the same {what!r:.80}: give them other names (--name, "
                    "or the column name)"
                )
    for number, job in enumerate(jobs):
        for above in PurePosixPath(job.output).parents:
            if (first := taken.get(_folded(f"file {above}"))) is not None:
                raise InputError(f"{where[number]} writes into {str(above)!r:.60}, which is the file of {where[first]}")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def refuse_escapes(jobs: Iterable[Job], folder: Path) -> None:
    """Raises InputError if a link in the folder leads an output out of it."""
    inside = folder.resolve()
    for parent in {(folder / name).parent for job in jobs for name in job.outputs}:
        if not parent.resolve().is_relative_to(inside):
            raise InputError(f"{parent} leads out of {folder}: give another output")
