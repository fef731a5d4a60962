"""Layers scaled and moved: a person of one picture in another one."""

from math import ceil, floor

import cv2
import numpy as np

from pipelines.compositing.layers import Layer
from pipelines.media.boxes import Box


def move_layer(layer: Layer, scale: float, shift: tuple[float, float]) -> Layer:
    """The layer where a point x, y of its picture is at scale * x + shift; points are in the middle of pixels.

    Where it shrinks, pixels are averaged by area.
    """
    left, top, right, bottom = (
        scale * (edge - 0.5) + offset + 0.5 for edge, offset in zip(layer.box, (*shift, *shift), strict=True)
    )
    box = (floor(left), floor(top), ceil(right) + 1, ceil(bottom) + 1)
    parts = [layer.colour, layer.alpha[..., None], *([] if layer.shadow is None else [layer.shadow[..., None]])]
    moved = _resample(np.concatenate(parts, -1), (left - box[0], top - box[1], right - left, bottom - top), box)
    shadow = None if layer.shadow is None else moved[..., 4]
    return Layer(moved[..., :3], moved[..., 3], box, shadow)


def _resample(image: np.ndarray, place: tuple[float, float, float, float], box: Box) -> np.ndarray:
    """An image [h, w, C] at left, top, width and height `place` of a box, 0 around it."""
    height, width = image.shape[:2]
    size = max(1, round(place[2])), max(1, round(place[3]))
    if size[0] < width:
        image = np.dstack([cv2.resize(channel, size, interpolation=cv2.INTER_AREA) for channel in cv2.split(image)])
        height, width = image.shape[:2]
    x, y = place[2] / width, place[3] / height  # pixels per pixel that are left
    matrix = np.array([[x, 0, place[0] + x / 2 - 0.5], [0, y, place[1] + y / 2 - 0.5]])
    across, down = box[2] - box[0], box[3] - box[1]
    moved = [cv2.warpAffine(channel, matrix, (across, down), flags=cv2.INTER_LINEAR) for channel in cv2.split(image)]
    return np.dstack(moved)
