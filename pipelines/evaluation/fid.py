"""Frechet distance between two sets of pictures or of features (Heusel et al. 2017), through torchmetrics.

N pictures, F features.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from models.errors import InputError

BATCH = 64


class _Given(nn.Module):
    """Features that are there already."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.num_features = count

    def forward(self, features: Tensor) -> Tensor:
        return features


class Frechet:
    """Takes features [n, F] batch by batch and keeps their sums only, in float64."""

    def __init__(self, count: int) -> None:
        self.metric: Any = FrechetInceptionDistance(feature=_Given(count))
        self.counts = {True: 0, False: 0}

    def add(self, features: Tensor, *, real: bool) -> None:
        """Features of reference (`real`) or generated pictures."""
        self.metric.update(features.double().cpu(), real=real)
        self.counts[real] += len(features)

    def value(self) -> float:
        """The distance, with unbiased covariances. Raises InputError with fewer than two pictures on a side."""
        if min(self.counts.values()) < 2:
            raise InputError(
                f"FID needs two pictures on each side, it has {self.counts[False]} and {self.counts[True]}"
            )
        return float(self.metric.compute())


def frechet_distance(reference: np.ndarray, generated: np.ndarray) -> float:
    """The distance between two sets of given features [N, F].

    Raises:
        InputError: fewer than two rows on a side.
    """
    frechet = Frechet(reference.shape[1])
    frechet.add(torch.from_numpy(np.asarray(reference, np.float64)), real=True)
    frechet.add(torch.from_numpy(np.asarray(generated, np.float64)), real=False)
    return frechet.value()


def add_pictures(
    frechet: Frechet, pictures: Iterable[np.ndarray], network: nn.Module, *, real: bool, drop_last: bool, device: str
) -> None:
    """Add the features of pictures uint8 [H, W, 3] of equal size, 64 at a time.

    Args:
        network: uint8 [n, 3, H, W] -> [n, F].
        drop_last: leave out an incomplete last batch, as the authors do.

    Raises:
        InputError: the sizes differ.
    """
    for batch in _batches(pictures):
        if len(batch) == BATCH or not drop_last:
            with torch.inference_mode():
                frechet.add(network(batch.to(device)), real=real)


def _batches(pictures: Iterable[np.ndarray]) -> Iterator[Tensor]:
    waiting: list[np.ndarray] = []
    for picture in pictures:
        if waiting and waiting[0].shape != picture.shape:
            raise InputError("the pictures of a set for FID differ in size: give --resize WIDTHxHEIGHT")
        waiting.append(picture)
        if len(waiting) == BATCH:
            yield _stack(waiting)
            waiting = []
    if waiting:
        yield _stack(waiting)


def _stack(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2)))  # [n, 3, H, W]
