"""What is behind a person.

In: the number of an output frame, from 0. Out: uint8 RGB [H, W, 3] of the size of the output. Called by the processors,
which lay the person over it.
"""

from abc import ABC, abstractmethod

import numpy as np


class Background(ABC):
    """One background for all frames of an output."""

    @abstractmethod
    def frame(self, number: int) -> np.ndarray | None:
        """What is behind the person in an output frame, uint8 RGB [H, W, 3], not to be written to; None for nothing.

        Numbers rise from call to call.
        """


class PictureBackground(Background):
    """One picture [H, W, 3] behind all frames, for instance the source picture without the person."""

    def __init__(self, plate: np.ndarray) -> None:
        self.plate = plate

    def frame(self, number: int) -> np.ndarray:
        return self.plate
