"""Turned squares of a frame: what a network sees of it, and the way back of the points that it finds.

A region is what a network's square input shows. Its points are x, y in 0..1 of the square, and perhaps a depth in units
of its side. S: side of the network's input in pixels.

Pixel centres are integers here, and MediaPipe's networks were trained with the pixel at i of the input taken at i / S
of the region, which `sample` and `to_frame` both follow.
"""

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from pipelines.keypoints.detectors.crops import search_crops

MAX_SHRINK = 3.0  # regions larger than so many inputs are averaged first: else what lies between the samples is lost


@dataclass(frozen=True)
class Region:
    """A square of a frame, turned around its centre."""

    x: float
    """Column of the centre in pixels of the frame."""
    y: float
    """Row of the centre in pixels of the frame."""
    side: float
    """Side in pixels of the frame."""
    angle: float = 0.0
    """How far it is turned clockwise, in radians."""

    @classmethod
    def between(cls, start: np.ndarray, end: np.ndarray, *, direction: float, scale: float) -> Self:
        """The square around the point `start` (x, y), in which the point `end` lies in a given direction.

        Args:
            direction: of `end` as seen from `start` in the turned square, in degrees counter-clockwise from the right:
                90 is straight up.
            scale: side of the square in units of twice the distance.
        """
        x, y = (end - start).tolist()
        angle = math.radians(direction) - math.atan2(-y, x)
        return cls(float(start[0]), float(start[1]), 2 * math.hypot(x, y) * scale, normalize_angle(angle))

    @classmethod
    def whole(cls, height: int, width: int) -> Self:
        """The square that just holds a frame of height x width."""
        return cls(width / 2, height / 2, max(height, width))

    def shifted(self, x: float, y: float) -> Self:
        """The square moved along its own sides, in units of its side."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        moved = self.x + (x * cos - y * sin) * self.side, self.y + (x * sin + y * cos) * self.side
        return type(self)(*moved, self.side, self.angle)

    def blend(self, other: "Region", share: float) -> Self:
        """The square between this one and another, of which it has a share of 0..1."""
        turn = normalize_angle(other.angle - self.angle)
        x, y, side = (a + share * (b - a) for a, b in zip(self._place, other._place, strict=True))
        return type(self)(x, y, side, normalize_angle(self.angle + share * turn))

    @property
    def _place(self) -> tuple[float, float, float]:
        return self.x, self.y, self.side

    @property
    def matrix(self) -> np.ndarray:
        """float64 [2, 3]: (x, y, 1) in 0..1 of the square -> x, y in pixels of the frame."""
        cos, sin = math.cos(self.angle) * self.side, math.sin(self.angle) * self.side
        return np.array([[cos, -sin, self.x - (cos - sin) / 2], [sin, cos, self.y - (sin + cos) / 2]])

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2 or 3] of the square -> the frame in pixels, the depth as well."""
        matrix = self.matrix
        places = points[..., :2] @ matrix[:, :2].T + matrix[:, 2]
        return np.concatenate((places, points[..., 2:] * self.side), -1)

    def sample(self, image: np.ndarray, size: int, *, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        """The square of a frame uint8 [H, W, 3] resampled to uint8 [S, S, 3]; beyond the frame the border continues.

        Args:
            size: S.
            border: BORDER_CONSTANT makes everything beyond the frame black.
        """
        part, left, top = self._cut(image)
        shrink = self.side / size / MAX_SHRINK
        matrix = self.matrix - np.array([[0, 0, left], [0, 0, top]])
        if shrink > 1:
            height, width = part.shape[:2]
            smaller = max(round(width / shrink), 1), max(round(height / shrink), 1)
            scales = np.array([[smaller[0] / width], [smaller[1] / height]])
            matrix = matrix * scales
            matrix[:, 2:] += (scales - 1) / 2  # pixel centres are integers before and after
            part = cv2.resize(part, smaller, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= size
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(part, matrix, (size, size), flags=flags, borderMode=border)

    def _cut(self, image: np.ndarray) -> tuple[np.ndarray, int, int]:
        """The part of the frame that the square can touch, and its first column and row."""
        corners = self.to_frame(np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]]))
        height, width = image.shape[:2]
        left, top = (math.floor(value) - 1 for value in corners.min(0).tolist())
        right, bottom = (math.ceil(value) + 2 for value in corners.max(0).tolist())
        left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
        return image[top : max(bottom, top + 1), left : max(right, left + 1)], left, top

    def spread(self, mask: np.ndarray, height: int, width: int) -> np.ndarray:
        """A map of the square float32 [S, S] as one of a frame of height x width; 0 beyond the square."""
        matrix = self.matrix
        matrix[:, :2] /= len(mask)
        return cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def search_regions(height: int, width: int, *, thorough: bool) -> list[Region]:
    """Where to look in a frame of height x width: all of it, then the parts of `search_crops`."""
    crops = search_crops(height, width, size=1, thorough=thorough)[1:]
    parts = [Region(crop.left + crop.side / 2, crop.top + crop.side / 2, crop.side) for crop in crops]
    return [Region.whole(height, width), *parts]


def normalize_angle(angle: float) -> float:
    """The same angle in -pi..pi."""
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))
