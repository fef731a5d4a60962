"""From what a user asks for to jobs: pair files, name the jobs, and keep every output inside the folder.

In: text from the command line (`expand_pairs`) or from a job list (`job_files`). Out: `Job`s with distinct names and
outputs (`build_jobs`). Called by `gfla batch`. Whatever can be refused is refused here, before anything runs.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from models.errors import InputError
from pipelines.batch.input_files import find_drivings, find_sources
from pipelines.batch.jobs import COMMANDS, Job
from pipelines.media.formats import CONTAINERS
from pipelines.media.stills import SUFFIXES as STILL_TYPES
from pipelines.runtime.progress import SILENT

# Patterns of job names, and suffixes of outputs.
PAIR = "{source}--{driving}"
NAME_PATTERNS = {"animate": PAIR, "pose": PAIR, "view-synth": "{source}--turntable", "face": PAIR}
OUTPUT_SUFFIXES = {"animate": ".mp4", "pose": ".png", "view-synth": ".mp4", "face": ".mp4"}
# Suffixes of transparent outputs, the default first.
TRANSPARENT_TYPES = {
    "animate": (".mov", ".webm"),
    "pose": (".png", ".webp"),
    "view-synth": (".png", ".webp", ".mov", ".webm"),
}
# Suffixes of outputs that the commands can write; without one the output is a folder of pictures.
VIDEO_TYPES = (*CONTAINERS, ".gif")
OUTPUT_TYPES = {
    "animate": VIDEO_TYPES,
    "pose": STILL_TYPES,
    "view-synth": (*VIDEO_TYPES, *STILL_TYPES),
    "face": VIDEO_TYPES,
}
# Options that may name a file.
FILE_OPTIONS = ("audio", "keypoints", "yolo_weights", "weights", "motion", "viewpoint", "shapenet", "background")
FILE_OPTIONS += ("c2pa_certificate", "c2pa_key", "landmarks", "source_landmarks", "also")
SEVERAL_FILES = ("also",)  # of these, options of several files, with commas between them
JOB_FIELDS = ("name", "command", "source", "driving", "output")  # what a job has beside the options of its command
MAX_NAME_LENGTH = 200  # characters of a name, bytes of each part of a path: leaves room for temporary names

ParseOptions = Callable[[str, dict[str, str], dict[str, str]], dict[str, Any]]


@dataclass(frozen=True)
class JobRequest:
    """One job as a user asked for it."""

    origin: str
    """Where the request comes from, for messages: the inputs, or the line of a job list."""
    values: dict[str, str]
    """Text by name of an option or of one of JOB_FIELDS."""
    base: Path
    """Folder that relative paths among the values start from."""


def expand_pairs(
    command: str,
    sources: str,
    drivings: str | None,
    options: dict[str, str],
    folder: Path,
    *,
    pair: str = "cross",
    note: Callable[[str], None] = SILENT.note,
) -> list[JobRequest]:
    """A request for every pair of source and driving, all with the same options.

    Args:
        sources, drivings: folder, pattern or file; `drivings` None where the command takes none.
        folder: the folder of the results.
        pair: "cross" for every source with every driving, "zip" for the first with the first and so on.
        note: hears which files of a folder are left out.

    Raises:
        InputError: no files, different numbers of them with "zip", or an input that is the folder of the results.
    """
    for text in (sources, drivings):
        if text is not None and Path(text).is_dir() and Path(text).resolve() == folder.resolve():
            raise InputError(f"{text} can't be both input and output: choose another -o")
    pictures = find_sources(sources, note)
    if drivings is None:
        return [JobRequest(str(picture), {**options, "source": str(picture)}, Path()) for picture in pictures]
    clips = find_drivings(command, drivings, note)
    if pair == "zip" and len(pictures) != len(clips):
        raise InputError(f"--pair zip needs as many drivings as sources, not {len(clips)} for {len(pictures)}")
    pairs = zip(pictures, clips, strict=True) if pair == "zip" else product(pictures, clips)
    return [
        JobRequest(f"{source} with {driving}", {**options, "source": str(source), "driving": str(driving)}, Path())
        for source, driving in pairs
    ]


def build_jobs(
    requests: Sequence[JobRequest],
    parse: ParseOptions,
    defaults: dict[str, str] | None = None,
    *,
    command: str = "animate",
    name: str | None = None,
    suffix: str | None = None,
) -> list[Job]:
    """The requested jobs.

    Args:
        parse: (command, options, defaults) -> fields of the command's config as JSON values; reads text as the command
            itself would, and ignores defaults that the command does not have.
        defaults: options for requests that omit them.
        command: for requests that name none.
        name: pattern of job names with {source} and {driving}; None for the command's own.
        suffix: of outputs, with or without its dot; None for the command's own, "" for folders of pictures.

    Raises:
        InputError: a value that the command refuses, an output outside the folder, two jobs with the same name or file.
    """
    jobs, located = [], {key: _locate(key, value, Path()) for key, value in (defaults or {}).items()}
    for request in requests:
        try:
            jobs.append(_build_job(request, parse, located, command=command, name=name, suffix=suffix))
        except InputError as error:
            raise InputError(f"{request.origin}: {error}") from None
    _refuse_collisions(jobs, [request.origin for request in requests])
    return jobs


def refuse_links_outside(jobs: Iterable[Job], folder: Path) -> None:
    """Raises InputError if a symbolic link inside `folder` would lead an output out of it."""
    inside = folder.resolve()
    for parent in {(folder / name).parent for job in jobs for name in job.outputs}:
        if not parent.resolve().is_relative_to(inside):
            raise InputError(f"{parent} leads out of {folder}: choose another output")


def _build_job(
    request: JobRequest,
    parse: ParseOptions,
    defaults: dict[str, str],
    *,
    command: str,
    name: str | None,
    suffix: str | None,
) -> Job:
    values = {key: _locate(key, value, request.base) for key, value in request.values.items()}
    if control := next((key for key, value in values.items() if re.search(r"[\x00-\x1f\x7f-\x9f]", value)), None):
        raise InputError(f"{control} contains a control character")
    own = {key: values.pop(key) for key in JOB_FIELDS if key in values}
    command = own.get("command", command)
    if command not in COMMANDS:
        raise InputError(f"command {command!r:.60} must be one of {', '.join(COMMANDS)}")
    options = parse(command, values, defaults)
    transparent = options.get("background") == "transparent" and not options.get("compare")
    inputs, stems = _parse_inputs(own, command, options, request.base)
    if "output" in own:
        output, label = own["output"], own.get("name") or str(PurePosixPath(own["output"]).with_suffix(""))
    else:
        label = own.get("name") or _format_name(name or NAME_PATTERNS[command], stems)
        usual = TRANSPARENT_TYPES[command][0] if transparent else OUTPUT_SUFFIXES[command]
        output = label + (usual if suffix is None else _check_suffix(suffix, command))
        if suffix == "" and PurePosixPath(output).suffix:
            raise InputError(f"{output!r:.60} can't be the name of a folder, because of its dot: choose another --name")
    _check_output(output)
    _check_type(PurePosixPath(output).suffix, command, f"output {output!r:.60}", transparent=transparent)
    if len(label) > MAX_NAME_LENGTH:
        raise InputError(f"name {label!r:.60}... is longer than {MAX_NAME_LENGTH} characters: choose a shorter one")
    return Job(label, command, options | inputs, output)


def _locate(option: str, value: str, base: Path) -> str:
    """The absolute path of each file that an option names, if there is one; words like `driving` stay as they are."""
    if option in SEVERAL_FILES and "," in value:
        return ",".join(_locate(option, part.strip(), base) for part in value.split(","))
    if option not in FILE_OPTIONS or "\0" in value or not (Path(value).suffix or len(Path(value).parts) > 1):
        return value
    return os.path.abspath(base / value) if (base / value).exists() else value


def _parse_inputs(
    own: dict[str, str], command: str, options: dict[str, Any], base: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    """The inputs as options of the command, and their names without suffix for the pattern of the job's name."""
    source, driving = (os.path.abspath(base / own[key]) if own.get(key) else None for key in ("source", "driving"))
    if command == "view-synth":
        if driving is not None or (source is None) == ("shapenet" not in options):
            raise InputError("view-synth takes either a source, or shapenet with an id, and no driving")
        stem = Path(source).stem if source else str(options.get("id"))
        return {"images": [source]} if source else {}, {"source": stem}
    if source is None or driving is None:
        raise InputError(f"{command} needs a source and a driving")
    stems = {"source": Path(source).stem, "driving": Path(driving).stem}
    return {"source": source} | ({"targets": [driving]} if command == "pose" else {"driving": driving}), stems


def _format_name(pattern: str, stems: dict[str, str]) -> str:
    def stem(match: re.Match[str]) -> str:
        if match[1] not in stems:
            raise InputError(f"--name {pattern!r:.60} may only contain {', '.join(f'{{{key}}}' for key in stems)}")
        return stems[match[1]]

    return re.sub(r"\{(.*?)\}", stem, pattern)


def _check_output(output: str) -> None:
    """Raises InputError for a path that is not below the folder, hidden, too long, or a %05d pattern."""
    parts, shown = output.split("/"), f"output {output!r:.60}"
    if os.path.isabs(output) or ".." in parts:
        raise InputError(f"{shown} is not inside the folder of -o: use a path below it")
    if any(not part or part.startswith(".") for part in parts):
        raise InputError(f"{shown} has an empty or hidden part: choose another name")
    if any(len(os.fsencode(part)) > MAX_NAME_LENGTH for part in parts):
        raise InputError(f"{shown}... is longer than {MAX_NAME_LENGTH} bytes: choose a shorter name")
    if "%" in output and output.lower().endswith(".png"):
        raise InputError(f"{shown}: for numbered pictures use the name of a folder, without suffix")


def _check_suffix(text: str, command: str) -> str:
    """The value of --suffix with its dot. Raises InputError for a type that the command can't write."""
    suffix = text if text[:1] in ("", ".") else f".{text}"
    _check_type(suffix, command, f"--suffix {text!r:.60}")
    return suffix


def _check_type(suffix: str, command: str, label: str, *, transparent: bool = False) -> None:
    """Raises InputError for a suffix that the command can't write; `label` begins the message."""
    if transparent and suffix and suffix.lower() not in TRANSPARENT_TYPES[command]:
        known = ", ".join(TRANSPARENT_TYPES[command])
        raise InputError(f"{label} can't be transparent: use {known}, or no suffix for a folder")
    if suffix and suffix.lower() not in OUTPUT_TYPES[command]:
        known = ", ".join(OUTPUT_TYPES[command])
        raise InputError(f"{label}: gfla {command} can't write this type: use {known}, or no suffix for a folder")


def _refuse_collisions(jobs: Sequence[Job], origins: Sequence[str]) -> None:
    """Raises InputError if two jobs have one name or write one file, also where a file system ignores case."""
    taken: dict[str, int] = {}
    for number, job in enumerate(jobs):
        for what in (f"name {job.name}", *(f"file {output}" for output in job.outputs)):
            first = taken.setdefault(_fold(what), number)
            if first != number:
                raise InputError(
                    f"{origins[first]} and {origins[number]} have the same {what!r:.80}: give them different names "
                    "(--name, or the column name)"
                )
    for number, job in enumerate(jobs):
        for above in PurePosixPath(job.output).parents:
            if (first := taken.get(_fold(f"file {above}"))) is not None:
                raise InputError(
                    f"{origins[number]} writes into {str(above)!r:.60}, which is the output of {origins[first]}"
                )


def _fold(text: str) -> str:
    """Text that is equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", text).casefold()
