"""A person as a layer: premultiplied colour, coverage and shadow, laid over any background.

H, W: picture; h, w: the layer's box, which may reach beyond the picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from pipelines.compositing.transparency import spread_colour
from pipelines.media.boxes import Box


@dataclass(frozen=True)
class Layer:
    """A person without background."""

    colour: np.ndarray
    """float32 RGB [h, w, 3] times coverage, 0 to 255."""
    alpha: np.ndarray
    """float32 [h, w], coverage from 0 to 1."""
    box: Box
    """Where the layer is in the picture: left, top, right, bottom in pixels."""
    shadow: np.ndarray | None = None
    """float32 [h, w], how much the person darkens what is behind: 0 not at all, 1 black; None for no shadow."""

    def inside(self, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The part of the picture [height, width] that the layer covers, and that part of the layer itself: rows and
        columns of each, empty where they don't meet."""
        return overlap(self.box, height, width)


PendingTensor = Callable[[], Tensor]
"""Waits for a tensor on the CPU."""
PendingLayer = Callable[[], Layer]
"""Finishes a layer, maybe in another thread than the one that began it."""


def overlap(box: Box, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """See `Layer.inside`."""
    left, top, right, bottom = box
    rows, columns = (_overlap(top, bottom, height), _overlap(left, right, width))
    moved = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    return (rows, columns), moved


def lay_over(background: np.ndarray, layer: Layer) -> np.ndarray:
    """The layer and its shadow over a background uint8 RGB [H, W, 3], as a new picture of the same size."""
    result = background.copy()
    place, own = layer.inside(*background.shape[:2])
    if not layer.alpha[own].size:
        return result
    through = 1 - layer.alpha[own]
    if layer.shadow is not None:
        through *= 1 - layer.shadow[own]
    behind = cv2.multiply(background[place], cv2.merge([through] * 3), dtype=cv2.CV_32F)
    result[place] = cv2.convertScaleAbs(cv2.add(behind, layer.colour[own]))  # rounds, and stops at 255
    return result


def merge_layers(layers: Sequence[Layer]) -> Layer:
    """Several people as one layer, the last of them in front. Their shadows fall on what is behind all of them."""
    left, top = (min(each.box[side] for each in layers) for side in (0, 1))
    right, bottom = (max(each.box[side] for each in layers) for side in (2, 3))
    height, width = bottom - top, right - left
    colour, alpha = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    through = np.ones((height, width), np.float32)  # what the shadows leave
    for each in layers:
        x, y = each.box[0] - left, each.box[1] - top
        place = slice(y, y + each.alpha.shape[0]), slice(x, x + each.alpha.shape[1])
        behind = 1 - each.alpha
        colour[place] = each.colour + colour[place] * behind[..., None]
        alpha[place] = each.alpha + alpha[place] * behind
        if each.shadow is not None:
            through[place] *= 1 - each.shadow
    has_shadow = any(each.shadow is not None for each in layers)
    return Layer(colour, alpha, (left, top, right, bottom), 1 - through if has_shadow else None)


def to_rgba(layer: Layer, height: int, width: int) -> np.ndarray:
    """The layer alone, as straight RGBA uint8 [H, W, 4]; its shadow is black of that coverage.

    Where nothing is covered, the colours are those nearby.
    """
    result = np.zeros((height, width, 4), np.uint8)
    place, own = layer.inside(height, width)
    alpha = layer.alpha[own]
    coverage = alpha if layer.shadow is None else 1 - (1 - alpha) * (1 - layer.shadow[own])
    levels = np.rint(coverage * 255)  # colours are those that go with the coverage as it is stored
    straight = layer.colour[own] * (255 / np.maximum(levels, 1))[..., None]
    result[place] = np.clip(np.dstack([straight, levels]) + 0.5, 0, 255)
    return spread_colour(result)


def _overlap(first: int, last: int, size: int) -> slice:
    start = min(max(first, 0), size)
    return slice(start, max(min(last, size), start))
