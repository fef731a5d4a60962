"""Values that are known in places, spread softly over the rest of a picture."""

import cv2
import numpy as np

REACHES = ((5, 1e-2), (31, 1e-4), (127, 1e-6))  # sides of the squares that are averaged, and how little each counts


def spread(values: np.ndarray, weights: np.ndarray, shrink: int) -> np.ndarray:
    """Means of what is known nearby.

    Args:
        values: float32 [H, W, C].
        weights: float32 [H, W], how much a value counts, 0 where it is unknown.
        shrink: at which share of the size it is done.

    Returns:
        float32 [h, w, C], h and w being `shrink` times smaller; 0 where nothing is known within the largest reach.
    """
    height, width = weights.shape
    size = -(-width // shrink), -(-height // shrink)
    weighted = np.dstack([values * weights[..., None], weights])
    near = small = np.dstack([cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in cv2.split(weighted)])
    for side, share in REACHES:
        near = near + cv2.blur(small, (side, side)) * share
    return near[..., :-1] / np.maximum(near[..., -1:], 1e-12)
