"""Which compositor makes layers of generator steps: tiles on the CPU, or torch on the device.

H, W: the box around the person.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.full_resolution import TiledCompositor
from pipelines.compositing.layers import Layer, PendingLayer, PendingTensor
from pipelines.media.boxes import Box


class Compositor(Protocol):
    """Turns generator steps into layers, one after the other."""

    def memory(self) -> PendingTensor:
        """The last layer that was begun, for `make_compositor`, once it is finished; float32."""
        ...

    def compose(self, step: Step) -> Layer:
        """The layer of one step (batch of 1), which is remembered for the next one."""
        ...

    def begin(self, step: Step) -> PendingLayer:
        """The same, to be finished later, in order; a GPU's part of it is queued now."""
        ...


def make_compositor(
    sources: Sequence[np.ndarray], box: Box, device: torch.device, memory: Tensor | None = None
) -> Compositor:
    """The compositor for steps on this device.

    Args:
        sources: the reference's box, premultiplied float32 RGBA [H, W, 4], colours 0..255; then the same of the
            reference's further images.
        box: where it is in the picture: left, top, right, bottom in pixels.
        memory: of such a compositor, to go on behind what it has composed.
    """
    if device.type == "cpu":
        return TiledCompositor(sources, box, memory)
    return DeviceCompositor(sources, box, device, memory)
