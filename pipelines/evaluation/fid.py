"""Frechet distance between the features of two sets of pictures (Heusel et al. 2017), through torchmetrics.

Pictures and a feature network go in, a distance comes out. Called by `pipelines.evaluation.evaluate`.
N pictures of a set, n of a batch, F features, H, W size of the pictures.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from models.errors import InputError

BATCH = 64


class FrechetDistance:
    """Takes the features of both sets batch by batch and keeps only their sums, in float64.

    Args:
        features: F.
    """

    def __init__(self, features: int) -> None:
        self.metric: Any = FrechetInceptionDistance(feature=_PassThrough(features))
        self.generated = self.reference = 0  # pictures of each set so far

    def add(self, features: Tensor, *, real: bool) -> None:
        """Add features [n, F] of reference (`real`) or generated pictures."""
        self.metric.update(features.double().cpu(), real=real)
        if real:
            self.reference += len(features)
        else:
            self.generated += len(features)

    def value(self) -> float:
        """The distance, with unbiased covariances. Raises InputError if a set has fewer than two pictures."""
        if min(self.generated, self.reference) < 2:
            counts = f"{self.generated} generated and {self.reference} reference pictures"
            raise InputError(f"FID needs at least two pictures on each side, not {counts}")
        return float(self.metric.compute())


def add_pictures(
    distance: FrechetDistance,
    pictures: Iterable[np.ndarray],
    network: nn.Module,
    *,
    real: bool,
    drop_last: bool,
    device: str,
) -> None:
    """Add the features of pictures uint8 [H, W, 3] of equal size, 64 at a time.

    Args:
        network: uint8 [n, 3, H, W] -> [n, F].
        real: whether they are the reference.
        drop_last: leave out an incomplete last batch, as the authors do.

    Raises:
        InputError: the sizes differ.
    """
    for batch in _make_batches(pictures):
        if len(batch) == BATCH or not drop_last:
            with torch.inference_mode():
                distance.add(network(batch.to(device)), real=real)


class _PassThrough(nn.Module):
    """The feature network that torchmetrics asks for, where features are computed already."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.num_features = features

    def forward(self, features: Tensor) -> Tensor:
        return features


def _make_batches(pictures: Iterable[np.ndarray]) -> Iterator[Tensor]:
    waiting: list[np.ndarray] = []
    for picture in pictures:
        if waiting and waiting[0].shape != picture.shape:
            raise InputError("the pictures of a set for FID differ in size: pass --resize WIDTHxHEIGHT")
        waiting.append(picture)
        if len(waiting) == BATCH:
            yield _stack(waiting)
            waiting = []
    if waiting:
        yield _stack(waiting)


def _stack(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2)))  # [n, 3, H, W]
