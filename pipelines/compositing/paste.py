"""Cutting boxes out of pictures and pasting them back with a soft edge; pictures side by side.

H, W: picture. A box is (left, top, right, bottom) in whole pixels, right and bottom exclusive; it may reach beyond
the picture.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipelines.media.boxes import Box, crop

__all__ = ["Box", "box_mask", "crop", "paste", "side_by_side", "soft_box_mask"]


def soft_box_mask(
    height: int, width: int, feather: float, *, soft: tuple[bool, bool, bool, bool] = (True, True, True, True)
) -> np.ndarray:
    """Weights float32 [height, width] in (0, 1]: 1 inside, a raised cosine over `feather` px towards the edges.

    soft: which of the edges (left, top, right, bottom) fade; the others keep 1 up to the last pixel.
    """
    columns = _ramp(width, feather, soft[0], soft[2])
    rows = _ramp(height, feather, soft[1], soft[3])
    return rows[:, None] * columns[None]  # [height, width]


def box_mask(picture: np.ndarray, box: Box, feather: float) -> np.ndarray:
    """`soft_box_mask` of a box on `picture` [H,W,...]: only edges that lie inside the picture fade."""
    left, top, right, bottom = box
    height, width = picture.shape[:2]
    soft = (left > 0, top > 0, right < width, bottom < height)
    return soft_box_mask(bottom - top, right - left, feather, soft=soft)


def paste(picture: np.ndarray, patch: np.ndarray, box: Box, mask: np.ndarray) -> np.ndarray:
    """A copy of `picture` uint8 [H,W,3] with `patch` uint8 [h,w,3] blended in by `mask` float [h,w] in [0, 1].

    patch and mask have the box's size; what lies beyond the picture is left out. Where the mask is 0 the picture's
    pixels, and where it is 1 the patch's, come through unchanged.
    Raises ValueError if the sizes differ.
    """
    left, top, right, bottom = box
    if patch.shape[:2] != (bottom - top, right - left) or mask.shape != patch.shape[:2]:
        raise ValueError(f"patch {patch.shape[:2]} and mask {mask.shape} must have the size of box {box}")
    height, width = picture.shape[:2]
    inner = slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
    if inner[0].start >= inner[0].stop or inner[1].start >= inner[1].stop:
        return picture.copy()
    own = slice(inner[0].start - top, inner[0].stop - top), slice(inner[1].start - left, inner[1].stop - left)
    result = picture.copy()
    weight = mask[own].astype(np.float32)
    below, above = np.ascontiguousarray(picture[inner]), np.ascontiguousarray(patch[own])
    result[inner] = cv2.blendLinear(below, above, 1 - weight, weight)
    return result


def side_by_side(pictures: Sequence[np.ndarray], *, height: int | None = None) -> np.ndarray:
    """uint8 RGB pictures [H_i,W_i,3] scaled to a common height (the tallest one's if None) in one row [H,sum W,3]."""
    common = height or max(picture.shape[0] for picture in pictures)
    return np.concatenate([_to_height(picture, common) for picture in pictures], axis=1)


def contact_sheet(pictures: Sequence[np.ndarray], columns: int, *, blank: int) -> np.ndarray:
    """Pictures [H, W, C] of one size in rows -> [rows * H, columns * W, C]; the end of a short last row is `blank`."""
    rows = -(-len(pictures) // columns)
    cells = [*pictures, *[np.full_like(pictures[0], blank)] * (rows * columns - len(pictures))]
    return np.concatenate([np.concatenate(cells[row * columns : (row + 1) * columns], 1) for row in range(rows)])


def _to_height(picture: np.ndarray, height: int) -> np.ndarray:
    if picture.shape[0] == height:
        return picture
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    smaller = height < picture.shape[0]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _ramp(length: int, feather: float, begin: bool, end: bool) -> np.ndarray:
    centre = np.arange(length, dtype=np.float32) + 0.5
    distance = np.full(length, np.inf, np.float32)
    if begin:
        distance = np.minimum(distance, centre)
    if end:
        distance = np.minimum(distance, length - centre)
    if feather <= 0:
        return np.ones(length, np.float32)
    return (0.5 - 0.5 * np.cos(np.pi * np.clip(distance / feather, 0, 1))).astype(np.float32)
