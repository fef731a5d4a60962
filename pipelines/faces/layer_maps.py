"""What the generator of layered faces sees of a face: soft lines through its 68 landmarks.

Tensors in and out, so that training and use draw the same maps. N faces, L lines, H = W size of the map.
"""

import itertools

import torch
from torch import Tensor

from models.joints import FACE_LINES

WIDTH = 1.5  # standard deviation of a line's profile, in pixels of a map of 256
AT_ONCE = 256  # faces that are drawn together


def draw_face_maps(landmarks: Tensor, *, size: int) -> Tensor:
    """Structure maps of faces.

    Args:
        landmarks: [N, 68, 2] x, y in pixels of the map; they may be outside.
        size: H = W.

    Returns:
        [N, L, H, W] in 0..1, a channel for each of `models.joints.FACE_LINES`.
    """
    return torch.cat([_draw(each, size) for each in landmarks.split(AT_ONCE)])


def _draw(landmarks: Tensor, size: int) -> Tensor:
    axis = torch.arange(size, device=landmarks.device, dtype=torch.float32)
    grid = axis[None, None, :], axis[None, :, None]
    scale = -0.5 / (WIDTH * size / 256) ** 2
    lines = []
    for line in FACE_LINES:
        nearest = torch.full((len(landmarks), size, size), torch.inf, device=landmarks.device)
        for first, last in itertools.pairwise(line):
            nearest = torch.minimum(nearest, _squared_distance(landmarks[:, first], landmarks[:, last], *grid))
        value = (scale * nearest).exp()
        # Products of smaller values are denormal numbers, with which networks take several times longer.
        lines.append(torch.where(value < 1e-6, 0.0, value))
    return torch.stack(lines, 1)


def _squared_distance(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """[N, H, W] of positions x [1, 1, W], y [1, H, 1] from the segments between points [N, 2]."""
    along = (end - start)[..., None, None]  # [N, 2, 1, 1]
    dx, dy = x - start[:, 0, None, None], y - start[:, 1, None, None]
    part = ((dx * along[:, 0] + dy * along[:, 1]) / along.square().sum(1).clamp(min=1e-6)).clamp(0, 1)
    return (dx - part * along[:, 0]).square() + (dy - part * along[:, 1]).square()
