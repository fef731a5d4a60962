"""Square crops of a frame: where to look for a person, and the way from the crop's pixels back to the frame's.

H, W size of the frame; S side of the network's input. Pixel centres are integers in both.
"""

from dataclasses import dataclass

import cv2
import numpy as np

GREY = 128
MOST_TILES = 4
ASPECT = 1.25  # frames longer than this are also searched square by square
SMALL_FRAME = 96  # frames with a shorter side are not searched for small people
SMALL_SIDE = 0.55  # side of the tiles of a thorough search, of the frame's short side
MARGIN = 1.25  # side of the crop over the larger side of the person's box


@dataclass(frozen=True)
class Crop:
    """A square of a frame: `left`, `top` and `side` in whole pixels; may reach beyond the frame."""

    left: int
    top: int
    side: int

    @classmethod
    def around(cls, x: float, y: float, side: float) -> "Crop":
        """The square nearest to the given centre and side."""
        whole = max(round(side), 2)
        return cls(round(x - (whole - 1) / 2), round(y - (whole - 1) / 2), whole)

    @property
    def centre(self) -> tuple[float, float]:
        """x, y in pixels of the frame."""
        return self.left + (self.side - 1) / 2, self.top + (self.side - 1) / 2

    def cut(self, image: np.ndarray, size: int) -> np.ndarray:
        """Resample to uint8 [S, S, 3]; grey beyond the frame [H, W, 3]."""
        height, width = image.shape[:2]
        top, left = np.clip(self.top, 0, height), np.clip(self.left, 0, width)
        bottom, right = np.clip(self.top + self.side, 0, height), np.clip(self.left + self.side, 0, width)
        canvas = image[top:bottom, left:right]
        if canvas.shape[:2] != (self.side, self.side):
            inner, canvas = canvas, np.full((self.side, self.side, 3), GREY, np.uint8)
            y, x = top - self.top, left - self.left
            canvas[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
        shrink = self.side > size
        return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)

    def from_frame(self, keypoints: np.ndarray, size: int) -> np.ndarray:
        """Inverse of `to_frame`."""
        result = keypoints.copy()
        result[:, :2] = (keypoints[:, :2] - (self.left, self.top) + 0.5) * (size / self.side) - 0.5
        return result

    def to_frame(self, keypoints: np.ndarray, size: int) -> np.ndarray:
        """Keypoints [17, 3] in pixels of the crop's resampling -> pixels of the frame."""
        result = keypoints.copy()
        result[:, :2] = (keypoints[:, :2] + 0.5) * (self.side / size) - 0.5 + (self.left, self.top)
        return result


def search_crops(height: int, width: int, *, thorough: bool) -> list[Crop]:
    """Where to look without knowing anything: the whole frame, squares along a long frame, then smaller tiles."""
    long, short = max(height, width), min(height, width)
    crops = [Crop.around((width - 1) / 2, (height - 1) / 2, long)]
    if long > ASPECT * short:
        crops += _tiles(height, width, max(short, long // MOST_TILES))
    if thorough and short >= SMALL_FRAME:
        crops += _tiles(height, width, max(round(SMALL_SIDE * short), long // (2 * MOST_TILES)))
    return crops


def _tiles(height: int, width: int, side: int) -> list[Crop]:
    """Squares that cover the frame and overlap by a third or more."""
    tops, lefts = (_starts(length, side) for length in (height, width))
    return [Crop(left, top, side) for top in tops for left in lefts]


def _starts(length: int, side: int) -> list[int]:
    count = int(np.ceil((length - side) / (side * 2 / 3))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)] if count > 1 else [0]


def person_crop(pose: np.ndarray, height: int, width: int, *, confident: float) -> Crop:
    """The square around the confident joints of [17, 3]; longer downwards while no ankle is seen."""
    seen = pose[pose[:, 2] >= confident, :2]
    low, high = seen.min(0), seen.max(0)
    low[1] -= 0.08 * (high[1] - low[1])  # forehead and hair
    if (pose[[15, 16], 2] < confident).all():
        high[1] = max(min(high[1] + (high[1] - low[1]), height - 1), high[1])
    side = MARGIN * max((high - low).max(), 8.0)
    x, y = (low + high) / 2
    return Crop.around(float(x), float(y), min(float(side), 2.0 * max(height, width)))
