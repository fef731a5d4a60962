"""Batches in an order that depends on the seed alone: the same after a resume, and divided among the processes.

The paper's recipes use them. Batch number b of process r of n consists of the samples `Share.samples(b)` of the run's
order, so n processes see what one process with n times the batch sees.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from models.errors import InputError
from pipelines.datasets.base import SeededDataset

SEED_FACTOR = 1_000_003

StartBatches = Callable[[int], Iterator[Any]]  # all batches from a number on


def mix_seed(*numbers: int) -> int:
    """One seed below 2^32 that depends on all numbers and their order."""
    seed = 0
    for number in numbers:
        seed = (seed * SEED_FACTOR + number) % 2**61
    return seed % (2**32 - 5)


@dataclass(frozen=True)
class Share:
    """The part of each step's samples that one process gets."""

    batch: int
    """Samples per process and step."""
    rank: int = 0
    """Number of the process, from 0."""
    count: int = 1
    """Number of processes."""

    def samples(self, number: int) -> range:
        """Places in the run's order of the samples of batch `number`."""
        start = (number * self.count + self.rank) * self.batch
        return range(start, start + self.batch)


class Batches:
    """An endless sequence of batches that can start anywhere; resuming needs only the number of batches taken."""

    def __init__(self, start: StartBatches) -> None:
        self.taken = 0
        self._start = start
        self._rest: Iterator[Any] | None = None

    def next(self) -> Any:
        """The next batch."""
        if self._rest is None:
            self._rest = self._start(self.taken)
        self.taken += 1
        return next(self._rest)

    def state_dict(self) -> dict[str, int]:
        return {"taken": self.taken}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.taken, self._rest = state["taken"], None


class EpochItems(Dataset):
    """Items of a data set by epoch and index, in any worker process."""

    def __init__(self, dataset: SeededDataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, place: tuple[int, int]) -> Any:
        epoch, index = place
        self.dataset.set_epoch(epoch)
        return self.dataset[index]


def read_batches(dataset: SeededDataset[Any], share: Share, *, seed: int, workers: int) -> StartBatches:
    """Batches of a data set's items, in a new order every epoch, without the last incomplete batch.

    workers: number of processes that read, 0 for this one.

    Raises:
        InputError: the data set is smaller than one batch of all processes.
    """
    together = share.batch * share.count
    count = len(dataset)  # pyright: ignore[reportArgumentType]
    if count < together:
        raise InputError(f"--batch {share.batch}: the data set has only {count} items, use a smaller batch")
    rounds = count // together

    def places(first: int) -> Iterator[list[tuple[int, int]]]:
        for epoch in itertools.count(first // rounds):
            shuffled = torch.Generator().manual_seed(mix_seed(seed, epoch))
            order = torch.randperm(count, generator=shuffled).tolist()
            for number in range(max(first - epoch * rounds, 0), rounds):
                yield [(epoch, order[sample]) for sample in share.samples(number)]

    def start(first: int) -> Iterator[Any]:
        loader = DataLoader(
            EpochItems(dataset),
            batch_sampler=places(first),  # pyright: ignore[reportArgumentType]
            num_workers=workers,
            generator=torch.Generator().manual_seed(seed),
        )
        return iter(loader)

    return start


def rendered_batches(
    draw: Callable[[int, torch.Generator], Any], share: Share, *, seed: int, together: int, device: torch.device
) -> StartBatches:
    """Batches of samples that `draw(count, generator)` renders in groups of at most `together`.

    The size of the groups divides the batch. Each group has a seed of its own, so batches of another size consist of
    the same groups if that size divides them as well.
    """
    size = math.gcd(share.batch, together)

    def start(first: int) -> Iterator[Any]:
        for number in itertools.count(first):
            places = share.samples(number)[::size]
            groups = [draw(size, torch.Generator(device).manual_seed(mix_seed(seed, at // size))) for at in places]
            yield combine(torch.cat, groups)

    return start


def combine(function: Callable[[list[Tensor]], Tensor], parts: Sequence[Any]) -> Any:
    """Combine nested named tuples of tensors and Nones, all of one structure, tensor by tensor."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], Tensor):
        return function(list(parts))
    return type(parts[0])(*(combine(function, group) for group in zip(*parts, strict=True)))


def move_to_device(batch: Any, device: torch.device) -> Any:
    """Nested named tuples of tensors and Nones, with the tensors on the device."""
    return combine(lambda tensors: tensors[0].to(device, non_blocking=True), [batch])
