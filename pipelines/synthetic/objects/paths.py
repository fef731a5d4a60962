"""Paths in space and the tubes around them: bent frames, rails, hoops and handles.

The modules of the classes make paths; `kit.Kit.add_tube` puts rings around them.

Legend: B objects, N points of a path, M points of a ring, P control points.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

Length = Tensor | float


def make_path(points: Sequence[Sequence[Length]], batch: int, *, rounds: int = 0) -> Tensor:
    """Points (x, y, z) of numbers or tensors [B] as a path [B, N, 3] whose corners are cut `rounds` times."""
    rows = [[torch.as_tensor(value, dtype=torch.float32).expand(batch) for value in point] for point in points]
    return round_corners(torch.stack([torch.stack(row, -1) for row in rows], 1), rounds)


def round_corners(path: Tensor, rounds: int) -> Tensor:
    """Path [B, P, 3] with its corners cut (Chaikin), each round doubling its points; its ends stay."""
    for _ in range(rounds):
        before, after = path[:, :-1], path[:, 1:]
        cut = torch.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 2).flatten(1, 2)
        path = torch.cat([path[:, :1], cut[:, 1:-1], path[:, -1:]], 1)
    return path


def make_arc(
    centre: Sequence[Length],
    across: Sequence[float],
    up: Sequence[float],
    radii: tuple[Length, Length],
    span: tuple[float, float],
    *,
    batch: int,
    points: int = 13,
) -> Tensor:
    """Part of an ellipse [B, points, 3] about `centre`: radians `span` from `across` to `up`, with both `radii`."""
    angle = torch.linspace(*span, points)
    middle = make_path([centre], batch)
    wide, high = (torch.as_tensor(radius, dtype=torch.float32).expand(batch)[:, None] for radius in radii)
    along = (wide * angle.cos())[..., None] * torch.tensor(across) + (high * angle.sin())[..., None] * torch.tensor(up)
    return middle + along


def ring_around_path(
    path: Tensor, radius: Tensor | float, *, normal: tuple[float, float, float], flat: float, sides: int
) -> Tensor:
    """Rings [B, N, M, 3] around a path [B, N, 3]; see `kit.Kit.add_tube`."""
    step = torch.cat([path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1)
    along = normalize(step, dim=-1)
    fixed = torch.tensor(normal).expand_as(along)
    fixed = normalize(fixed - (fixed * along).sum(-1, keepdim=True) * along, dim=-1)
    across = torch.linalg.cross(along, fixed)
    angle = (torch.arange(sides) + 0.5) * (2 * torch.pi / sides)
    size = torch.as_tensor(radius, dtype=torch.float32)
    size = size[:, None] if size.dim() == 1 else size
    size = size.expand(path.shape[:2])[..., None, None]
    ring = angle.cos()[:, None] * across[:, :, None] * flat + angle.sin()[:, None] * fixed[:, :, None]
    return path[:, :, None] + size * ring
