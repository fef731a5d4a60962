"""A job: one run of `gfla animate`, `pose` or `view-synth` as plain data. Nothing here imports torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.runtime.fingerprints import digest, identity

INPUTS = {"animate": ("source", "driving"), "pose": ("source", "targets"), "view-synth": ("images", "shapenet")}
COMMANDS = tuple(INPUTS)
# Jobs that agree in these share networks.
NETWORKS = ("weights", "motion", "device", "precision", "category", "viewpoint")


@dataclass(frozen=True)
class Job:
    """One output to make. JSON-ready and picklable.

    name: unique in its batch. command: one of COMMANDS. options: fields of that command's config as JSON values, paths
    absolute, times and rates as fractions in text ("30000/1001"); what is left out has its default.
    output: path relative to the folder of the batch, with `/`.
    """

    name: str
    command: str
    options: dict[str, Any]
    output: str

    @property
    def inputs(self) -> list[str]:
        """The files and folders that the job is about, the source first."""
        values = [self.options.get(name) for name in INPUTS[self.command]]
        return [item for value in values if value for item in (value if isinstance(value, list) else [value])]

    @property
    def source(self) -> str:
        """The picture that is animated, posed or turned."""
        return self.inputs[0]

    @property
    def driving(self) -> str | None:
        """The clip, or the first target pose; None for an object."""
        return self.inputs[1] if self.command != "view-synth" else None

    @property
    def outputs(self) -> list[str]:
        """Everything that the job writes: `output`, and the second video of `--debug` beside it."""
        path = PurePosixPath(self.output)
        debug = [str(path.with_name(f"{path.stem}--debug{path.suffix}"))] if self.options.get("debug") else []
        return [self.output, *debug]

    @cached_property
    def key(self) -> str:
        """SHA-256 of the command, its options, and path, size and mtime of every file they name: another input or
        option is another job."""
        values = [item for value in self.options.values() for item in (value if isinstance(value, list) else [value])]
        files = [identity(Path(value)) for value in values if isinstance(value, str) and os.path.isabs(value)]
        return digest([self.command, self.options, files])


@dataclass(frozen=True)
class Group:
    """Jobs that one worker does one after the other, because they share inputs and networks.

    together: how many of them are generated at once, as a batch of the network; with 1 a job's bytes do not depend on
    its group. threads: of torch and of the video encoder; the bytes depend on it.
    """

    jobs: tuple[Job, ...]
    together: int = 1
    threads: int = 1


def into_groups(jobs: Sequence[Job], *, size: int, together: int = 1, threads: int = 1) -> list[Group]:
    """Jobs that share networks, and then the driving clip, side by side, in groups of at most `size`."""
    shared: dict[str, dict[str | None, list[Job]]] = {}
    for job in jobs:
        networks = digest([job.command, [job.options.get(name) for name in NETWORKS]])
        shared.setdefault(networks, {}).setdefault(job.driving, []).append(job)
    groups = []
    for clips in shared.values():
        alike = [job for clip in clips.values() for job in clip]
        groups += [tuple(alike[first : first + size]) for first in range(0, len(alike), size)]
    return [Group(group, together, threads) for group in groups]
