"""The person at the picture's own resolution: what the flow copies keeps the photo's pixels.

The generator works on a small canvas. Its detail head says for every canvas pixel where it comes from in the reference
and in the previous result, and how much is taken from each; here the same is done with the full-resolution person, and
only what the network generated itself is enlarged. Everything is premultiplied RGBA: colour 0..255 times coverage, and
coverage 0..1. H, W: the box around the person; h, w: canvas.
"""

from collections.abc import Iterator
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.layers import Layer
from pipelines.media.boxes import Box

Picture = np.ndarray  # float32

STILL_FLOW = 0.25
MOVING_FLOW = 0.75
MIN_SHARE = 1 / 1024  # a share of the blend that changes no pixel by a quarter of a level
MIN_COVERAGE = 1 / 512  # coverage or shadow that changes no pixel by half a level
TILE_MARGIN = 3  # canvas pixels: enlarging and sharp edges carry the person this far
TILES = 16  # per side; only those are composed in which something is


class Compositor(Protocol):
    """Turns generator steps into layers, one after the other."""

    def compose(self, step: Step) -> Layer:
        """The layer of one step (batch of 1), which remembers it for the next one.

        Its arrays are valid until the next but one call.
        """
        ...


def make_compositor(source: np.ndarray, box: Box, device: torch.device) -> Compositor:
    """The compositor for steps on this device.

    Args:
        source: the reference's box, premultiplied float32 RGBA [H, W, 4].
        box: where it is in the picture: left, top, right, bottom in pixels.
    """
    if device.type == "cpu":
        return TiledCompositor(source, box)
    from pipelines.compositing.device_compositor import DeviceCompositor

    return DeviceCompositor(source, box, device)


def suppress_tremor(flow: Picture) -> Picture:
    """Flow [2, h, w] in canvas pixels without its tremor: below a length of STILL_FLOW 0, above MOVING_FLOW as it is.

    Cloth that is copied with a wandering twentieth of a pixel would shimmer, and lose its grain frame by frame.
    """
    return flow * np.clip((cv2.magnitude(*flow) - STILL_FLOW) / (MOVING_FLOW - STILL_FLOW), 0, 1)


class TiledCompositor:
    """Composes on the CPU, and only the tiles in which the person or the shadow is; see `make_compositor`."""

    def __init__(self, source: np.ndarray, box: Box) -> None:
        self.source, self.box = np.ascontiguousarray(source, np.float32), box
        self.height, self.width = source.shape[:2]
        self.previous, self._result = self.source.copy(), np.zeros_like(self.source)
        self._rows = np.arange(self.height, dtype=np.float32)[:, None]
        self._columns = np.arange(self.width, dtype=np.float32)

    def compose(self, step: Step) -> Layer:
        """See `Compositor.compose`."""
        result = self._result
        result.fill(0)
        tiles = list(self._tiles(_covered(step)))
        if step.detail is None:
            self._add_generated(_to_levels(_planes(step.generated)), tiles)
        else:
            shares = _planes(step.detail.blend)
            self._add_generated(_to_levels(_planes(step.generated)) * shares[0], tiles)
            self._add_copies(self.previous, _planes(step.detail.flow_previous), shares[1], tiles)
            self._add_copies(self.source, _planes(step.detail.flow_reference), shares[2], tiles)
        for tile in tiles:
            clip_premultiplied(result[tile])
        self.previous, self._result = result, self.previous
        shadow = None if step.shadow is None else self._enlarge(_planes(step.shadow)[0])
        return cut_layer(result, shadow, self.box, self._around(tiles))

    def _add_generated(self, planes: Picture, tiles: list[tuple[slice, slice]]) -> None:
        """Add what the network generated, [4, h, w]."""
        enlarged = self._enlarge(cv2.merge(list(planes)))
        for tile in tiles:
            self._result[tile] += enlarged[tile]

    def _add_copies(self, picture: Picture, flow: Picture, share: Picture, tiles: list[tuple[slice, slice]]) -> None:
        """Add the `share` [h, w] of `picture` read at the places that a canvas flow [2, h, w] points to."""
        if not tiles or share.max() <= MIN_SHARE:
            return
        x, y = suppress_tremor(flow)
        moves = (x != 0) | (y != 0)
        x, y = self._enlarge(x * (self.width / x.shape[1])), self._enlarge(y * (self.height / y.shape[0]))
        moving, share = set(map(_key, self._tiles(moves))), self._enlarge(share)
        for tile in tiles:
            taken = picture[tile]
            if _key(tile) in moving:
                at = x[tile] + self._columns[tile[1]], y[tile] + self._rows[tile[0]]
                taken = cv2.remap(picture, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            self._result[tile] += taken * share[tile][..., None]

    def _tiles(self, where: np.ndarray) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of the tiles of the box that hold marked pixels of the canvas [h, w], or almost."""
        side = 2 * TILE_MARGIN + 1
        near = cv2.dilate(where.astype(np.uint8), np.ones((side, side), np.uint8))
        height, width = near.shape
        tiles = near.reshape(TILES, height // TILES, TILES, width // TILES).any((1, 3))
        rows, columns = (np.linspace(0, size, TILES + 1).astype(int) for size in (self.height, self.width))
        for row, column in np.argwhere(tiles):
            yield slice(rows[row], rows[row + 1]), slice(columns[column], columns[column + 1])

    def _around(self, tiles: list[tuple[slice, slice]]) -> tuple[slice, slice]:
        """The rows and columns that hold all tiles."""
        rows, columns = zip(*tiles, strict=True) if tiles else ([slice(0, 0)], [slice(0, 0)])
        first, second = (slice(min(each.start for each in s), max(each.stop for each in s)) for s in (rows, columns))
        return first, second

    def _enlarge(self, values: Picture) -> Picture:
        return cv2.resize(values, (self.width, self.height), interpolation=cv2.INTER_LINEAR)


def clip_premultiplied(rgba: Picture) -> None:
    """Bring [..., 4] into range in place: coverage to 0..1, colours to 0..255 times coverage."""
    alpha = np.clip(rgba[..., 3:], 0, 1, out=rgba[..., 3:])
    np.clip(rgba[..., :3], 0, 255 * alpha, out=rgba[..., :3])


def cut_layer(rgba: Picture, shadow: Picture | None, box: Box, place: tuple[slice, slice]) -> Layer:
    """The rows and columns `place` of a box's [H, W, 4] and shadow [H, W] as a layer."""
    rows, columns = place
    left, top = box[0] + columns.start, box[1] + rows.start
    own = left, top, left + columns.stop - columns.start, top + rows.stop - rows.start
    part = rgba[place]
    return Layer(part[..., :3], part[..., 3], own, None if shadow is None else shadow[place])


def _covered(step: Step) -> np.ndarray:
    """Where in the canvas the person or the shadow is, bool [h, w]."""
    covered = step.image[0, 3] > MIN_COVERAGE
    if step.shadow is not None:
        covered |= step.shadow[0, 0] > MIN_COVERAGE
    return covered.numpy()


def _to_levels(planes: Picture) -> Picture:
    """The network's premultiplied planes [4, h, w], colours -1..1 times coverage -> colours 0..255 times coverage."""
    return np.concatenate([(planes[:3] + planes[3:]) * 127.5, planes[3:]])


def _planes(values: Tensor) -> Picture:
    """[1, C, h, w] tensor -> [C, h, w] array."""
    return np.ascontiguousarray(values[0].float().cpu().numpy())


def _key(tile: tuple[slice, slice]) -> tuple[int, int]:
    return tile[0].start, tile[1].start
