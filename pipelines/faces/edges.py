"""Canny edges as scikit-image computes them (sigma 1, thresholds 0.1 and 0.2), for training machines without it.

The authors' structures hold these edges; OpenCV's own Canny rounds gradients to four directions. H, W size.
"""

import cv2
import numpy as np

SIGMA, TRUNCATE = 1.0, 4
LOW, HIGH = 0.1, 0.2
Map = np.ndarray  # float64 [H, W]


def canny(grey: np.ndarray) -> np.ndarray:
    """Edges of a grey picture uint8 [H, W] as bool [H, W]; its outermost pixels are never edges."""
    smooth = _smooth(grey / 255)
    down, right = (cv2.Sobel(smooth, cv2.CV_64F, *axis, ksize=3, borderType=cv2.BORDER_REFLECT) for axis in _AXES)
    magnitude = np.sqrt(down * down + right * right)
    thin = _is_ridge(down, right, magnitude) & (magnitude >= LOW)
    thin[[0, -1]] = thin[:, [0, -1]] = False
    _, pieces = cv2.connectedComponents(thin.astype(np.uint8), connectivity=8)
    strong = np.unique(pieces[thin & (magnitude >= HIGH)])
    return thin & np.isin(pieces, strong)


_AXES = ((0, 1), (1, 0))


def _smooth(image: Map) -> Map:
    """Gaussian blur [H, W], normalised by the part of the kernel that is inside the image."""
    side = 2 * int(TRUNCATE * SIGMA + 0.5) + 1

    def blur(values: Map) -> Map:
        return cv2.GaussianBlur(values, (side, side), SIGMA, borderType=cv2.BORDER_CONSTANT)

    return blur(image) / (blur(np.ones_like(image)) + np.finfo(np.float64).eps)


def _is_ridge(down: Map, right: Map, magnitude: Map) -> np.ndarray:
    """Where the magnitude is a maximum along the gradient, against interpolated neighbours: bool [H, W]."""
    padded = np.pad(magnitude, 1)
    height, width = magnitude.shape

    def at(row: int, column: int) -> Map:
        return padded[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    steep, falling = np.abs(down) > np.abs(right), down * right < 0
    share = np.minimum(np.abs(down), np.abs(right)) / np.maximum(np.maximum(np.abs(down), np.abs(right)), 1e-300)

    def beside(sign: int) -> Map:
        along = np.where(steep, np.where(falling, at(-sign, 0), at(sign, 0)), at(0, sign))
        diagonal = np.where(falling, at(-sign, sign), at(sign, sign))
        return diagonal * share + along * (1 - share)

    return (beside(1) <= magnitude) & (beside(-1) <= magnitude)
