"""Whole bodies that tumble, and what of them touches the ground: feet, knees, hands, the back.

`motion.sample_motion_at` calls `settle` for clips in which people lie, crawl or turn upside down.

Legend: B batch, T frames.
"""

import torch
from torch import Tensor

from pipelines.synthetic.motion.inverse_kinematics import LEG
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.people.skeleton import SIDES, Frames, Motion, forward_kinematics, standard_proportions
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.tensors import constant

# Balls inside the skin of a standard adult: frame of the rig, centre in it and radius, metres.
_TRUNK = (
    ("pelvis", (0.0, -0.03, -0.01), 0.115), ("spine", (0.0, 0.03, 0.01), 0.11), ("chest", (0.0, 0.06, 0.0), 0.12),
    ("head", (0.0, 0.09, 0.03), 0.11),
)  # fmt: skip
_LIMB = (
    ("hip", (0.0, -0.03, 0.0), 0.09), ("knee", (0.0, 0.0, 0.0), 0.055), ("ankle", (0.0, -0.065, -0.06), 0.0),
    ("ankle", (0.0, -0.065, 0.17), 0.0), ("ankle", (0.0, -0.02, 0.17), 0.015), ("shoulder", (0.0, 0.0, 0.0), 0.065),
    ("elbow", (0.0, 0.0, 0.0), 0.045), ("wrist", (0.0, 0.0, 0.0), 0.03), ("wrist", (0.0, -0.17, 0.0), 0.012),
)  # fmt: skip
_BALLS = _TRUNK + tuple((f"{side}_{joint}", centre, radius) for side, _ in SIDES for joint, centre, radius in _LIMB)
_TAKE_OFF = 0.03  # lift in leg lengths from which a body flies and nothing pulls it to the ground


def settle(motion: Motion, pose: Pose) -> Motion:
    """The motion of the solved `pose` with its `tumble`, raised or lowered until the body rests on the ground.

    Who jumps keeps the height of the jump, and is raised only where something would be below the ground.
    """
    heading = rotation_about(1, pose.heading)  # [B, T, 3, 3]
    forwards, along, sideways = (rotation_about(axis, angle) for axis, angle in enumerate(pose.tumble.unbind(-1)))
    turn = heading @ forwards @ along @ sideways @ heading.mT
    rotations = torch.cat([(turn @ motion.rotations[:, :, 0])[:, :, None], motion.rotations[:, :, 1:]], 2)
    turned = Motion(rotations, motion.root)
    low = lowest_point(forward_kinematics(standard_proportions(len(heading), heading.device), turned))
    flying = (pose.lift / _TAKE_OFF).clamp(0, 1)
    above = low - pose.lift * LEG  # of the ground that the body jumps from
    up = torch.maximum(-low, -above * (1 - flying))
    return Motion(rotations, motion.root + up[..., None] * constant((0.0, 1.0, 0.0), up.device))


def lowest_point(frames: Frames) -> Tensor:
    """Height [B, T] in metres of the lowest point of the body of standard adults."""
    heights = [
        frames.point(name, constant(centre, frames.origin.device))[..., 1] - radius for name, centre, radius in _BALLS
    ]
    return torch.stack(heights).amin(0)
