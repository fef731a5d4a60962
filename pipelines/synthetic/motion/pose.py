"""What a person does at each moment: where hands, feet and pelvis are and where the person looks, before it is solved
into joint rotations.

`arm_actions` and `leg_actions` fill poses in; `inverse_kinematics.solve_pose` turns them into a `Motion`.

Legend: B batch, T frames of the clip, side 0 right, side 1 left. Both sides share one mirrored system: x away from the
body, y up, z forward. A leg (or arm) length is that of an average adult's outstretched leg (or arm).
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from pipelines.synthetic.tensors import constant

HANGING = (0.1, -0.965, 0.05, 0.3, 0.1, 0.0)  # an arm, as in `Pose.arms`
STANDING = (0.02, 0.0, 0.0, 0.0, 0.12)  # a leg, as in `Pose.legs`
# The fingers of a relaxed hand, as in `Pose.fingers`.
RELAXED = (
    (0.3, 0.15, 0.2, 0.25), (0.06, 0.25, 0.35, 0.2), (0.0, 0.33, 0.42, 0.25), (0.04, 0.4, 0.48, 0.28),
    (0.1, 0.42, 0.48, 0.28),
)  # fmt: skip


@dataclass
class Pose:
    """Poses of B people at T moments."""

    heading: Tensor
    """[B, T] radians about y, 0 towards +z."""
    travel: Tensor
    """[B, T, 2] x, z of the body in the world, in leg lengths."""
    lift: Tensor
    """[B, T] height of a jump, in leg lengths."""
    pelvis: Tensor
    """[B, T, 3] offset of the pelvis from standing, in the heading's frame, in leg lengths."""
    hips: Tensor
    """[B, T, 3] flexion, twist and bend of the pelvis, radians."""
    spine: Tensor
    """[B, T, 3] flexion, twist and bend of the trunk, radians."""
    neck: Tensor
    """[B, T, 3] flexion, twist and bend of the neck, radians."""
    arms: Tensor
    """[B, T, 2, 6] wrist from the shoulder in arm lengths (3), swivel of the elbow outwards, flexion of the wrist
    towards the palm, and twist of the forearm that turns the palm up, radians. Without twist the palms of hanging arms
    face the thighs."""
    legs: Tensor
    """[B, T, 2, 5] ankle from its place in standing in leg lengths (3), heel raise and turn-out in radians."""
    tumble: Tensor
    """[B, T, 3] turn of the whole body about its pelvis in the heading's frame, radians: forwards, about its long axis
    to the left, sideways to the right, the last one first. `ground.settle` applies it, `solve_pose` does not."""
    fingers: Tensor
    """[B, T, 2, 5, 4] thumb to little finger, radians, 0 for straight fingers in the plane of the hand: spread away
    from the middle finger (of itself towards the thumb; of the thumb its opposition towards the palm), and the
    flexion of the three joints from base to tip."""

    @staticmethod
    def neutral(batch: int, length: int, device: torch.device | str = "cpu") -> "Pose":
        """Standing still with hanging arms: `batch` people at `length` moments."""

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(batch, length, *shape, device=device)

        heading = zeros()
        arms = zeros(2, 6) + constant(HANGING, heading.device)
        legs = zeros(2, 5) + constant(STANDING, heading.device)
        fingers = zeros(2, 5, 4) + constant(RELAXED, heading.device)
        trunk = zeros(3), zeros(3), zeros(3), zeros(3)  # pelvis, hips, spine, neck
        return Pose(heading, zeros(2), zeros(), *trunk, arms, legs, zeros(3), fingers)

    def copy(self) -> "Pose":
        """A pose with tensors of its own."""
        return Pose(*(getattr(self, field.name).clone() for field in fields(self)))

    def where(self, mask: Tensor, other: "Pose") -> "Pose":
        """This pose for the people for whom `mask` [B] is true, the other for the rest."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return Pose(*(torch.where(mask.view(-1, *[1] * (a.dim() - 1)), a, b) for a, b in pairs))

    def scale(self, amplitude: float) -> "Pose":
        """Deviations from standing still times `amplitude`; the heading stays."""
        rest = Pose.neutral(*self.heading.shape, device=self.heading.device)
        pairs = ((getattr(self, field.name), getattr(rest, field.name)) for field in fields(self))
        scaled = Pose(*(b + amplitude * (a - b) for a, b in pairs))
        scaled.heading = self.heading
        return scaled
