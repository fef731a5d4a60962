"""Executors by name: each does all groups, somewhere, and tells what happens."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipelines.batch.events import Event
from pipelines.batch.jobs import Group


class Executor(Protocol):
    """Runs `pipelines.batch.worker.run_group` on every group; shared conformance tests hold every executor to this.

    It is made for one folder, into which all outputs go. A worker that dies fails only the job that it was at, after
    one more try in a fresh process; the others go on.
    """

    workers: int

    def run(self, groups: Sequence[Group]) -> Iterator[Event]:
        """Every event of every job as it happens: started, now and then progress, then done or failed once.

        Closing the iterator early, also by an exception or Ctrl-C, stops the work; no process and no temporary file of
        it is left then.
        """
        ...


def _local(folder: Path, *, workers: int, gpus: Sequence[str]) -> Executor:
    from pipelines.batch.executors.local import Local

    return Local(folder, workers=workers, gpus=gpus)


def _ray(folder: Path, **options: Any) -> Executor:
    from pipelines.batch.executors.ray.executor import Ray

    return Ray(folder, **options)


EXECUTORS: dict[str, Callable[..., Executor]] = {"local": _local, "ray": _ray}
