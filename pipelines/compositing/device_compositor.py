"""The full-resolution compositor on a GPU: what `pipelines.compositing.full_resolution` and `layers` do, in torch on
the device.

Everything is queued and nothing waits: finished pictures and layers are fetched with `runtime.device_copies`. H, W: the
box around the person; h, w: canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.animation import Step
from pipelines.compositing.device_spots import find_person_on_device
from pipelines.compositing.full_resolution import MIN_COVERAGE, MOVING_FLOW, STILL_FLOW, cut_layer, find_person
from pipelines.compositing.layers import Layer, PendingLayer, PendingTensor, overlap
from pipelines.media.boxes import Box
from pipelines.runtime.cuda_graphs import GraphedFunctions
from pipelines.runtime.device_copies import PendingArrays, fetch, send


@dataclass(frozen=True)
class DeviceLayer:
    """A layer on the device, until the next one is made."""

    rgba: Tensor
    """[1, 4, H, W]: colour 0..255 times coverage, and coverage 0..1."""
    shadow: Tensor | None
    """[1, 1, H, W]."""

    def fetch(self, box: Box) -> PendingLayer:
        """The layer on the CPU, as far as it shows something. box: where it is in the picture."""
        wait = fetch(self.rgba, *(() if self.shadow is None else (self.shadow,)))

        def finish() -> Layer:
            rgba, *shadows = wait()
            rgba, dark = rgba[0].transpose(1, 2, 0), shadows[0][0, 0] if shadows else None
            there = rgba[..., 3] > MIN_COVERAGE
            if dark is not None:
                there = there | (dark > MIN_COVERAGE)
            place = _extent(there.any(1)), _extent(there.any(0))
            return cut_layer(np.ascontiguousarray(rgba[place]), None if dark is None else dark[place], box, place)

        return finish

    @torch.inference_mode()
    def lay_over(self, background: Tensor, box: Box) -> PendingArrays:
        """See `layers.lay_over`: the picture of a background uint8 [height, width, 3] on the device, to be fetched.

        box: where the layer is in it.
        """
        result = background.clone()
        place, own = overlap(box, *background.shape[:2])
        rgba = self.rgba[0, :, *own].permute(1, 2, 0)
        through = 1 - rgba[..., 3:]
        if self.shadow is not None:
            through = through * (1 - self.shadow[0, 0, *own][..., None])
        laid = background[place].float() * through + rgba[..., :3]
        result[place] = laid.round().clamp(max=255).to(torch.uint8)
        return fetch(result)


@torch.inference_mode()
def lay_people_over(background: Tensor, layers: Sequence[tuple[DeviceLayer, Box]]) -> PendingArrays:
    """See `layers.merge_layers`: the picture of a background uint8 [height, width, 3] on the device with several
    people, the last of them in front, and where they are in it; to be fetched."""
    result = background.float()
    placed = [(layer, *overlap(box, *background.shape[:2])) for layer, box in layers]
    for layer, place, own in placed:
        if layer.shadow is not None:
            result[place] *= 1 - layer.shadow[0, 0, *own][..., None]
    for layer, place, own in placed:
        rgba = layer.rgba[0, :, *own].permute(1, 2, 0)
        result[place] = result[place] * (1 - rgba[..., 3:]) + rgba[..., :3]
    return fetch(result.round().clamp(max=255).to(torch.uint8))


class DeviceCompositor:
    """See `pipelines.compositing.compositors.make_compositor`."""

    def __init__(
        self, sources: Sequence[np.ndarray], box: Box, device: torch.device, memory: Tensor | None = None
    ) -> None:
        people = [send(torch.from_numpy(np.ascontiguousarray(source, np.float32)), device) for source in sources]
        people = [person.permute(2, 0, 1)[None].contiguous() for person in people]  # [1, 4, H, W] each
        self.box, self.previous = box, people[0] if memory is None else send(memory, device)
        self._compose = GraphedFunctions(Composition(people), enabled=device.type == "cuda")

    def memory(self) -> PendingTensor:
        """See `pipelines.compositing.compositors.Compositor.memory`."""
        wait = fetch(self.previous)
        return lambda: torch.from_numpy(wait()[0])

    def compose(self, step: Step) -> Layer:
        """See `pipelines.compositing.compositors.Compositor.compose`."""
        return self.begin(step)()

    def begin(self, step: Step) -> PendingLayer:
        """See `pipelines.compositing.compositors.Compositor.begin`."""
        return self.make(step).fetch(self.box)

    @torch.inference_mode()
    def make(self, step: Step) -> DeviceLayer:
        """The layer of one step (batch of 1) on the device."""
        shadow = () if step.shadow is None else (step.shadow,)
        detail = step.detail
        copies = ()
        if detail is not None:
            copies = detail.blend, detail.flow_previous, detail.flow_reference, *detail.flows_others
        self.previous, *shadows = self._compose(self.previous, step.image, step.generated, *shadow, *copies)
        return DeviceLayer(self.previous, shadows[0] if shadows else None)


class Composition:
    """What a layer is made of, as a function of tensors that reads nothing on the CPU.

    Args:
        sources: the reference's box, premultiplied [1, 4, H, W], and those of its further images.
    """

    def __init__(self, sources: Sequence[Tensor]) -> None:
        self.sources, self.size, device = sources, sources[0].shape[-2:], sources[0].device
        height, width = self.size
        self._size = torch.tensor([width, height], dtype=torch.float32, device=device)
        rows, columns = (torch.arange(side, dtype=torch.float32, device=device) for side in self.size)
        self._grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)[None]  # [1, H, W, 2], x first

    def __call__(self, previous: Tensor, image: Tensor, generated: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        """Result [1, 4, H, W] and, if there is one, shadow [1, 1, H, W].

        Args:
            previous: the result of the frame before, [1, 4, H, W].
            image, generated: of the step.
            others: the shadow, if there is one; blend, flow into the previous frame and into each source, if there
                are.
        """
        copied = 2 + len(self.sources)
        shadow, copies = (others[:1], others[1:]) if len(others) in (1, 1 + copied) else ((), others)
        generated, person = generated.float(), _find_person(image)
        levels = torch.cat([(generated[:, :3] + generated[:, 3:]) * 127.5, generated[:, 3:]], 1)
        if not copies:
            result = self._enlarge(levels * person)
        else:
            blend, *flows = copies
            shares = (blend.float() * person).split(1, 1)
            result = self._enlarge(levels * shares[0])
            for picture, flow, share in zip((previous, *self.sources), flows, shares[1:], strict=True):
                result = result + self._copy(picture, flow) * self._enlarge(share)
        alpha = result[:, 3:].clamp(0, 1)
        colour = torch.minimum(result[:, :3].clamp(min=0), 255 * alpha)
        return torch.cat([colour, alpha], 1), *(self._enlarge(dark.float()) for dark in shadow)

    def _copy(self, picture: Tensor, flow: Tensor) -> Tensor:
        """The picture [1, 4, H, W] read at the places that a canvas flow [1, 2, h, w] points to."""
        flow = flow.float()
        flow = flow * ((flow.norm(dim=1, keepdim=True) - STILL_FLOW) / (MOVING_FLOW - STILL_FLOW)).clamp(0, 1)
        height, width = self.size
        moved = torch.cat([flow[:, :1] * (width / flow.shape[-1]), flow[:, 1:] * (height / flow.shape[-2])], 1)
        at = self._grid + self._enlarge(moved).permute(0, 2, 3, 1)  # [1, H, W, 2]
        normal = (at + 0.5) * 2 / self._size - 1
        return F.grid_sample(picture, normal, mode="bicubic", padding_mode="border", align_corners=False)

    def _enlarge(self, values: Tensor) -> Tensor:
        return F.interpolate(values, size=self.size, mode="bilinear", align_corners=False)


def _find_person(image: Tensor) -> Tensor:
    """Where a result [1, 4, h, w] shows the person, [1, 1, h, w]."""
    if image.device.type == "mps":  # which lacks what `keep_spots` needs
        return torch.from_numpy(find_person(image)).to(image.device)[None, None]
    return find_person_on_device(image)


def _extent(marked: np.ndarray) -> slice:
    """From the first to the last marked place of a bool [n]."""
    at = np.flatnonzero(marked)
    return slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0)
