"""Rotation matrices: about an axis, between two rotations, and from two directions.

Legend: "..." any shape, the same for all arguments. Matrices [..., 3, 3] turn columns; their columns are the axes of
the turned frame.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def rotation_about(axis: int, angle: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] by `angle` [...] in radians about the axis 0 (x), 1 (y) or 2 (z)."""
    cosine, sine, zero, one = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle), torch.ones_like(angle)
    rows = {
        0: (one, zero, zero, zero, cosine, -sine, zero, sine, cosine),
        1: (cosine, zero, sine, zero, one, zero, -sine, zero, cosine),
        2: (cosine, -sine, zero, sine, cosine, zero, zero, zero, one),
    }[axis]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))  # [..., 3, 3]


def mix_rotations(first: Tensor, second: Tensor, weight: float | Tensor) -> Tensor:
    """Rotation [..., 3, 3] between `first` (weight 0) and `second` (weight 1) [..., 3, 3].

    `weight` is a number or [..., 1, 1]. The y axis, along which limbs run, is the exact mixture of both.
    """
    mixed = first * (1 - weight) + second * weight
    return frame_from_axes(mixed[..., :, 1], mixed[..., :, 2])


def frame_from_axes(y: Tensor, z: Tensor) -> Tensor:
    """Frame [..., 3, 3] with its y axis along `y` [..., 3] and its z axis as close to `z` [..., 3] as possible."""
    y = normalize(y, dim=-1)
    x = normalize(torch.linalg.cross(y, z), dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], -1)


def rotate(rotation: Tensor, vector: Tensor) -> Tensor:
    """The vectors [..., 3] turned by the rotations [..., 3, 3]; both shapes broadcast."""
    return (rotation @ vector[..., None])[..., 0]
