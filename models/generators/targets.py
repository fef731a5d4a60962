"""The pose of a frame as a recurrent generator prepares it, and the flows that it estimates for it.

Returned by the parts of `models.generators.recurrent`, whose letters and ranges apply.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class SourceFlows:
    """Flows into one image, and its masks."""

    flows: list[Tensor]
    """[B,2,h,w]."""

    masks: list[Tensor]
    """[B,1,h,w]."""


@dataclass(frozen=True)
class Target:
    """The pose of a frame, and what is computed before the previous image is known."""

    structure: Tensor
    """[B,S,H,W]."""

    joints: Tensor | None
    """[B,J,2] where the flow follows limbs, otherwise None."""

    features: Tensor
    """[B,C,h,w], the structure encoded for the target decoder."""

    begun: Tensor
    """[B,C,H/2,W/2], the contribution of the structures, its own and that of the previous frame, to the first
    convolution of the flow net of the previous frame."""

    references: tuple[SourceFlows, ...] = ()
    """Flows into the reference and its further images; none where the same flow net makes those of both sources."""


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
