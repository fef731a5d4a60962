"""From the fields of a tab to a job: the same rules as for a line of a job list.

In: a task, uploads and options as text. Out: a `Job` with a name and an output that no other one has.
"""

from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path

from gfla_cli import job_options
from gfla_cli.ui.forms import Task
from models.errors import InputError
from pipelines.batch.jobs import Job
from pipelines.batch.planning import NAME_PATTERNS, OUTPUT_SUFFIXES, JobRequest, build_jobs


def make_job(
    task: Task, source: Path, driving: Path | None, options: Mapping[str, str], folder: Path, taken: Collection[str]
) -> Job:
    """A job of the task.

    Args:
        options: of the command, by name, and `suffix`, the type of the output.
        folder: where the output goes.
        taken: names of other jobs.

    Raises:
        InputError: a value that the command refuses.
    """
    values = dict(options)
    transparent = values.get("background") == "transparent" and values.get("compare") != "true"
    usual = ".webm" if transparent else OUTPUT_SUFFIXES[task.command]
    suffix = values.pop("suffix", usual)
    values |= {"command": task.command, "source": str(source)} | ({"driving": str(driving)} if driving else {})
    stems = {"source": source.stem, "driving": driving.stem if driving else ""}
    name = _choose_name(NAME_PATTERNS[task.command].format(**stems), suffix, folder, taken)
    request = JobRequest("", values | {"name": name, "output": f"{name}{suffix}"}, folder)
    try:
        return build_jobs([request], job_options.parse)[0]
    except InputError as error:
        raise InputError(str(error).removeprefix(": ")) from None


def _choose_name(wanted: str, suffix: str, folder: Path, taken: Collection[str]) -> str:
    """The name, with a number if it is taken, also where a file system ignores case."""
    folded = {name.casefold() for name in taken}
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(name for name in names if name.casefold() not in folded and not (folder / f"{name}{suffix}").exists())
