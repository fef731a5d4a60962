"""Executors by name: what an executor is, what a user can ask of it, and how each is opened.

In: a name, the folder of the batch and `ExecutorOptions`. Out: an `Executor` ready to run, and an `Allocation`, which
says how jobs are spread over it. Called by `gfla batch`. A new executor is a function here, a line in EXECUTORS and a
test class that derives from `tests/helpers/executor_contract.py`.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.executors.allocation import Allocation, Machine
from pipelines.batch.jobs import Group


class Executor(Protocol):
    """Runs `pipelines.batch.worker.run_group` on every group; made for one folder, into which all outputs go.

    If a worker process dies, the job it was running gets one more try in a fresh process and then fails; other jobs
    continue.
    """

    workers: int
    """How many groups it runs at once."""

    def run(self, groups: Sequence[Group]) -> Generator[Event]:
        """The events of every job as they happen: started, progress now and then, then done or failed once.

        Closing the generator early, also by an exception or Ctrl-C, stops the work and leaves neither processes nor
        temporary files.

        Raises:
            BackendUnavailable, ProcessingError: it can't run here, or can't continue.
        """
        ...


@dataclass(frozen=True)
class ExecutorOptions:
    """What a user asks of an executor."""

    devices: Sequence[str]
    """`device` options of the jobs."""
    workers: int | None = None
    """Groups to run at once; None for as many as the machine can take."""
    threads: int | None = None
    """Threads per worker, see `Group`; None for the default of the machine."""
    together: int | None = None
    """Videos that a worker generates at once, see `Group`; None for the default of the machine."""
    ray_address: str | None = None
    """HOST:PORT of a Ray cluster, see `ray.connection.connect`."""
    shared_storage: bool = True
    """Whether all nodes of a Ray cluster see the inputs and the folder of the batch under the same paths."""

    def allocate(self, machine: Machine | None = None) -> Allocation:
        """How jobs are spread over a machine; by default this one."""
        machine = machine or Machine.detect(self.devices)
        return machine.allocate(workers=self.workers, threads=self.threads, together=self.together)


Note = Callable[[str], None]
OpenExecutor = AbstractContextManager[tuple[Executor, Allocation]]


def open_executor(name: str, folder: Path, options: ExecutorOptions, note: Note) -> OpenExecutor:
    """A context manager that gives the executor `name` for a batch in `folder`, and how to spread jobs over it.

    `note` receives lines worth knowing, such as which cluster is used.

    Raises:
        InputError: no such executor.
        BackendUnavailable: on entering, if it can't run here.
    """
    if name not in EXECUTORS:
        raise InputError(f"executor {name!r:.60} must be one of {', '.join(EXECUTORS)}")
    return EXECUTORS[name](folder, options, note)


@contextmanager
def _open_local(folder: Path, options: ExecutorOptions, note: Note) -> Iterator[tuple[Executor, Allocation]]:
    from pipelines.batch.executors.local import LocalExecutor

    allocation = options.allocate()
    gpus = [gpu for gpu, _ in allocation.gpus]
    yield LocalExecutor(folder, workers=allocation.workers, gpus=gpus), allocation


@contextmanager
def _open_ray(folder: Path, options: ExecutorOptions, note: Note) -> Iterator[tuple[Executor, Allocation]]:
    from pipelines.batch.executors.ray.connection import connect

    with connect(options.ray_address, note) as cluster:
        from pipelines.batch.executors.ray.executor import RayExecutor  # needs Ray, which `connect` looks for

        allocation = options.allocate(cluster.machine(options.devices))
        executor = RayExecutor(
            folder,
            workers=allocation.workers,
            cluster=cluster,
            max_tasks=options.workers,
            shared_storage=options.shared_storage,
        )
        yield executor, allocation


EXECUTORS: dict[str, Callable[[Path, ExecutorOptions, Note], OpenExecutor]] = {"local": _open_local, "ray": _open_ray}
