"""Objects of training batches that worker processes put together ahead of time, while a GPU trains.

Putting objects together is many small steps on a CPU, for which the GPU would have to wait.
"""

import itertools
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from pipelines.synthetic.objects import Objects, sample_objects
from pipelines.synthetic.tensors import move_to_device
from pipelines.training.data.batches import mix_seed
from pipelines.training.engine.distributed import Processes

MAX_WORKERS = 8

SampleObjects = Callable[..., Objects]  # with the arguments of `sample_objects`


class ObjectSampler:
    """Stands in for `sample_objects`; batch number b has a seed of its own, whatever the number of workers.

    On a CPU, which has no time to spare, there are none.
    """

    def __init__(self, processes: Processes, *, seed: int, workers: int | None = None) -> None:
        """workers: number of processes that put objects together; None: as many as there are cores for them."""
        if workers is None:
            cores = len(os.sched_getaffinity(0)) // processes.count
            workers = 0 if processes.device.type == "cpu" else min(MAX_WORKERS, cores)
        self._seed, self._workers, self._taken = seed, workers, 0
        self._first, self._step = processes.rank, processes.count
        self._options: dict[str, Any] = {}
        self._rest: Iterator[bytes] = iter(())

    def __call__(self, *, generator: torch.Generator, **options: Any) -> Objects:
        """The next objects, on the generator's device. A batch that differs from the last in its options waits.

        generator: says the device alone; options: the other arguments of `sample_objects`.

        Raises:
            ValueError: see `sample_objects`.
        """
        if options != self._options:
            self._options, self._rest = options, self._start(options)
        self._taken += 1
        return move_to_device(pickle.loads(next(self._rest)), generator.device)

    def _start(self, options: dict[str, Any]) -> Iterator[bytes]:
        places = itertools.count(self._first + self._taken * self._step, self._step)
        loader = DataLoader(
            _ObjectBatches(self._seed, options),
            batch_size=None,
            sampler=places,
            num_workers=self._workers,
            multiprocessing_context="spawn" if self._workers else None,  # forks of a process that uses a GPU may hang
        )
        return iter(loader)

    def state_dict(self) -> dict[str, int]:
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self._taken, self._options = state["taken"], {}


class _ObjectBatches(Dataset[bytes]):
    """Batches by their number, pickled: their many tensors would fill the shared memory of a container."""

    def __init__(self, seed: int, options: dict[str, Any]) -> None:
        self._seed, self._options = seed, options

    def __getitem__(self, number: int) -> bytes:
        generator = torch.Generator().manual_seed(mix_seed(self._seed, number))
        return pickle.dumps(sample_objects(generator=generator, **self._options))
