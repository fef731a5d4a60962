"""Procedural people in front of random cameras: the true joints of the motion network's training clips.

`motion.data` calls `film_people`. Legend: B clips, T frames, K = 17 joints.
"""

import math

import torch
from torch import Generator, Tensor

from pipelines.synthetic.motion.motion import sample_motion_at
from pipelines.synthetic.people.skeleton import coco17, forward_kinematics, human36m17, sample_proportions
from pipelines.synthetic.rotations import rotation_about

HASTE = 0.6, 2.0  # how much faster than usual people move
ATHLETIC = 0.4  # share of clips with sports and floor work


def draw_uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform numbers of this shape."""
    return low + (high - low) * torch.rand(shape, device=generator.device, generator=generator)


def film_people(
    batch: int, length: int, generator: Generator, *, slowest: float, fastest: float
) -> tuple[Tensor, Tensor, Tensor]:
    """COCO-17 and Human3.6M-17 joints [B, T, 17, 3] (x right, y down, z near, in metres), and frame rates [B] between
    `slowest` and `fastest` frames per second, each octave as often."""
    rate = slowest * (fastest / slowest) ** draw_uniform(0, 1, (batch, 1), generator)
    haste = HASTE[0] * (HASTE[1] / HASTE[0]) ** draw_uniform(0, 1, (batch, 1), generator)
    time = torch.arange(length, device=generator.device)[None] / rate * haste  # [B, T]
    motion = sample_motion_at(time, float(time.max()), batch, generator, tilt=0.0, athletic=ATHLETIC)
    people = sample_proportions(batch, generator)
    frames = forward_kinematics(people, motion)
    camera, distance = _place_cameras(batch, generator)
    centre = frames.origin[:, :, :1].mean(1, keepdim=True)  # [B, 1, 1, 3]

    def project(joints: Tensor) -> Tensor:
        seen = (joints - centre) @ camera.mT
        nearer = distance / (distance - seen[..., 2:]).clamp(min=0.5)
        return torch.cat([seen[..., :1] * nearer, -seen[..., 1:2] * nearer, seen[..., 2:]], -1)

    return project(coco17(frames, people)), project(human36m17(frames, people)), rate[:, 0]


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
