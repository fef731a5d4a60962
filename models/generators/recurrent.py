"""What the recurrent generators share: a sequence of structures moves one picture (animation paper, section 3.2).

B batch, T frames, S structure channels, H, W image size (multiples of 2^flow_layers), h, w size of a feature map.
Images are in [-1, 1]; flows are in pixels of their own map; lists of flows and masks run from coarse to fine.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from models.detail import Detail
from models.generators.config import GeneratorConfig
from models.generators.parts import Guide, SourceEncoder, TargetDecoder, check_maps

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Reference:
    """The source picture with what all frames share of it: the flow net's first layer, the attended features and
    their halves of the attention."""

    image: Tensor
    structure: Tensor
    joints: Tensor | None
    begun: Tensor
    features: list[Tensor]
    projected: list[Tensor]


@dataclass(frozen=True)
class State:
    """The frame before: image [B,3,H,W], structure [B,S,H,W], and its joints [B,J,2] where the flow follows limbs."""

    image: Tensor
    structure: Tensor
    joints: Tensor | None = None

    @classmethod
    def initial(cls, reference: Reference) -> "State":
        """Before the first frame the source picture stands in."""
        return cls(reference.image, reference.structure, reference.joints)

    def __getitem__(self, batch: slice) -> "State":
        return take(self, batch)


@dataclass(frozen=True)
class Flows:
    """Flows [B,2,h,w] and masks [B,1,h,w] of both sources, per attended layer."""

    flows_previous: list[Tensor]
    flows_reference: list[Tensor]
    masks_previous: list[Tensor]
    masks_reference: list[Tensor]


@dataclass(frozen=True)
class Step:
    """One frame: image [B,3,H,W]; flows [B,2,h,w] and masks [B,1,h,w] per attended layer; with a detail head also
    `detail`, and `generated` is then the image before it."""

    image: Tensor
    structure: Tensor
    generated: Tensor
    flows_previous: list[Tensor]
    flows_reference: list[Tensor]
    masks_previous: list[Tensor]
    masks_reference: list[Tensor]
    detail: Detail | None = None
    joints: Tensor | None = None

    @property
    def state(self) -> State:
        """What the next step needs."""
        return State(self.image, self.structure, self.joints)


class RecurrentGenerator(nn.Module, ABC):
    """Two sources, the previous frame and the reference picture, with their own encoders and attentions; how their
    flows come about is left to each generator."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.source_previous = SourceEncoder(config)
        self.source_reference = SourceEncoder(config)
        self.target = TargetDecoder(config, sources=("_p", "_r"))
        self._config = config

    @abstractmethod
    def _begin_reference(self, pair: Tensor) -> Tensor:
        """The reference's picture and structure [B,3+S,H,W] through the flow net's first convolution."""

    @abstractmethod
    def _estimate(
        self, reference: Reference, previous: State, pair: Tensor, structure: Tensor, joints: Tensor | None
    ) -> Flows:
        """The flows to a pose; `pair` [B,3+S,H,W] is the previous frame's picture and structure."""

    def _refine(
        self, features: Tensor, generated: Tensor, previous: State, reference: Reference, flows: Flows
    ) -> tuple[Tensor, Detail | None]:
        return generated, None

    def encode_reference(self, image: Tensor, structure: Tensor, joints: Tensor | None = None) -> Reference:
        """Image [B,3,H,W] and its structure [B,S,H,W] -> what `step` needs of them, computed once.

        `joints` [B,J,2] in pixels, in the layout of the poses to come, are needed if the config has limbs.
        """
        check_maps(self._config, image, structure)
        features = self.source_reference(image)
        begun = self._begin_reference(_join(image, structure))
        return Reference(image, structure, joints, begun, features, self.target.project("_r", features))

    def step(self, reference: Reference, previous: State, structure: Tensor, joints: Tensor | None = None) -> Step:
        """One frame in the pose `structure` [B,S,H,W], whose `joints` [B,J,2] in pixels are needed if the config has
        limbs. Raises ValueError for sizes that don't fit and for joints that are missing."""
        check_maps(self._config, previous.image, structure)
        pair = _join(previous.image, previous.structure)
        flows = self._estimate(reference, previous, pair, structure, joints)
        features = self.target(
            structure,
            Guide(self.source_previous(previous.image), flows.flows_previous, flows.masks_previous),
            Guide(reference.features, flows.flows_reference, flows.masks_reference, reference.projected),
        )
        generated = self.target.outconv(features)
        image, detail = self._refine(features, generated, previous, reference, flows)
        return Step(image, structure, generated, **vars(flows), detail=detail, joints=joints)

    def forward(
        self,
        structures: Tensor,
        reference_image: Tensor,
        reference_structure: Tensor,
        previous_image: Tensor | None = None,
        previous_structure: Tensor | None = None,
    ) -> list[Step]:
        """Structures [B,T,S,H,W] -> T steps, gradients flowing through time; without a previous frame the reference
        takes its place."""
        reference = self.encode_reference(reference_image, reference_structure)
        state = State.initial(reference)
        if previous_image is not None and previous_structure is not None:
            state = State(previous_image, previous_structure)
        steps = []
        for structure in structures.unbind(1):
            steps.append(self.step(reference, state, structure))
            state = steps[-1].state
        return steps


def _join(image: Tensor, structure: Tensor) -> Tensor:
    """[B,3,H,W] and [B,S,H,W] -> [B,3+S,H,W]; a common memory layout makes it several times faster."""
    last = structure.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.cat([image.contiguous(memory_format=layout), structure], dim=1)


def take(batch: Batch, which: slice | Tensor) -> Batch:
    """Some items of a batch: of a tensor [B,...], or of every tensor in a list or dataclass (None stays)."""
    if isinstance(batch, Tensor):
        return cast(Batch, batch[which])
    if isinstance(batch, list):
        return cast(Batch, [take(item, which) for item in batch])
    if batch is None:
        return batch
    parts: dict[str, Any] = {field.name: take(getattr(batch, field.name), which) for field in fields(cast(Any, batch))}
    return type(batch)(**parts)
