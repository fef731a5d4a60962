"""Procedural people in front of random cameras: the true joints of the motion network's training clips.

The joints are those of the rendered bodies (`body_keypoints`) with their faces at rest, so no vertex has to be skinned:
nose, eyes and ears are fixed to the head. `motion.data` calls `film_people`. Legend: B clips, T frames, K = 17 joints.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.motion.full_motion import sample_joint_motion
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_pose import spread_arms
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.camera import sample_cut_height
from pipelines.synthetic.people.skeleton import Frames, Proportions, coco17, forward_kinematics, human36m17
from pipelines.synthetic.rotations import rotation_about

HASTE = 0.6, 2.0  # how much faster than usual people move
SHARES = Shares(athletic=0.3, everyday=0.3, whole_body=0.25)


@dataclass
class Film:
    """B people as their cameras see them: x right, y down, z near, in metres."""

    coco: Tensor
    """[B, T, 17, 3] COCO-17 joints."""
    human: Tensor
    """[B, T, 17, 3] Human3.6M-17 joints."""
    cut: Tensor
    """[B] y at which the picture's lower edge would cut people off between knees and chest."""
    rate: Tensor
    """[B] frames per second."""


def draw_uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform numbers of this shape."""
    return low + (high - low) * torch.rand(shape, device=generator.device, generator=generator)


def film_people(batch: int, length: int, generator: Generator, *, slowest: float, fastest: float) -> Film:
    """Draws people in motion, at frame rates between `slowest` and `fastest`, each octave as often."""
    rate = slowest * (fastest / slowest) ** draw_uniform(0, 1, (batch, 1), generator)
    people, frames = _move_people(rate, length, generator)
    camera, distance = _place_cameras(batch, generator)
    centre = frames.origin[:, :, :1].mean(1, keepdim=True)  # [B, 1, 1, 3]

    def project(joints: Tensor) -> Tensor:
        """World points [B, T, K, 3]."""
        seen = (joints - centre) @ camera.mT
        nearer = distance / (distance - seen[..., 2:]).clamp(min=0.5)
        return torch.cat([seen[..., :1] * nearer, -seen[..., 1:2] * nearer, seen[..., 2:]], -1)

    edge = centre.clone()
    edge[:, 0, 0, 1] = sample_cut_height(frames, generator)
    coco, human = coco17(frames, people), human36m17(frames, people)
    return Film(project(coco), project(human), project(edge)[:, 0, 0, 1], rate[:, 0])


def _move_people(rate: Tensor, length: int, generator: Generator) -> tuple[Proportions, Frames]:
    """Bodies, and `length` frames of their motion at `rate` [B, 1] frames per second, from anywhere in it."""
    batch = len(rate)
    haste = HASTE[0] * (HASTE[1] / HASTE[0]) ** draw_uniform(0, 1, (batch, 1), generator)
    time = torch.arange(length, device=generator.device)[None] / rate * haste  # [B, T]
    duration = time.max()
    time = time + draw_uniform(0, 1, (batch, 1), generator) * (duration - time[:, -1:])
    motion = sample_joint_motion(time, float(duration), batch, generator, shares=SHARES, tilt=0.0)
    model = BodyModel.load(generator.device)
    rest = model.rest(sample_shape(batch, generator, local_axes=len(model.local_axes)))
    return rest.proportions, forward_kinematics(rest.proportions, spread_arms(motion, model.find_arm_angle(rest)))


def _place_cameras(batch: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Rotations of cameras [B, 1, 3, 3], a few of them lying on their side, and distances [B, 1, 1, 1] in metres."""

    def some(chance: float) -> Tensor:
        return draw_uniform(0, 1, (batch, 1), generator) < chance

    def angle(reach: float) -> Tensor:
        return draw_uniform(-reach, reach, (batch, 1), generator)

    around = angle(math.pi) * some(0.35)
    pitch, roll = angle(0.26), angle(0.12) + angle(math.pi) * some(0.04)
    distance = 2.5 / draw_uniform(0.05, 1.0, (batch, 1, 1, 1), generator)
    return rotation_about(2, roll) @ rotation_about(0, pitch) @ rotation_about(1, around), distance
