"""Animation generator: one picture of a person, moved by a sequence of structures (animation paper, section 3.2).

B batch, T frames, S structure channels, H, W image size (multiples of 2^flow_layers), h, w size of a feature map.
Images are in [-1, 1]; flows are in pixels of their own map; lists of flows and masks run from coarse to fine.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from models.detail import Detail, DetailHead
from models.flow import FlowNet
from models.generators.config import AnimationConfig, bundled_person, dance_fashion, dance_iper
from models.generators.parts import Guide, SourceEncoder, TargetDecoder
from models.limbs import LimbMotion, limb_motion

__all__ = [
    "AnimationConfig",
    "AnimationGenerator",
    "Reference",
    "State",
    "Step",
    "bundled_person",
    "dance_fashion",
    "dance_iper",
]


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
        joints = None if self.joints is None else self.joints[batch]
        return State(self.image[batch], self.structure[batch], joints)


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


class AnimationGenerator(nn.Module):
    """Recurrent generator with two sources, the previous frame and the reference picture."""

    def __init__(self, *, config: AnimationConfig) -> None:
        super().__init__()
        self.config = config
        self.source_previous = SourceEncoder(config)
        self.source_reference = SourceEncoder(config)
        self.target = TargetDecoder(config)
        self.flow_net_previous = _flow_net(config)
        self.flow_net_reference = _flow_net(config)
        self.detail = _detail_head(config) if config.detail_hidden else None
        self.register_buffer(
            "limbs", torch.tensor(config.limbs, dtype=torch.long).view(len(config.limbs), 2), persistent=False
        )

    def encode_reference(self, image: Tensor, structure: Tensor, joints: Tensor | None = None) -> Reference:
        """Image [B,3,H,W] and its structure [B,S,H,W] -> what `step` needs of them, computed once.

        `joints` [B,J,2] in pixels, in the layout of the poses to come, are needed if the config has limbs.
        """
        self._check(image, structure)
        features = self.source_reference(image)
        begun = self.flow_net_reference.begin(_join(image, structure))
        return Reference(image, structure, joints, begun, features, self.target.project_reference(features))

    def step(self, reference: Reference, previous: State, structure: Tensor, joints: Tensor | None = None) -> Step:
        """One frame in the pose `structure` [B,S,H,W], whose `joints` [B,J,2] in pixels are needed if the config has
        limbs. Raises ValueError for sizes that don't fit and for joints that are missing."""
        self._check(previous.image, structure)
        pair = _join(previous.image, previous.structure)
        asked = pair.shape[1]
        begun = self.flow_net_previous.begin(pair) + self.flow_net_previous.begin(structure, first=asked)
        flows_p, masks_p = self.flow_net_previous(begun, self._motion(joints, previous.joints))
        begun = reference.begun + self.flow_net_reference.begin(structure, first=asked)
        flows_r, masks_r = self.flow_net_reference(begun, self._motion(joints, reference.joints))
        features = self.target(
            structure,
            Guide(self.source_previous(previous.image), flows_p, masks_p, None),
            Guide(reference.features, flows_r, masks_r, reference.projected),
        )
        generated = self.target.outconv(features)
        image, detail = generated, None
        if self.detail is not None:
            flows, masks = (flows_p[-1], flows_r[-1]), (masks_p[-1], masks_r[-1])
            image, detail = self.detail(features, generated, previous.image, reference.image, flows, masks)
        return Step(image, structure, generated, flows_p, flows_r, masks_p, masks_r, detail, joints)

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

    def _motion(self, target: Tensor | None, source: Tensor | None) -> LimbMotion | None:
        if not self.config.limbs:
            return None
        if target is None or source is None:
            raise ValueError("this generator follows limbs: it needs the joints of every pose")
        return limb_motion(target, source, cast(Tensor, self.limbs))

    def _check(self, image: Tensor, structure: Tensor) -> None:
        config, size = self.config, tuple(image.shape[-2:])
        if image.shape[1] != config.image_channels or structure.shape[1] != config.structure_channels:
            expected = f"[B,{config.image_channels},H,W] and structure [B,{config.structure_channels},H,W]"
            raise ValueError(f"need image {expected}, got {tuple(image.shape)} and {tuple(structure.shape)}")
        if structure.shape[-2:] != size or any(side % 2**config.flow_layers for side in size):
            raise ValueError(
                f"image and structure must share a size in multiples of {2**config.flow_layers}, "
                f"got {size} and {tuple(structure.shape[-2:])}"
            )


def _join(image: Tensor, structure: Tensor) -> Tensor:
    """[B,3,H,W] and [B,S,H,W] -> [B,3+S,H,W]; a common memory layout makes it several times faster."""
    last = structure.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.cat([image.contiguous(memory_format=layout), structure], dim=1)


def _flow_net(config: AnimationConfig) -> FlowNet:
    return FlowNet(
        inputs=config.image_channels + 2 * config.structure_channels,
        width=config.flow_width,
        max_width=config.flow_max_width,
        layers=config.flow_layers,
        attention_layers=config.attention_layers,
        norm=config.norm,
        limbs=len(config.limbs),
    )


def _detail_head(config: AnimationConfig) -> DetailHead:
    return DetailHead(
        channels=config.channels(0),
        hidden=config.detail_hidden,
        scale=2 ** min(config.attention_layers),
        image_channels=config.image_channels,
    )
