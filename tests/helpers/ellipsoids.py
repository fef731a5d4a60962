"""Smooth closed meshes and an orthographic camera, to rasterise in tests and benchmarks."""

import math

import torch
from torch import Tensor


def make_ellipsoids(centre: Tensor, radius: Tensor, *, rings: int, sectors: int) -> tuple[Tensor, Tensor]:
    """Closed ellipsoids with their axes along x, y, z.

    Args:
        centre: [E, 3].
        radius: [E, 3].
        rings: of vertices from pole to pole, the poles included.
        sectors: vertices of a ring.

    Returns:
        [E * rings * sectors, 3] vertices; [E * 2 * (rings - 2) * sectors, 3] triangles, counter-clockwise from outside
        to a camera with x to the right and y up.
    """
    latitude = torch.linspace(0, math.pi, rings)[:, None]
    longitude = torch.arange(sectors) * (2 * math.pi / sectors)
    unit = torch.stack([latitude.sin() * longitude.sin(), latitude.cos().expand(-1, sectors)], -1)
    unit = torch.cat([unit, (latitude.sin() * longitude.cos())[..., None]], -1).flatten(0, 1)  # [rings * sectors, 3]
    ring, sector = torch.meshgrid(torch.arange(rings - 1), torch.arange(sectors), indexing="ij")
    upper, beside = ring * sectors + sector, ring * sectors + (sector + 1) % sectors
    first = torch.stack([upper, upper + sectors, beside + sectors], -1)[:-1]  # the last would have no area
    second = torch.stack([upper, beside + sectors, beside], -1)[1:]
    triangles = torch.cat([first.flatten(0, 1), second.flatten(0, 1)])
    vertices = unit * radius[:, None] + centre[:, None]
    shift = len(unit) * torch.arange(len(centre))
    return vertices.flatten(0, 1), (triangles + shift[:, None, None]).flatten(0, 1)


def project(vertices: Tensor, *, scale: float, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Pixels [..., V, 2] and nearness [..., V] of vertices [..., V, 3], the origin in the middle of (H, W) pixels."""
    height, width = size
    x, y = (width - 1) / 2 + scale * vertices[..., 0], (height - 1) / 2 - scale * vertices[..., 1]
    return torch.stack([x, y], -1), vertices[..., 2]


def turn(angle: float) -> Tensor:
    """[3, 3] rotation about the y axis by an angle in radians."""
    sine, cosine = math.sin(angle), math.cos(angle)
    return torch.tensor([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
