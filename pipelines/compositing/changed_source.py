"""A square of the source picture that looks different in every frame, shown where a step copies it from.

The generator's flow says for every pixel of its canvas where it comes from in the reference. So a face that speaks in
the source picture speaks in the result, wherever the head is and however it leans; a hand before it, which comes from
elsewhere, stays. H, W: the layer; h, w: canvas; S: side of the square.
"""

from dataclasses import replace

import cv2
import numpy as np

from models.generators.animation import Step
from pipelines.compositing.full_resolution import suppress_tremor
from pipelines.compositing.layers import Layer
from pipelines.media.boxes import Box

# Share of the reference in the network's blend from which on a pixel begins to show what the reference shows there, and
# from which on it does: the rest is made up or from the frame before, whose face has another expression.
SOME, ENOUGH = 0.1, 0.5


def show_changed(layer: Layer, step: Step, area: Box, changed: np.ndarray, mask: np.ndarray, square: Box) -> Layer:
    """The layer of a step with a square of the source picture changed.

    Args:
        layer: what a compositor made of the step (batch of 1).
        area: the reference's box in the source picture.
        changed: the square in its new state, uint8 RGB [S, S, 3].
        mask: how much of it is taken, float32 [S, S], 0 to 1.
        square: its box in the source picture.

    Returns:
        The layer with other colours where the square is shown; everywhere else they stay bit by bit.
    """
    if step.detail is None:
        return layer
    flow, shown = _read_step(step)
    scale = np.array([area[2] - area[0], area[3] - area[1]]) / flow.shape[1::-1]  # picture pixels per canvas pixel
    x, y = (scale[axis] * (np.arange(flow.shape[1 - axis]) + 0.5) - 0.5 + area[axis] for axis in (0, 1))
    reach = _look_up(mask, np.stack(np.meshgrid(x, y), -1) + flow * scale - square[:2])
    place, own = _find_window(layer, area, scale, (reach > 0) & (shown > 0))
    if not layer.alpha[own].size:
        return layer
    columns, rows = np.meshgrid(np.arange(place[0], place[2]), np.arange(place[1], place[3]))  # [H, W]
    at = np.stack([columns, rows], -1)
    on_canvas = ((at - area[:2] + 0.5) / scale - 0.5).astype(np.float32)
    moved, through = (_look_up(each.astype(np.float32), on_canvas, edges=True) for each in (flow * scale, shown))
    source = (at + moved - square[:2]).astype(np.float32)
    weight = (_look_up(mask, source) * through)[..., None]
    colour = layer.colour.copy()
    made = cv2.remap(changed, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # pyright: ignore
    colour[own] += weight * (made * layer.alpha[own][..., None] - colour[own])
    return replace(layer, colour=colour)


def _read_step(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Flow into the reference [h, w, 2], as compositors use it, and how much a pixel shows of the reference [h, w]."""
    assert step.detail is not None
    flow = np.ascontiguousarray(step.detail.flow_reference[0].float().cpu().numpy())
    share = step.detail.blend[0, 2].float().cpu().numpy()
    return suppress_tremor(flow).transpose(1, 2, 0), np.clip((share - SOME) / (ENOUGH - SOME), 0, 1)


def _look_up(values: np.ndarray, at: np.ndarray, *, edges: bool = False) -> np.ndarray:
    """Values [h, w, ...] at places [..., 2] x, y between their pixels; outside 0, or with `edges` the nearest."""
    border = cv2.BORDER_REPLICATE if edges else cv2.BORDER_CONSTANT
    return cv2.remap(values, at.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=border)  # pyright: ignore


def _find_window(layer: Layer, area: Box, scale: np.ndarray, where: np.ndarray) -> tuple[Box, tuple[slice, slice]]:
    """The box in the source picture of the marked pixels of the canvas [h, w] and their neighbours, as far as the layer
    has it; and its rows and columns in the layer."""
    left, top, width, height = cv2.boundingRect(where.astype(np.uint8))
    low = np.floor((np.array([left, top]) - 1) * scale) + area[:2]
    high = np.ceil((np.array([left + width, top + height]) + 1) * scale) + area[:2]
    low = np.clip(low, layer.box[:2], layer.box[2:]).astype(int)
    high = np.clip(high if width else low, low, layer.box[2:]).astype(int)
    (x0, y0), (x1, y1) = low - layer.box[:2], high - layer.box[:2]
    return (*low.tolist(), *high.tolist()), (slice(y0, y1), slice(x0, x1))
