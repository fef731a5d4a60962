"""A preflight of the jobs of a batch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from models.errors import InputError
from pipelines.batch.configs import config_of
from pipelines.batch.jobs import Job
from pipelines.configs import AnimateConfig
from pipelines.preflight.check import InputChecker, InputReport
from pipelines.runtime.progress import Progress


def preflights(jobs: Sequence[Job], folder: Path, progress: Progress) -> Iterator[InputReport]:
    """What is to be expected of each job; those with the same options share networks and what was seen in the files.

    Raises:
        InputError: a job that is not of `animate`.
        WeightsError, BackendUnavailable: weights, device or extractor asked for can't be used.
    """
    if other := next((job for job in jobs if job.command != "animate"), None):
        raise InputError(f"{other.name}: --check looks at jobs of animate, this is one of {other.command}")
    checkers: dict[AnimateConfig, InputChecker] = {}
    for job in jobs:
        config = config_of(job, folder)
        assert isinstance(config, AnimateConfig)
        options = replace(config, source=Path(), driving=Path(), output=None)
        if options not in checkers:
            checkers[options] = InputChecker(config, progress)
        yield checkers[options].check(config.source, config.driving)
