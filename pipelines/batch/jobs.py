"""A job: one run of `gfla animate`, `pose`, `view-synth` or `face` as plain data. Nothing here imports torch.

`planning` makes jobs from what a user asks for, executors send them to workers in groups, and workers turn each back
into the config of its command with `config_of`.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from pipelines.configs import AnimateConfig, FaceConfig, PoseConfig, ViewSynthConfig, debug_path
from pipelines.runtime.config_values import config_from_json
from pipelines.runtime.fingerprints import file_identity, json_digest

JobConfig = AnimateConfig | PoseConfig | ViewSynthConfig | FaceConfig
CONFIGS: dict[str, type[JobConfig]] = {
    "animate": AnimateConfig,
    "pose": PoseConfig,
    "view-synth": ViewSynthConfig,
    "face": FaceConfig,
}
COMMANDS = tuple(CONFIGS)
# Options that name what a job is about, the source first.
INPUT_OPTIONS = {
    "animate": ("source", "driving"),
    "pose": ("source", "targets"),
    "view-synth": ("images", "shapenet"),
    "face": ("source", "driving"),
}
# Jobs that agree in these options share their networks.
NETWORK_OPTIONS = ("weights", "motion", "device", "precision", "category", "viewpoint")


@dataclass(frozen=True)
class Job:
    """One output to make. JSON-ready and picklable."""

    name: str
    """Unique in its batch."""
    command: str
    """One of COMMANDS."""
    options: dict[str, Any]
    """Fields of the command's config as JSON values: absolute paths, times and rates as fractions in text
    ("30000/1001"). Omitted fields keep their defaults."""
    output: str
    """Path relative to the folder of the batch, with `/`."""

    @property
    def inputs(self) -> list[str]:
        """The files and folders that the job is about, the source first."""
        values = [self.options.get(name) for name in INPUT_OPTIONS[self.command]]
        return [item for value in values if value for item in _as_list(value)]

    @property
    def source(self) -> str:
        """The picture that is animated, posed or turned."""
        return self.inputs[0]

    @property
    def driving(self) -> str | None:
        """The driving video, or the first target pose; None for views of an object."""
        return self.inputs[1] if self.command != "view-synth" else None

    @property
    def outputs(self) -> list[str]:
        """Everything that the job writes: `output`, and the second video of `debug` beside it."""
        path = PurePosixPath(self.output)
        return [self.output, *([str(debug_path(path))] if self.options.get("debug") else [])]

    @property
    def files(self) -> list[str]:
        """Every absolute path among the options, in their order."""
        values = [item for value in self.options.values() for item in _as_list(value)]
        return [value for value in values if isinstance(value, str) and os.path.isabs(value)]

    @cached_property
    def key(self) -> str:
        """SHA-256 of the command, its options, and path, size and mtime of every file that they name.

        The journal compares it: a job with another key is another job, even under the same name.
        """
        return json_digest([self.command, self.options, [file_identity(Path(path)) for path in self.files]])


@dataclass(frozen=True)
class Group:
    """Jobs that one worker runs one after another, because they share inputs and networks."""

    jobs: tuple[Job, ...]
    """At least one."""
    together: int = 1
    """How many of the jobs are generated at once, as one batch of the network. With 1, the bytes of a job do not depend
    on its group."""
    threads: int = 1
    """Threads of PyTorch and of the video encoder; the bytes of the results depend on it."""


@runtime_checkable
class Feed(Protocol):
    """Groups that are not all known when an executor begins."""

    stopped: bool
    """Whether no more groups come; those that have not begun are dropped."""

    def take(self) -> Sequence[Group]:
        """The groups that have come since the last call."""
        ...


def group_jobs(jobs: Iterable[Job], *, size: int, together: int = 1, threads: int = 1) -> list[Group]:
    """Groups of at most `size` jobs that share networks; jobs with the same driving video are neighbours."""
    by_networks: dict[str, dict[str | None, list[Job]]] = {}
    for job in jobs:
        networks = json_digest([job.command, [job.options.get(name) for name in NETWORK_OPTIONS]])
        by_networks.setdefault(networks, {}).setdefault(job.driving, []).append(job)
    groups = []
    for by_driving in by_networks.values():
        ordered = [job for neighbours in by_driving.values() for job in neighbours]
        groups += [tuple(ordered[first : first + size]) for first in range(0, len(ordered), size)]
    return [Group(group, together, threads) for group in groups]


def config_of(job: Job, folder: Path) -> JobConfig:
    """The config of a job whose output goes into `folder`, replacing an earlier output of the job.

    Raises:
        InputError: an option that the command does not have.
    """
    values = job.options
    if job.command == "view-synth":
        values = {"images": [], **values}  # the config wants them; a job that reads a ShapeNet file has none
    return config_from_json(CONFIGS[job.command], values, output=folder / job.output, overwrite=True)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
