"""Square crops of an image, resampled to the size that a network takes, and the way back.

The animation generator sees the square in which the person moves (`pipelines.generation.processors`), the keypoint
network squares in which it looks for people (`pipelines.keypoints.detectors.crops`). The canvas is the square resampled
to the network's size.

S: side of the square in image pixels; s: side of the canvas in pixels. Points are x, y; pixel centres are integers in
image and canvas alike, so a position p becomes (p + 0.5) * scale - 0.5 when it is resampled.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.media.boxes import Box, crop

MARGIN = 0.12  # room for flesh, hair and clothes on each side of the joints, in units of their larger extent
MIN_SIDE = 64  # image pixels


@dataclass(frozen=True)
class SquareCrop:
    """A square of an image and its canvas."""

    left: int
    """First column of the square, in image pixels; may be outside the image."""

    top: int
    """First row of the square, in image pixels; may be outside the image."""

    side: int
    """S."""

    size: int
    """s."""

    @classmethod
    def around(cls, points: np.ndarray, *, size: int) -> "SquareCrop":
        """The square that holds all points [..., 2] of the image, with MARGIN; size: s."""
        flat = points.reshape(-1, 2)
        low, high = flat.min(0), flat.max(0)
        side = max(round(float((high - low).max()) * (1 + 2 * MARGIN)), MIN_SIDE)
        left, top = np.round((low + high - side) / 2).astype(int).tolist()
        return cls(left, top, side, size)

    @classmethod
    def centred(cls, x: float, y: float, side: float, *, size: int) -> "SquareCrop":
        """The square of whole pixels nearest to a centre and side in image pixels; size: s."""
        pixels = max(round(side), 2)
        return cls(round(x - (pixels - 1) / 2), round(y - (pixels - 1) / 2), pixels, size)

    @property
    def box(self) -> Box:
        """The square as (left, top, right, bottom)."""
        return self.left, self.top, self.left + self.side, self.top + self.side

    @property
    def centre(self) -> tuple[float, float]:
        """x, y of the square's centre in image pixels."""
        return self.left + (self.side - 1) / 2, self.top + (self.side - 1) / 2

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The square of an image [H, W, 3] at full resolution, [S, S, 3]; border pixels continue outside."""
        return crop(image, self.box)

    def resize(self, square: np.ndarray) -> np.ndarray:
        """Square [S, S, 3] -> canvas [s, s, 3]."""
        smaller = self.size < self.side
        return cv2.resize(square, (self.size, self.size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)

    def to_canvas(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2 or more] of the image -> float64 points of the canvas; further columns stay as they are."""
        result = np.array(points, np.float64)
        result[..., :2] = _resample(result[..., :2] - (self.left, self.top), self.size / self.side)
        return result

    def from_canvas(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `to_canvas`; the points keep their floating-point type."""
        result = points.copy()
        result[..., :2] = _resample(points[..., :2], self.side / self.size) + np.array((self.left, self.top))
        return result


def _resample(points: np.ndarray, scale: float) -> np.ndarray:
    """Where points [..., 2] are after their image has been resized by `scale`."""
    return (points + 0.5) * scale - 0.5
