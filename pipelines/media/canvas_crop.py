"""Crops of an image, resampled to the canvas that a network takes, and the way back.

A canvas is a crop resampled to the network's size. The person generator sees the rectangle in which the person moves
(`CanvasCrop`, `pipelines.generation.processors`), the keypoint network squares in which it looks for people
(`pipelines.media.square_crop`).

Points are x, y; pixel centres are integers in image and canvas alike, so a position p becomes (p + 0.5) * scale - 0.5
when it is resampled.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.media.boxes import Box, crop

MARGIN = 0.12  # room for flesh, hair and clothes on each side of the joints, in units of their larger extent
MIN_SIDE = 64  # image pixels
CELL = 32  # the sides of a canvas are multiples of it, because the flow net halves them five times


@dataclass(frozen=True)
class CanvasCrop:
    """A rectangle of an image and its canvas."""

    left: int
    """First column of the rectangle, in image pixels; may be outside the image."""

    top: int
    """First row of the rectangle, in image pixels; may be outside the image."""

    width: int
    """Columns of the rectangle, in image pixels."""

    height: int
    """Rows of the rectangle, in image pixels."""

    columns: int
    """Width of the canvas, in its pixels."""

    rows: int
    """Height of the canvas, in its pixels."""

    @classmethod
    def around(cls, points: np.ndarray, *, size: int, outline: Box | None = None) -> "CanvasCrop":
        """The rectangle that holds all points [..., 2] of the image with MARGIN, and the box `outline` without one.

        size: the longer side of the canvas, a multiple of CELL; the shorter side is as short as they allow.
        """
        flat = points.reshape(-1, 2)
        low, high = flat.min(0), flat.max(0)
        margin = MARGIN * float((high - low).max())
        low, high = low - margin, high + margin
        if outline is not None:
            low, high = np.minimum(low, outline[:2]), np.maximum(high, outline[2:])
        longest = max(round(float((high - low).max())), MIN_SIDE)
        columns, rows = (
            min(max(math.ceil(side * size / longest / CELL), 1) * CELL, size) for side in (high - low).tolist()
        )
        width, height = (round(side * longest / size) for side in (columns, rows))
        left, top = np.round((low + high - (width, height)) / 2).astype(int).tolist()
        return cls(left, top, width, height, columns, rows)

    def extend(self, columns: int, rows: int) -> "CanvasCrop":
        """The same with a canvas of at least that size, and more of the image on all sides at the same scale."""
        columns, rows = max(columns, self.columns), max(rows, self.rows)
        width, height = round(columns * self.width / self.columns), round(rows * self.height / self.rows)
        left, top = self.left - (width - self.width) // 2, self.top - (height - self.height) // 2
        return CanvasCrop(left, top, width, height, columns, rows)

    @property
    def box(self) -> Box:
        """The rectangle as (left, top, right, bottom)."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    @property
    def scale(self) -> np.ndarray:
        """Canvas pixels per image pixel along x and y, [2]."""
        return np.array([self.columns / self.width, self.rows / self.height])

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The rectangle of an image [H, W, ...] at full resolution; border pixels continue outside."""
        return crop(image, self.box)

    def resize(self, cut: np.ndarray) -> np.ndarray:
        """Rectangle [height, width, ...] -> canvas [rows, columns, ...]."""
        smaller = self.columns < self.width
        return cv2.resize(cut, (self.columns, self.rows), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)

    def to_canvas(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2 or more] of the image -> float64 points of the canvas; further columns stay as they are."""
        result = np.array(points, np.float64)
        result[..., :2] = _resample(result[..., :2] - (self.left, self.top), self.scale)
        return result

    def from_canvas(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `to_canvas`; the points keep their floating-point type."""
        result = points.copy()
        result[..., :2] = _resample(points[..., :2], 1 / self.scale) + np.array((self.left, self.top))
        return result


def _resample(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Where points [..., 2] are after their image has been resized by `scale` [2]."""
    return (points + 0.5) * scale - 0.5
