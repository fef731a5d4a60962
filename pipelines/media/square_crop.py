"""The square of a picture in which the person moves, as the generator sees it.

S side of the square in picture pixels, s side of the generator's canvas (256), K joints.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.compositing.paste import Box, crop

MARGIN = 0.12
SMALLEST = 64


@dataclass(frozen=True)
class SquareCrop:
    """`box` (left, top, right, bottom) is a square in picture pixels, it may reach beyond; `size` is s."""

    box: Box
    size: int

    @classmethod
    def around(cls, points: np.ndarray, *, size: int) -> "SquareCrop":
        """The square that holds all points [..., 2] (picture pixels) with a margin for flesh, hair and clothes."""
        flat = points.reshape(-1, 2)
        low, high = flat.min(0), flat.max(0)
        side = max(round(float((high - low).max()) * (1 + 2 * MARGIN)), SMALLEST)
        left, top = np.round((low + high - side) / 2).astype(int).tolist()
        return cls((left, top, left + side, top + side), size)

    @property
    def side(self) -> int:
        """S."""
        return self.box[2] - self.box[0]

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """The square at the picture's own resolution, uint8 [S, S, 3]."""
        return crop(picture, self.box)

    def shrink(self, square: np.ndarray) -> np.ndarray:
        """Square [S, S, 3] -> canvas [s, s, 3]."""
        smaller = self.size < self.side
        return cv2.resize(square, (self.size, self.size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)

    def to_canvas(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2 or 3] from picture to canvas pixels; further columns stay."""
        result = np.array(points, np.float64)
        result[..., :2] = (result[..., :2] - self.box[:2] + 0.5) * (self.size / self.side) - 0.5
        return result
