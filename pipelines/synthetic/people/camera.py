"""The orthographic camera: from world metres to pixels, and the framing of people in motion.

In: bounds of people, or the frames of their motion. Out: a `Camera` that scenes and shadows project with.

Legend: B batch, T frames of the clip. Pixels: x right, y down, pixel centres at integers.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import chance, uniform

_OVER_HEAD = 0.25  # m from the head's joint to the upper edge of a picture of the upper body
_BESIDE_HEAD = 0.35  # m from the head's joint to its sides


@dataclass
class Camera:
    """B orthographic cameras that look along -z."""

    scale: Tensor
    """[B] pixels per metre."""
    centre: Tensor
    """[B, 2] pixel (x, y) of the world's origin."""

    def project(self, points: Tensor) -> Tensor:
        """Pixels [B, ..., 2] of world points [B, ..., 3]."""
        shape = (-1, *[1] * (points.dim() - 2))
        x = self.centre[:, 0].view(shape) + self.scale.view(shape) * points[..., 0]
        y = self.centre[:, 1].view(shape) - self.scale.view(shape) * points[..., 1]
        return torch.stack([x, y], -1)

    def select(self, person: Tensor) -> "Camera":
        """The cameras `person` [N], one for each of N pictures."""
        return Camera(self.scale[person], self.centre[person])

    def depth(self, points: Tensor, origin: Tensor) -> Tensor:
        """How far world points [B, T, K, 3] are behind `origin` [B, T, 3]: [B, T, K] in pixels."""
        return (origin[:, :, None, 2] - points[..., 2]) * self.scale[:, None, None]


def aim_camera(
    low: Tensor,
    high: Tensor,
    generator: Generator,
    *,
    size: tuple[int, int],
    fill: tuple[float, float],
    zoom: tuple[float, float],
    shift: float,
) -> Camera:
    """Draws cameras that show boxes from `low` to `high` [B, 2] (world x, y in metres), then zooms and shifts them.

    Args:
        size: (width, height) of the picture in pixels.
        fill: range of the share of the picture that the boxes span.
        zoom: range of a further magnification; above 1 the boxes leave the picture.
        shift: largest displacement from the centre beyond the free margin, in parts of the picture.
    """
    extent = low.new_tensor(size)
    batch = len(low)
    share = uniform(generator, batch, low=fill[0], high=fill[1]) * uniform(generator, batch, low=zoom[0], high=zoom[1])
    scale = share * (extent / (high - low)).amin(-1)
    margin = (extent - scale[:, None] * (high - low)).clamp(min=0) / 2
    moved = uniform(generator, batch, 2, low=-1.0) * (0.7 * margin + shift * extent)
    middle = (low + high) / 2 * low.new_tensor([1.0, -1.0])
    return Camera(scale, (extent - 1) / 2 - scale[:, None] * middle + moved)


def truncate_people(
    camera: Camera, frames: Frames, generator: Generator, *, size: tuple[int, int], share: float
) -> Camera:
    """Aims a `share` of the cameras at the upper body, so that the picture's lower edge cuts the person off.

    The edge is anywhere from the knees to the chest, as they are on average over the motion.
    """
    upper = aim_at_upper_body(frames, sample_cut_height(frames, generator), generator, size=size)
    return choose_cameras(chance(generator, share, len(frames.origin)), upper, camera)


def aim_at_upper_body(frames: Frames, edge: Tensor, generator: Generator, *, size: tuple[int, int]) -> Camera:
    """Aims cameras so that the picture's lower edge is at world y `edge` [B], in metres, and heads are inside, wherever
    people go."""
    width, height = size
    batch, head = len(frames.origin), frames.origin[:, :, INDEX["head"]]
    left, right = head[..., 0].amin(1), head[..., 0].amax(1)
    tall, wide = head[..., 1].amax(1) + _OVER_HEAD - edge, right - left + 2 * _BESIDE_HEAD
    scale = uniform(generator, batch, low=0.85, high=1.0) * torch.minimum(height / tall, width / wide)
    shift = uniform(generator, batch, low=-1.0) * ((width - scale * wide) / 2).clamp(max=0.15 * width)
    x = (width - 1) / 2 + shift - scale * (left + right) / 2
    return Camera(scale, torch.stack([x, height - 1 + scale * edge], -1))


def choose_cameras(which: Tensor, yes: Camera, no: Camera) -> Camera:
    """The cameras of `yes` where `which` [B] is set, else those of `no`."""
    return Camera(torch.where(which, yes.scale, no.scale), torch.where(which[:, None], yes.centre, no.centre))


def sample_cut_height(frames: Frames, generator: Generator) -> Tensor:
    """World y [B] in metres down from which people are cut off: anywhere from the knees to the chest, as they are on
    average over the motion."""
    origin = frames.origin
    knees = (origin[:, :, INDEX["r_knee"], 1] + origin[:, :, INDEX["l_knee"], 1]).mean(1) / 2  # [B]
    waist, chest = (origin[:, :, INDEX[name], 1].mean(1) for name in ("spine", "chest"))
    place = uniform(generator, len(origin), high=2.0)
    return torch.where(place < 1, torch.lerp(knees, waist, place), torch.lerp(waist, chest, place - 1))
