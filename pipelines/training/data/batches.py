"""Batches in an order that depends on the seed alone: the same after a resume, and shared out among processes.

Of the run's samples in order, batch number b of process r of n is `Share.samples(b)`; so n processes see what one
process with n times the batch sees.
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

PRIME = 1_000_003


def mixed(*numbers: int) -> int:
    """One seed of several numbers, below 2^32."""
    seed = 0
    for number in numbers:
        seed = (seed * PRIME + number) % 2**61
    return seed % (2**32 - 5)


@dataclass(frozen=True)
class Share:
    """What one of `count` processes gets of each step's samples: `batch` of them."""

    batch: int
    rank: int = 0
    count: int = 1

    def samples(self, number: int) -> range:
        """Places in the run's order of the samples of batch `number`."""
        start = (number * self.count + self.rank) * self.batch
        return range(start, start + self.batch)


class Batches:
    """An endless row of batches that can go on anywhere; how many were taken is all that resuming needs."""

    def __init__(self, begin: Callable[[int], Iterator[Any]]) -> None:
        self.taken = 0
        self._begin = begin
        self._rest: Iterator[Any] | None = None

    def next(self) -> Any:
        """The batch after the last one."""
        if self._rest is None:
            self._rest = self._begin(self.taken)
        self.taken += 1
        return next(self._rest)

    def state_dict(self) -> dict[str, int]:
        return {"taken": self.taken}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.taken, self._rest = state["taken"], None


class ByEpoch(Dataset):
    """Items by epoch and index, in whatever worker they are asked for."""

    def __init__(self, dataset: SeededDataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, place: tuple[int, int]) -> Any:
        epoch, index = place
        self.dataset.set_epoch(epoch)
        return self.dataset[index]


def read_batches(
    dataset: SeededDataset[Any], share: Share, *, seed: int, workers: int
) -> Callable[[int], Iterator[Any]]:
    """Items of a data set in a new order each epoch, the last incomplete batch left out.

    Raises:
        InputError: there is not even one batch.
    """
    together = share.batch * share.count
    count = len(dataset)  # pyright: ignore[reportArgumentType]
    if count < together:
        raise InputError(f"the data set has {count} items: a smaller --batch than {share.batch} is needed")
    rounds = count // together

    def places(first: int) -> Iterator[list[tuple[int, int]]]:
        for epoch in itertools.count(first // rounds):
            shuffled = torch.Generator().manual_seed(mixed(seed, epoch))
            order = torch.randperm(count, generator=shuffled).tolist()
            for number in range(max(first - epoch * rounds, 0), rounds):
                yield [(epoch, order[sample]) for sample in share.samples(number)]

    def begin(first: int) -> Iterator[Any]:
        loader = DataLoader(
            ByEpoch(dataset),
            batch_sampler=places(first),  # pyright: ignore[reportArgumentType]
            num_workers=workers,
            generator=torch.Generator().manual_seed(seed),
        )
        return iter(loader)

    return begin


def rendered_batches(
    draw: Callable[[int, torch.Generator], Any], share: Share, *, seed: int, together: int, device: torch.device
) -> Callable[[int], Iterator[Any]]:
    """Samples that `draw(count, generator)` makes; as many at once as divide the batch, at most `together`.

    Each group has a seed of its own, so that other batches of which it is a divisor are made of the same groups.
    """
    size = math.gcd(share.batch, together)

    def begin(first: int) -> Iterator[Any]:
        for number in itertools.count(first):
            starts = share.samples(number)[::size]
            groups = [draw(size, torch.Generator(device).manual_seed(mixed(seed, at // size))) for at in starts]
            yield combined(torch.cat, groups)

    return begin


def combined(function: Callable[[list[Tensor]], Tensor], parts: Sequence[Any]) -> Any:
    """Equal nests of named tuples, tensors and Nones as one such nest, tensor by tensor."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], Tensor):
        return function(list(parts))
    return type(parts[0])(*(combined(function, group) for group in zip(*parts, strict=True)))


def moved(batch: Any, device: torch.device) -> Any:
    """The nest with its tensors on the device."""
    return combined(lambda tensors: tensors[0].to(device, non_blocking=True), [batch])
