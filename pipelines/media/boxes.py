"""Boxes of an image, and cutting them out.

A box is (left, top, right, bottom) in whole pixels, right and bottom exclusive; it may reach beyond the image. H, W:
size of the image.
"""

import numpy as np

Box = tuple[int, int, int, int]


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """Copy a box out of an image [H, W, ...] -> [bottom-top, right-left, ...]; border pixels continue outside.

    Raises:
        ValueError: the box is empty.
    """
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        raise ValueError(f"box {box} is empty")
    height, width = image.shape[:2]
    rows = np.clip(np.arange(top, bottom), 0, height - 1)
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return image[rows[:, None], columns[None]]
