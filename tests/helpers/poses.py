"""Poses for tests: a person who stands, and synthetic people who move."""

import numpy as np
import torch

from pipelines.synthetic.motion.full_motion import sample_joint_motion
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.skeleton import (
    Motion,
    Proportions,
    coco17,
    forward_kinematics,
    human36m17,
    standard_proportions,
)

STANDING = np.array(
    [
        (100, 40), (104, 36), (96, 36), (109, 38), (91, 38), (120, 70), (80, 70), (128, 105), (72, 105), (130, 138),
        (70, 138), (111, 140), (89, 140), (112, 190), (88, 190), (113, 240), (87, 240),
    ],
    np.float32,
)  # fmt: skip


def make_standing_pose(x: float = 0, y: float = 0, *, size: float = 1, confidence: float = 0.9) -> np.ndarray:
    """COCO-17 pose [17, 3], about 200 px tall times `size`."""
    pose = np.concatenate((STANDING * size + (x, y), np.full((17, 1), confidence)), 1)
    return pose.astype(np.float32)


def sample_people(count: int, seed: int) -> Proportions:
    """Sizes of random people."""
    model = BodyModel.load()
    shape = sample_shape(count, torch.Generator().manual_seed(seed), local_axes=len(model.local_axes))
    return model.rest(shape).proportions


def sample_motion(
    batch: int, length: int, seed: int, *, fps: float = 25.0, athletic: float = 0.0, **options: float
) -> Motion:
    """Random motion without gestures of daily life and actions of the whole body; options: of `sample_joint_motion`."""
    time, generator = torch.arange(length) / fps, torch.Generator().manual_seed(seed)
    return sample_joint_motion(time, length / fps, batch, generator, shares=Shares(athletic=athletic), **options)


def sample_poses(
    persons: Proportions, seed: int, *, frames: int = 40, scale: float = 150, amplitude: float = 1
) -> tuple[np.ndarray, np.ndarray]:
    """COCO-17 and Human3.6M-17 [B, T, 17, 2] of people doing the motion of `seed`, in pixels."""
    count = len(persons.head)
    motion = sample_motion(count, frames, seed, amplitude=amplitude)
    return _project(persons, motion, scale)


def act(action: Action, *, rate: float, seconds: float, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """COCO-17 and Human3.6M-17 [B, T, 17, 2] of standard adults doing one action, in pixels; about 260 px tall."""
    time = torch.arange(round(rate * seconds))[None] / rate
    pose = Pose.neutral(count, time.shape[1])
    action(Timeline(count, time, seconds, torch.Generator().manual_seed(1)), pose)
    pose.heading = pose.heading + 0.5
    return _project(standard_proportions(count), solve_pose(pose), 150)


def _project(persons: Proportions, motion: Motion, scale: float) -> tuple[np.ndarray, np.ndarray]:
    world = forward_kinematics(persons, motion)

    def project(joints: torch.Tensor) -> np.ndarray:
        return torch.stack((300 + scale * joints[..., 0], 500 - scale * joints[..., 1]), -1).double().numpy()

    return project(coco17(world, persons)), project(human36m17(world, persons))
