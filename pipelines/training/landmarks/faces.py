"""Rendered faces without background, from which training crops of the landmark network are made.

Heads are those of `pipelines.synthetic.head_clips`, turned as far as a profile, with hair, hats, glasses and hands in
front of some, and bent so that no two faces have the same shape. `landmarks.data` pastes them on backgrounds.

Legend: N faces, S source size, K = 68 landmarks, W waves.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip
from pipelines.synthetic.rendering.noise import normal, uniform

HEAD = (0.33, 0.62)  # range of the height of heads in their pictures
TURN = (0.6, 1.05, 0.35)  # largest pitch, yaw and roll of heads, radians
LENGTH = 75  # frames of the clips from which moments are taken: blinks and mouths in all stages
GESTURES = 0.4  # share of people who do something with their arms
WAVES = 4  # of a bend
WAVELENGTHS = (0.45, 1.6)  # range in extents of the face
ROUNDS = 6  # until a point of a bend is found to a hundredth of a pixel


@dataclass
class Faces:
    """Rendered heads without background."""

    layers: Tensor
    """Colours times coverage, and coverage: [N, 4, S, S] in 0 to 1."""
    landmarks: Tensor
    """[N, K, 2] in pixels."""
    visible: Tensor
    """[N, K] bool: not behind the rest of the head, hair, hats or hands."""

    def __getitem__(self, index: Tensor) -> "Faces":
        return Faces(self.layers[index], self.landmarks[index], self.visible[index])

    def __len__(self) -> int:
        return len(self.landmarks)


@dataclass(frozen=True)
class Bend:
    """A smooth displacement of points: the sum of a few waves."""

    vector: Tensor
    """[N, W, 2] wave vectors in radians per pixel."""
    phase: Tensor
    """[N, W] radians."""
    amplitude: Tensor
    """[N, W, 2] pixels."""

    def __call__(self, points: Tensor) -> Tensor:
        """Points [N, K, 2] -> where they go, both in pixels."""
        angle = points @ self.vector.mT + self.phase[:, None]  # [N, K, W]
        return points + angle.sin() @ self.amplitude

    def invert(self, points: Tensor) -> Tensor:
        """The points [N, K, 2] that go to `points`."""
        found = points
        for _ in range(ROUNDS):
            found = found + points - self(found)
        return found


def render_faces(size: int, number: int, moments: int, generator: Generator) -> Faces:
    """Pictures of `number` people at random moments of three seconds in which they talk, blink and turn.

    N = number * moments, all of the first person first, and S = size.
    """
    config = HeadClipConfig(height=size, width=size, length=LENGTH, head=HEAD, turn=TURN, gestures=GESTURES)
    times = torch.randint(LENGTH, (number, moments), generator=generator, device=generator.device)
    clip = sample_head_clip(config, batch=number, times=times, generator=generator)
    colour, coverage = clip.rgba.flatten(0, 1).split([3, 1], 1)  # [N, 3, S, S], [N, 1, S, S]
    layers = torch.cat([(colour + coverage) / 2, coverage], 1).clamp(0, 1)
    return Faces(layers, clip.face.flatten(0, 1), clip.face_visible.flatten(0, 1))


def bend(faces: Faces, strength: float, generator: Generator) -> Faces:
    """Faces of other shapes: each bent by waves of its own.

    strength: standard deviation of the slope of the displacement.
    """
    size = faces.layers.shape[-1]
    found = _draw_bend(faces.landmarks, strength, generator)
    axis = torch.arange(size, device=faces.layers.device, dtype=torch.float32)
    pixels = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).view(1, -1, 2)
    grid = (2 * found(pixels) + 1) / size - 1
    layers = F.grid_sample(faces.layers, grid.view(-1, size, size, 2), align_corners=False)
    return Faces(layers, found.invert(faces.landmarks), faces.visible)


def _draw_bend(landmarks: Tensor, strength: float, generator: Generator) -> Bend:
    number, extent = len(landmarks), face_extent(landmarks)[:, None]
    length = extent * uniform(generator, number, WAVES, low=WAVELENGTHS[0], high=WAVELENGTHS[1])
    direction = uniform(generator, number, WAVES, high=2 * math.pi)
    steepness = (strength / math.sqrt(WAVES) * normal(generator, number, WAVES, 2)).clamp(-0.2, 0.2)
    return Bend(
        vector=(2 * math.pi / length)[..., None] * torch.stack([direction.cos(), direction.sin()], -1),
        phase=uniform(generator, number, WAVES, high=2 * math.pi),
        amplitude=steepness * (length / (2 * math.pi))[..., None],
    )


def face_extent(landmarks: Tensor) -> Tensor:
    """The longer side [N] in pixels of the boxes around landmarks [N, K, >= 2]."""
    return (landmarks[..., :2].amax(1) - landmarks[..., :2].amin(1)).amax(1)
