"""Results at the picture's own resolution: what the flow copies keeps the photo's pixels.

The generator works on a small canvas. Its detail head says for every canvas pixel where it comes from in the reference
and in the previous result, and how much is taken from each; here the same is done with the full-resolution pictures,
and only what the network generated itself is enlarged. S side of the picture's square, s side of the canvas.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from torch import Tensor

from models.generators.animation import Step

Picture = np.ndarray  # float32

STILL_FLOW = 0.25
MOVING_FLOW = 0.75
MIN_SHARE = 1 / 1024  # a share of the blend that changes no pixel by a quarter of a level
TILE_MARGIN = 2  # canvas pixels: enlarging carries a flow this far
TILES = 16  # per side; only those are resampled in which something moves


def suppress_tremor(flow: Picture) -> Picture:
    """Flow [2, s, s] in canvas pixels without its tremor: lengths below `STILL` become 0, above `MOVING` stay.

    A background that is copied with a wandering twentieth of a pixel would shimmer and lose its grain.
    """
    return flow * np.clip((cv2.magnitude(*flow) - STILL_FLOW) / (MOVING_FLOW - STILL_FLOW), 0, 1)


class FullResolutionCompositor:
    """Turns generator steps into full-resolution squares, one after the other.

    Args:
        source: the reference's square, uint8 RGB [S, S, 3].
    """

    def __init__(self, source: np.ndarray) -> None:
        self.source = source.astype(np.float32)
        self.side = source.shape[0]
        self.previous = self.source.copy()
        self._result, self._fetched = np.empty_like(self.source), np.empty_like(self.source)
        self._axis = np.arange(self.side, dtype=np.float32)

    def compose(self, step: Step) -> np.ndarray:
        """The frame of one step (batch of 1) as uint8 RGB [S, S, 3]; remembers it for the next frame."""
        result, generated = self._result, (_planes(step.generated) + 1) * 127.5
        if step.detail is None:
            self._enlarge(cv2.merge(list(generated)), result)
        else:
            shares = _planes(step.detail.blend)
            self._enlarge(cv2.merge(list(generated * shares[0])), result)
            self._copy(self.previous, _planes(step.detail.flow_previous), shares[1], result)
            self._copy(self.source, _planes(step.detail.flow_reference), shares[2], result)
        np.clip(result, 0, 255, out=result)
        self.previous, self._result = result, self.previous
        return cv2.convertScaleAbs(result)

    def _copy(self, picture: Picture, flow: Picture, share: Picture, result: Picture) -> None:
        """Add to `result` the `share` [s, s] of `picture` read at the places that a canvas flow [2, s, s] points to."""
        x, y = suppress_tremor(flow)
        moves = ((x != 0) | (y != 0)) & (share > MIN_SHARE)
        x, y = (self._enlarge(shift * (self.side / len(share))) for shift in (x, y))
        np.copyto(self._fetched, picture)
        for rows, columns in self._tiles(moves):
            at = x[rows, columns] + self._axis[columns], y[rows, columns] + self._axis[rows, None]
            self._fetched[rows, columns] = cv2.remap(picture, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        cv2.accumulateProduct(self._fetched, self._enlarge(cv2.merge([share] * 3)), result)

    def _tiles(self, where: np.ndarray) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of the tiles of the square that hold marked pixels of the canvas [s, s]."""
        near = cv2.dilate(where.astype(np.uint8), np.ones((2 * TILE_MARGIN + 1, 2 * TILE_MARGIN + 1), np.uint8))
        tiles = near.reshape(TILES, len(near) // TILES, TILES, -1).any((1, 3))
        edges = np.linspace(0, self.side, TILES + 1).astype(int)
        for row, column in np.argwhere(tiles):
            yield slice(edges[row], edges[row + 1]), slice(edges[column], edges[column + 1])

    def _enlarge(self, values: Picture, out: Picture | None = None) -> Picture:
        return cv2.resize(values, (self.side, self.side), dst=out, interpolation=cv2.INTER_LINEAR)


def _planes(values: Tensor) -> Picture:
    """[1, C, s, s] tensor -> [C, s, s] array."""
    return np.ascontiguousarray(values[0].float().cpu().numpy())
