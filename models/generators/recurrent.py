"""The base of the recurrent generators: a sequence of structures moves one image (animation paper, section 3.2).

In: the reference (source) image with its structure, and the structure of every frame. Out: one `Step` per frame. Encode
the reference once with `encode_reference`, then call `step` frame after frame with the state of the frame before:

    reference = generator.encode_reference(image, structure)
    state = State.initial(reference)
    for structure in structures:
        step = generator.step(reference, state, structure)
        state = step.state

Official format, sections 3.5 and 3.6. B batch, T frames, I image channels, S structure channels, J joints, C channels,
H, W image size (multiples of 2^flow_layers), h, w size of a feature map. Images are in [-1, 1]; structure maps as in
sections 9.3 and 9.5 there; flow is backward flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means
"take the warped source"; joints are x, y in image pixels; lists run over the attended layers, coarse to fine.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from models.detail import Detail
from models.generators.config import GeneratorConfig
from models.generators.parts import DecoderSource, SourceEncoder, TargetDecoder, check_maps

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Reference:
    """The reference image, and what is computed from it once for all frames."""

    image: Tensor
    """[B,I,H,W]."""

    structure: Tensor
    """[B,S,H,W]."""

    joints: Tensor | None
    """[B,J,2] where the flow follows limbs, otherwise None."""

    begun: Tensor
    """[B,C,H/2,W/2], the contribution of image and structure to the first convolution of the flow net."""

    features: list[Tensor]
    """[B,C,h,w] of the source encoder."""

    projected: list[Tensor]
    """What the attentions compute from `features` alone."""

    others: tuple["Reference", ...] = ()
    """Further images of the same person, of the same size; they have no others."""


@dataclass(frozen=True)
class State:
    """The previous frame: all that the next step needs besides the reference."""

    image: Tensor
    """[B,I,H,W]."""

    structure: Tensor
    """[B,S,H,W]."""

    joints: Tensor | None = None
    """[B,J,2] where the flow follows limbs, otherwise None."""

    @classmethod
    def initial(cls, reference: Reference) -> "State":
        """The state before the first frame: the reference takes the place of the previous frame."""
        return cls(reference.image, reference.structure, reference.joints)

    def __getitem__(self, batch: slice) -> "State":
        """The state of some items of the batch."""
        return select_items(self, batch)


@dataclass(frozen=True)
class SourceFlows:
    """Flows into one image, and its masks."""

    flows: list[Tensor]
    """[B,2,h,w]."""

    masks: list[Tensor]
    """[B,1,h,w]."""


@dataclass(frozen=True)
class Flows:
    """Flows and masks of both sources, and of the reference's further images."""

    flows_previous: list[Tensor]
    """[B,2,h,w] into the previous frame."""

    flows_reference: list[Tensor]
    """[B,2,h,w] into the reference."""

    masks_previous: list[Tensor]
    """[B,1,h,w] of the previous frame."""

    masks_reference: list[Tensor]
    """[B,1,h,w] of the reference."""

    others: tuple[SourceFlows, ...] = ()
    """Of `Reference.others`."""


@dataclass(frozen=True)
class Step:
    """One generated frame."""

    image: Tensor
    """[B,I,H,W], the result."""

    structure: Tensor
    """[B,S,H,W], the frame's structure."""

    generated: Tensor
    """[B,I,H,W], the image before the detail head; `image` itself if there is no such head."""

    flows_previous: list[Tensor]
    """[B,2,h,w] into the previous frame."""

    flows_reference: list[Tensor]
    """[B,2,h,w] into the reference."""

    masks_previous: list[Tensor]
    """[B,1,h,w] of the previous frame."""

    masks_reference: list[Tensor]
    """[B,1,h,w] of the reference."""

    detail: Detail | None = None
    """What the detail head did; None if there is no such head."""

    joints: Tensor | None = None
    """[B,J,2], the frame's joints where the flow follows limbs, otherwise None."""

    shadow: Tensor | None = None
    """[B,1,H,W] in 0 to 1: how much the person darkens what is behind (`models.layer`); None without such an output."""

    others: tuple[SourceFlows, ...] = ()
    """Flows and masks of `Reference.others`."""

    @property
    def state(self) -> State:
        """The state that the next call of `step` needs."""
        return State(self.image, self.structure, self.joints)


class RecurrentGenerator(nn.Module, ABC):
    """A generator with two sources, the previous frame and the reference, each with its own encoder and attentions.

    Subclasses estimate the flows: they have `_begin_reference` and `_estimate`, and `_refine` if the decoder's image is
    not the result yet.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.source_previous = SourceEncoder(config)
        self.source_reference = SourceEncoder(config)
        self.target = TargetDecoder(config, sources=("_p", "_r"))
        self._config = config

    @abstractmethod
    def _begin_reference(self, pair: Tensor) -> Tensor:
        """Image and structure of the reference [B,I+S,H,W] -> `Reference.begun` [B,C,H/2,W/2]."""

    @abstractmethod
    def _estimate(
        self, reference: Reference, previous: State, pair: Tensor, structure: Tensor, joints: Tensor | None
    ) -> Flows:
        """Flows and masks for a target pose.

        pair: [B,I+S,H,W] image and structure of the previous frame. structure, joints: of the target pose.
        """

    def _refine(
        self, features: Tensor, generated: Tensor, previous: State, reference: Reference, flows: Flows
    ) -> tuple[Tensor, Detail | None]:
        """Decoder features [B,C,H,W] and the generated image [B,I,H,W] -> the result [B,I,H,W]."""
        return generated, None

    def _split_output(self, output: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the decoder made, in [-1, 1] -> image [B,I,H,W] and shadow [B,1,H,W] in 0 to 1, if it makes one."""
        return output, None

    def encode_reference(self, image: Tensor, structure: Tensor, joints: Tensor | None = None) -> Reference:
        """Compute once what all frames need of the reference.

        Args:
            image: [B,I,H,W].
            structure: [B,S,H,W].
            joints: [B,J,2], in the same layout as the joints of the frames; needed if the config has limbs.

        Raises:
            ValueError: the sizes don't fit the config or each other.
        """
        check_maps(self._config, image, structure)
        features = self.source_reference(image)
        begun = self._begin_reference(_join(image, structure))
        return Reference(image, structure, joints, begun, features, self.target.project("_r", features))

    def step(self, reference: Reference, previous: State, structure: Tensor, joints: Tensor | None = None) -> Step:
        """Generate one frame.

        Args:
            reference: from `encode_reference`.
            previous: the state of the frame before, or `State.initial(reference)`.
            structure: [B,S,H,W] of the frame.
            joints: [B,J,2] of the frame; needed if the config has limbs.

        Raises:
            ValueError: the sizes don't fit the config or each other, or joints are missing.
        """
        check_maps(self._config, previous.image, structure)
        pair = _join(previous.image, previous.structure)
        flows = self._estimate(reference, previous, pair, structure, joints)
        features = self.target(
            structure,
            DecoderSource(self.source_previous(previous.image), flows.flows_previous, flows.masks_previous),
            _reference_source(reference, flows),
        )
        generated, shadow = self._split_output(self.target.outconv(features))
        image, detail = self._refine(features, generated, previous, reference, flows)
        return Step(image, structure, generated, **vars(flows), detail=detail, joints=joints, shadow=shadow)

    def forward(
        self,
        structures: Tensor,
        reference_image: Tensor,
        reference_structure: Tensor,
        previous_image: Tensor | None = None,
        previous_structure: Tensor | None = None,
    ) -> list[Step]:
        """Generate a sequence; gradients flow through time.

        Args:
            structures: [B,T,S,H,W].
            reference_image: [B,I,H,W].
            reference_structure: [B,S,H,W].
            previous_image, previous_structure: like the reference's, of the frame before the first one; without them
                the reference takes its place.

        Returns:
            T steps.

        Raises:
            ValueError: the sizes don't fit the config or each other, or the config has limbs.
        """
        reference = self.encode_reference(reference_image, reference_structure)
        state = State.initial(reference)
        if previous_image is not None and previous_structure is not None:
            state = State(previous_image, previous_structure)
        steps = []
        for structure in structures.unbind(1):
            steps.append(self.step(reference, state, structure))
            state = steps[-1].state
        return steps


def _reference_source(reference: Reference, flows: Flows) -> DecoderSource:
    """The reference and its further images for the decoder."""
    own = SourceFlows(flows.flows_reference, flows.masks_reference), *flows.others
    first, *others = (
        DecoderSource(each.features, found.flows, found.masks, each.projected)
        for each, found in zip((reference, *reference.others), own, strict=True)
    )
    return replace(first, others=others)


def _join(image: Tensor, structure: Tensor) -> Tensor:
    """[B,I,H,W] and [B,S,H,W] -> [B,I+S,H,W] in the structure's memory layout: mixing two is several times slower."""
    last = structure.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.cat([image.contiguous(memory_format=layout), structure], dim=1)


def select_items(batch: Batch, which: slice | Tensor) -> Batch:
    """Some items of a batch: of a tensor [B,...], or of every tensor in a list, tuple or dataclass; None stays None."""
    return map_tensors(batch, lambda tensor: tensor[which])


def map_tensors(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """`batch` with every tensor in it changed, in order, in lists, tuples and dataclasses; None stays None."""
    if isinstance(batch, Tensor):
        return cast(Batch, change(batch))
    if isinstance(batch, list | tuple):
        return cast(Batch, type(batch)(map_tensors(item, change) for item in batch))
    if batch is None:
        return batch
    parts: dict[str, Any] = {
        field.name: map_tensors(getattr(batch, field.name), change) for field in fields(cast(Any, batch))
    }
    return type(batch)(**parts)
