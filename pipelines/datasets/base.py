"""The base of all data sets: items are drawn anew in every epoch, and equal for equal seeds.

The modules of this room derive from it; `pipelines.training.data.batches` feeds a `DataLoader` with it.
"""

from abc import ABC, abstractmethod
from typing import TypeVar

import numpy as np
from torch.utils.data import Dataset

Item = TypeVar("Item", covariant=True)


class SeededDataset(Dataset[Item], ABC):
    """What is random in an item depends on seed, epoch and index only, so the number of workers makes no difference.

    Call `set_epoch` before each pass over a `DataLoader`, whose workers must not be persistent.
    """

    def __init__(self, seed: int) -> None:
        self.seed, self.epoch = seed, 0

    @abstractmethod
    def __len__(self) -> int: ...

    def set_epoch(self, epoch: int) -> None:
        """Draw different items from now on."""
        self.epoch = epoch

    def item_random(self, index: int) -> np.random.Generator:
        """The random numbers of one item."""
        return np.random.default_rng((self.seed, self.epoch, index))
