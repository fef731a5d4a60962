"""`gfla batch --check`: inspects the inputs of every job before anything runs.

In: jobs of `animate`. Out: an `InputReport` for each, as `gfla check` makes it. Called by `gfla batch`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.errors import InputError
from pipelines.batch.jobs import Job, config_of
from pipelines.configs import AnimateConfig
from pipelines.preflight.check import InputChecker, InputReport
from pipelines.runtime.progress import Progress


def check_jobs(jobs: Sequence[Job], folder: Path, progress: Progress) -> Iterator[InputReport]:
    """The report of each job, in order. Jobs with the same options share networks and what was found in the files.

    Raises:
        InputError: a job of another command than `animate`.
        WeightsError, BackendUnavailable: the weights, device or detector of a job can't be used.
    """
    if other := next((job for job in jobs if job.command != "animate"), None):
        raise InputError(f"--check supports jobs of animate only; {other.name} is a job of {other.command}")
    checkers: dict[AnimateConfig, InputChecker] = {}
    for job in jobs:
        config = config_of(job, folder)
        assert isinstance(config, AnimateConfig)
        options = replace(config, source=Path(), driving=Path(), output=None)
        if options not in checkers:
            checkers[options] = InputChecker(config, progress)
        yield checkers[options].check(config.source, config.driving)
