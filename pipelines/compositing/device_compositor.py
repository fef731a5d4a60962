"""The full-resolution compositor on a GPU: what `pipelines.compositing.full_resolution` does, in torch on the device.

H, W: the box around the person; h, w: canvas. Only the part of a frame that shows something leaves the device.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.full_resolution import MIN_COVERAGE, MOVING_FLOW, STILL_FLOW, cut_layer, find_person
from pipelines.compositing.layers import Layer
from pipelines.media.boxes import Box


class DeviceCompositor:
    """See `pipelines.compositing.compositors.make_compositor`."""

    def __init__(self, source: np.ndarray, box: Box, device: torch.device, memory: Tensor | None = None) -> None:
        self.box = box
        self.source = torch.from_numpy(np.ascontiguousarray(source, np.float32)).to(device).permute(2, 0, 1)[None]
        self.previous = self.source if memory is None else memory.to(device)  # [1, 4, H, W]
        self.size = self.source.shape[-2:]
        rows, columns = (torch.arange(side, dtype=torch.float32, device=device) for side in self.size)
        self._grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)[None]  # [1, H, W, 2], x first

    @property
    def memory(self) -> Tensor:
        """See `pipelines.compositing.compositors.Compositor.memory`."""
        return self.previous

    @torch.inference_mode()
    def compose(self, step: Step) -> Layer:
        """See `pipelines.compositing.compositors.Compositor.compose`."""
        generated = step.generated.float()
        levels = torch.cat([(generated[:, :3] + generated[:, 3:]) * 127.5, generated[:, 3:]], 1)
        person = torch.from_numpy(find_person(step.image)).to(levels.device)
        if step.detail is None:
            result = self._enlarge(levels * person)
        else:
            shares = (step.detail.blend.float() * person).split(1, 1)
            result = self._enlarge(levels * shares[0])
            result = result + self._copy(self.previous, step.detail.flow_previous) * self._enlarge(shares[1])
            result = result + self._copy(self.source, step.detail.flow_reference) * self._enlarge(shares[2])
        alpha = result[:, 3:].clamp(0, 1)
        colour = torch.minimum(result[:, :3].clamp(min=0), 255 * alpha)
        self.previous = torch.cat([colour, alpha], 1)
        shadow = None if step.shadow is None else self._enlarge(step.shadow.float())
        return self._fetch(shadow)

    def _copy(self, picture: Tensor, flow: Tensor) -> Tensor:
        """The picture [1, 4, H, W] read at the places that a canvas flow [1, 2, h, w] points to."""
        flow = flow.float()
        flow = flow * ((flow.norm(dim=1, keepdim=True) - STILL_FLOW) / (MOVING_FLOW - STILL_FLOW)).clamp(0, 1)
        height, width = self.size
        scale = flow.new_tensor([width / flow.shape[-1], height / flow.shape[-2]])
        at = self._grid + self._enlarge(flow * scale.view(1, 2, 1, 1)).permute(0, 2, 3, 1)  # [1, H, W, 2]
        normal = (at + 0.5) * 2 / at.new_tensor([width, height]) - 1
        return F.grid_sample(picture, normal, mode="bicubic", padding_mode="border", align_corners=False)

    def _enlarge(self, values: Tensor) -> Tensor:
        return F.interpolate(values, size=self.size, mode="bilinear", align_corners=False)

    def _fetch(self, shadow: Tensor | None) -> Layer:
        """The part of the frame that shows something."""
        there = self.previous[0, 3] > MIN_COVERAGE
        if shadow is not None:
            there = there | (shadow[0, 0] > MIN_COVERAGE)
        place = _extent(there.any(1)), _extent(there.any(0))
        inside = (..., *place)
        rgba = self.previous[inside][0].permute(1, 2, 0).contiguous().cpu().numpy()
        dark = None if shadow is None else shadow[inside][0, 0].cpu().numpy()
        return cut_layer(rgba, dark, self.box, place)


def _extent(marked: Tensor) -> slice:
    """From the first to the last marked place of a bool [n]."""
    at = marked.nonzero()
    return slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0)
