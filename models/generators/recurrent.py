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
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.batches import select_items
from models.branches import Branches
from models.detail import Detail
from models.generators.config import GeneratorConfig
from models.generators.parts import DecoderSource, SourceEncoder, TargetDecoder, check_maps
from models.generators.targets import Flows, SourceFlows, Target


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

    Subclasses estimate the flows: they have `_begin_reference`, `_begin_target` and `estimate`, and `_refine` if the
    decoder's image is not the result yet.
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
    def _begin_target(
        self, reference: Reference, before: Tensor, structure: Tensor, joints: Tensor | None, branches: Branches
    ) -> tuple[Tensor, tuple[SourceFlows, ...]]:
        """`Target.begun` and `Target.references`, those in a branch.

        before: [B,S,H,W], the structure of the previous frame.
        """

    def _refine(
        self,
        features: Tensor,
        generated: Tensor,
        previous: State,
        reference: Reference,
        flows: Flows,
        joints: Tensor | None,
    ) -> tuple[Tensor, Detail | None]:
        """Decoder features [B,C,H,W], generated image [B,I,H,W] and the frame's joints [B,J,2] -> result [B,I,H,W]."""
        return generated, None

    def _add_fingers(self, features: Tensor, structure: Tensor) -> Tensor:
        """Decoder features [B,C,H,W], with what the structure [B,S,H,W] shows in more detail than they do."""
        return features

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

    def encode_target(
        self, reference: Reference, before: Tensor, structure: Tensor, joints: Tensor | None = None
    ) -> Target:
        """Compute what a frame needs besides the previous image; maybe in another thread than the steps.

        before: [B,S,H,W], the structure of the previous frame. Other args and errors as of `step`.
        """
        branches = Branches()
        target = self._encode_target(reference, before, structure, joints, branches)
        branches.join()
        return target

    def _encode_target(
        self, reference: Reference, before: Tensor, structure: Tensor, joints: Tensor | None, branches: Branches
    ) -> Target:
        check_maps(self._config, reference.image, structure)
        with branches.branch():
            features = self.target.encode(structure)
        begun, references = self._begin_target(reference, before, structure, joints, branches)
        return Target(structure, joints, features, begun, references)

    def encode_previous(self, previous: State) -> list[Tensor]:
        """The features [B,C,h,w] of the previous image; maybe in another thread than `estimate`."""
        return self.source_previous(previous.image)

    @abstractmethod
    def estimate(self, reference: Reference, previous: State, target: Target) -> Flows:
        """Flows and masks for a target of this reference; previous: as of `step`."""

    def complete(
        self, reference: Reference, previous: State, target: Target, flows: Flows, encoded: list[Tensor]
    ) -> Step:
        """Generate the frame of a target from what `estimate` and `encode_previous` returned."""
        features = self.target.decode(
            target.features,
            DecoderSource(encoded, flows.flows_previous, flows.masks_previous),
            _reference_source(reference, flows),
        )
        features = self._add_fingers(features, target.structure)
        generated, shadow = self._split_output(self.target.outconv(features))
        image, detail = self._refine(features, generated, previous, reference, flows, target.joints)
        found = vars(flows) | {"detail": detail, "shadow": shadow}
        return Step(image, target.structure, generated, joints=target.joints, **found)

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
        branches = Branches()
        with branches.branch():
            encoded = self.encode_previous(previous)
        target = self._encode_target(reference, previous.structure, structure, joints, branches)
        flows = self.estimate(reference, previous, target)
        branches.join()
        return self.complete(reference, previous, target, flows, encoded)

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
