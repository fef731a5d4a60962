"""Results at the picture's own resolution: what the flow copies keeps the photo's pixels.

The generator works on a small canvas. Its detail head says for every canvas pixel where it comes from in the reference
and in the previous result, and how much is taken from each; here the same is done with the full-resolution pictures,
and only what the network generated itself is enlarged. S side of the picture's square, s side of the canvas.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.generators.animation import Step

Picture = NDArray[np.float32]

STILL = 0.25
MOVING = 0.75


def settle(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flow [s, s, 2] in canvas pixels without its tremor: lengths below `STILL` become 0, above `MOVING` stay.

    A background that is copied with a wandering twentieth of a pixel would shimmer and lose its grain.
    """
    length = np.linalg.norm(flow, axis=-1, keepdims=True)
    return flow * np.clip((length - STILL) / (MOVING - STILL), 0, 1)


class SharpComposer:
    """Turns generator steps into full-resolution squares, one after the other.

    Args:
        source: the reference's square, uint8 RGB [S, S, 3].
    """

    def __init__(self, source: NDArray[np.uint8]) -> None:
        self.source = source.astype(np.float32)
        self.previous = self.source
        self.side = source.shape[0]
        axis = np.arange(self.side, dtype=np.float32)
        self._x, self._y = np.meshgrid(axis, axis)

    def compose(self, step: Step) -> NDArray[np.uint8]:
        """The frame of one step (batch of 1) as uint8 RGB [S, S, 3]; remembers it for the next frame."""
        generated = self._enlarge((_array(step.generated) + 1) * 127.5)
        if step.detail is not None:
            blend = self._enlarge(_array(step.detail.blend))
            blend /= blend.sum(-1, keepdims=True)
            result = generated * blend[..., 0:1]
            result += self._fetch(self.previous, _array(step.detail.flow_previous)) * blend[..., 1:2]
            result += self._fetch(self.source, _array(step.detail.flow_reference)) * blend[..., 2:3]
        else:
            result = generated
        self.previous = np.clip(result, 0, 255)
        return np.rint(self.previous).astype(np.uint8)

    def _enlarge(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.resize(values, (self.side, self.side), interpolation=cv2.INTER_LINEAR)

    def _fetch(self, picture: Picture, flow: NDArray[np.float32]) -> Picture:
        """`picture` read at the places a canvas flow [s, s, 2] points to."""
        flow = self._enlarge(settle(flow)) * (self.side / flow.shape[0])
        return cv2.remap(
            picture, self._x + flow[..., 0], self._y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )


def _array(values) -> NDArray[np.float32]:
    """[1, C, s, s] tensor -> [s, s, C] array."""
    return np.ascontiguousarray(values[0].float().permute(1, 2, 0).cpu().numpy())
