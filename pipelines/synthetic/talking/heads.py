"""Talking heads close to the camera: seated people who talk, turn, nod and look around.

In: an outfit and a generator. Out: a `Head`, which `landmarks` measures and `talking` renders.

Legend: B batch, T frames of the clip, N = B * T pictures.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body import sample_people
from pipelines.synthetic.people.camera import Camera
from pipelines.synthetic.people.primitives import People
from pipelines.synthetic.people.skeleton import (
    INDEX,
    RIG,
    Frames,
    Motion,
    Proportions,
    forward_kinematics,
    sample_proportions,
)
from pipelines.synthetic.people.textures import SLOTS, Outfit
from pipelines.synthetic.rendering.noise import uniform
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.talking.features import Features, sample_features, sample_waves
from pipelines.synthetic.tensors import repeat_per_picture

FACE = SLOTS.index("face")
AXIS = -0.02  # z of the axis that the face's texture runs around, in heights of the head
JAW = 1  # position of the jaw among the primitives with the face's texture: skull, jaw, nose
FILL = (0.52, 0.72)  # range of the share of the picture's height that the head takes
FPS = 25.0  # frames per second


@dataclass
class Head:
    """B talking people over T frames."""

    proportions: Proportions
    people: People
    """The jaw is fixed to the frame after those of the rig."""
    rig: Frames
    """[B, T, 21, ...]"""
    features: Features
    """Of the faces in all N pictures."""
    camera: Camera

    @property
    def steps(self) -> int:
        """T."""
        return self.rig.origin.shape[1]

    @property
    def frames(self) -> Frames:
        """The rig and the jaw, [B, T, 22, ...]; the jaw turns with the head, but is lower and a little further back."""
        shift = jaw_shift(self.features).unflatten(0, (-1, self.steps))
        rotation = torch.cat([self.rig.rotation, self.rotation.view(-1, self.steps, 1, 3, 3)], 2)
        return Frames(rotation, torch.cat([self.rig.origin, self.rig.point("head", shift)[:, :, None]], 2))

    @property
    def height(self) -> Tensor:
        """Height of the heads from chin to crown, [N] metres."""
        return repeat_per_picture(self.proportions.head, self.steps)

    @property
    def face(self) -> Tensor:
        """Indices [3] of the primitives with the face's texture: skull, jaw, nose."""
        return (self.people.slot == FACE).nonzero()[:, 0]

    @property
    def rotation(self) -> Tensor:
        """Rotation of the heads, [N, 3, 3]."""
        return self.rig.rotation[:, :, INDEX["head"]].flatten(0, 1)

    @property
    def origin(self) -> Tensor:
        """Origin of the heads' frames, [N, 3] metres."""
        return self.rig.origin[:, :, INDEX["head"]].flatten(0, 1)


def sample_head(outfit: Outfit, frames: int, size: int, generator: Generator) -> Head:
    """Draws people in this outfit, with `frames` consecutive frames at 25 a second for pictures of `size` pixels."""
    batch = len(outfit.skin)
    proportions = sample_proportions(batch, generator)
    people = sample_people(batch, generator, proportions, outfit=outfit)
    features = sample_features(batch, frames, generator, fps=FPS)
    rig = forward_kinematics(proportions, _sample_motion(batch, frames, generator))
    camera = _sample_camera(proportions, rig, size, generator)
    jaw = (people.slot == FACE).nonzero()[JAW, 0]
    people.primitives.frame = people.primitives.frame.index_fill(0, jaw, rig.origin.shape[2])
    return Head(proportions, people, rig, features, camera)


def _sample_motion(batch: int, frames: int, generator: Generator) -> Motion:
    """Motion of seated talkers: the head turns, nods and tilts, the trunk sways a little."""

    def angle(still: float, moving: float, low: float = 0.15, high: float = 0.9) -> Tensor:
        """Angles [B, T] in radians: up to `still`, constant per clip, plus about `moving` at `low` to `high` hertz."""
        own = still * uniform(generator, batch, 1, low=-1.0)
        return own + moving * sample_waves(batch, frames, generator, low=low, high=high, fps=FPS)

    rotations = torch.eye(3, device=generator.device).repeat(batch, frames, len(RIG), 1, 1)
    turn, nod, tilt = angle(0.35, 0.22), angle(0.1, 0.1, 0.3, 1.6), angle(0.06, 0.05)
    half = rotation_about(1, turn / 2) @ rotation_about(0, nod / 2) @ rotation_about(2, tilt / 2)
    rotations[:, :, INDEX["neck"]] = rotations[:, :, INDEX["head"]] = half
    rotations[:, :, INDEX["spine"]] = rotation_about(1, angle(0.25, 0.05)) @ rotation_about(2, angle(0.02, 0.02))
    root = 0.008 * torch.stack(
        [sample_waves(batch, frames, generator, low=0.1, high=0.6, fps=FPS) for _ in range(3)], -1
    )
    return Motion(rotations, root)


def jaw_shift(features: Features) -> Tensor:
    """How far the jaw has moved from where it is with a closed mouth, [N, 3] metres in the head's frame."""
    drop = features.drop
    return torch.stack([torch.zeros_like(drop), -drop, -0.25 * drop], -1)


def _sample_camera(proportions: Proportions, rig: Frames, size: int, generator: Generator) -> Camera:
    """Cameras for pictures of `size` x `size` pixels that the heads fill to about two thirds and stay in."""
    batch, height = len(proportions.head), proportions.head
    scale = size * uniform(generator, batch, low=FILL[0], high=FILL[1]) / height
    middle = rig.point("head", height[:, None, None] * height.new_tensor([0.0, 0.2, 0.0])).mean(1)[:, :2]
    place = size * (0.5 + 0.05 * uniform(generator, batch, 2, low=-1.0))
    return Camera(scale, place - scale[:, None] * middle * middle.new_tensor([1.0, -1.0]))
