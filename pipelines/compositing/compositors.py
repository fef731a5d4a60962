"""Which compositor makes layers of generator steps: tiles on the CPU, or torch on the device.

H, W: the box around the person.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.full_resolution import TiledCompositor
from pipelines.compositing.layers import Layer
from pipelines.media.boxes import Box


class Compositor(Protocol):
    """Turns generator steps into layers, one after the other."""

    @property
    def memory(self) -> Tensor:
        """The last layer that was composed, by which the next one is; float32, see `make_compositor`."""
        ...

    def compose(self, step: Step) -> Layer:
        """The layer of one step (batch of 1), which is remembered for the next one."""
        ...


def make_compositor(source: np.ndarray, box: Box, device: torch.device, memory: Tensor | None = None) -> Compositor:
    """The compositor for steps on this device.

    Args:
        source: the reference's box, premultiplied float32 RGBA [H, W, 4], colours 0..255.
        box: where it is in the picture: left, top, right, bottom in pixels.
        memory: of such a compositor, to go on behind what it has composed.
    """
    if device.type == "cpu":
        return TiledCompositor(source, box, memory)
    return DeviceCompositor(source, box, device, memory)
