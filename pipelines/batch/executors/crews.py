"""Executors ready to work, by name: each on its machine or cluster, and how jobs are spread there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.batch.executors import EXECUTORS, Executor
from pipelines.batch.executors.allocation import Allocation, Machine

Crew = tuple[Executor, Allocation]


@dataclass(frozen=True)
class ExecutorOptions:
    """What the user asks for. devices: of the jobs. workers, threads, together: None for what suits; see `Allocation`.

    ray_address, shared_storage: see `ray_connection.connected` and `ray_executor.Ray`.
    """

    devices: Sequence[str]
    workers: int | None = None
    threads: int | None = None
    together: int | None = None
    ray_address: str | None = None
    shared_storage: bool = True

    def here(self) -> Allocation:
        """On this machine."""
        return self.on(Machine.here(self.devices))

    def on(self, machine: Machine) -> Allocation:
        """On another one."""
        return machine.spread(self.workers, self.threads, self.together)


@contextmanager
def _local(folder: Path, wanted: ExecutorOptions, note: Callable[[str], None]) -> Iterator[Crew]:
    spread = wanted.here()
    yield EXECUTORS["local"](folder, workers=spread.workers, gpus=[gpu for gpu, _ in spread.gpus]), spread


@contextmanager
def _ray(folder: Path, wanted: ExecutorOptions, note: Callable[[str], None]) -> Iterator[Crew]:
    from pipelines.batch.executors.ray.connection import connected

    with connected(wanted.ray_address, note) as cluster:
        spread = wanted.on(cluster.machine(wanted.devices))
        options = {"cluster": cluster, "at_most": wanted.workers, "shared_storage": wanted.shared_storage}
        yield EXECUTORS["ray"](folder, workers=spread.workers, **options), spread


CREWS: dict[str, Callable[..., AbstractContextManager[Crew]]] = {"local": _local, "ray": _ray}
