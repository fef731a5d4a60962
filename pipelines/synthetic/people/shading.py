"""Colour of ray-cast surfaces: texture, folds of the cloth and light.

In: people, their `Appearance`, placed primitives and what the rays hit. Out: colours of the hit points. Scenes and
talking heads call `shade_grid`.

Legend: B batch, T frames of the clip, N = B * T pictures, F frames of the rig, P primitives, S slots, n texture size,
H height, W width; "..." any set of points.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.primitives import People
from pipelines.synthetic.people.texels import sample_folds, sample_texels
from pipelines.synthetic.people.textures import SLOTS, Outfit
from pipelines.synthetic.rendering.noise import uniform
from pipelines.synthetic.rendering.raycast import Placed


@dataclass
class Appearance:
    """Textures and light of B people, which do not change over a clip."""

    texels: Tensor
    """[B * S * n * n * 5] colour in [0, 1], then slope of the folds along u and v."""
    size: int
    """n, the side of a texture."""
    light: Tensor
    """[B, 3] unit vector to the lamp."""
    key: Tensor
    """[B, 3] strength of the lamp in red, green and blue."""
    ambient: Tensor
    """[B, 3] strength of the light from everywhere."""
    wrap: Tensor
    """[B] softness of the lamp, 0 hard .. 1 soft."""


def sample_appearance(atlas: Tensor, outfit: Outfit, generator: Generator) -> Appearance:
    """Draws folds and light for the people of `atlas` [B, S, 3, n, n] in their `outfit`."""
    batch, _, _, size, _ = atlas.shape
    texels = torch.cat([atlas, sample_folds(outfit, size, generator)], 2).permute(0, 1, 3, 4, 2)
    side = uniform(generator, batch, low=-1.0) * 1.1
    lift = uniform(generator, batch, low=0.05, high=1.0)
    light = torch.stack([torch.sin(side), lift, torch.cos(side)], -1)
    strength = uniform(generator, batch, 1, low=0.25, high=0.75)
    tint = 1 + 0.06 * uniform(generator, batch, 3, low=-1.0)
    total = uniform(generator, batch, 1, low=0.9, high=1.12)
    return Appearance(
        texels.flatten(),
        size,
        normalize(light, dim=-1),
        strength * tint * total,
        (1 - strength) * (2 - tint) * total,
        uniform(generator, batch, low=0.1, high=0.8),
    )


@dataclass
class ShadingTables:
    """Numbers of every primitive of N pictures, looked up for each point that is shaded."""

    geometry: Tensor
    """[23, N * P] rows of `Placed.parameters`."""
    chart: Tensor
    """[12, N * P] affine maps from the world to (across, v, forward)."""
    slot: Tensor
    """[N * P] which of the B * S textures the primitive has."""
    light: Tensor
    """[10, N] direction to the lamp (3), its strength (3), ambient light (3) and wrap of each picture."""


def build_shading_tables(
    people: People, appearance: Appearance, placed: Placed, rotation: Tensor, origin: Tensor
) -> ShadingTables:
    """Tables for pictures with the frames rotation [B, T, F, 3, 3] and origin [B, T, F, 3]."""
    batch, steps = rotation.shape[:2]
    frame = people.primitives.frame
    turn, move = rotation[:, :, frame], origin[:, :, frame]  # [B, T, P, 3, 3]
    rows = people.chart[:, None, :, :, :3] @ turn.mT
    shift = people.chart[:, None, :, :, 3:] - rows @ move[..., None]
    chart = torch.cat([rows, shift], -1).flatten(-2)  # [B, T, P, 12]
    base = torch.arange(batch, device=frame.device)[:, None] * len(SLOTS)
    slot = (base + people.slot)[:, None].expand(-1, steps, -1)  # [B, T, P]
    light = torch.cat([appearance.light, appearance.key, appearance.ambient, appearance.wrap[:, None]], 1)  # [B, 10]
    return ShadingTables(
        placed.parameters.flatten(1),
        chart.permute(3, 0, 1, 2).flatten(1).contiguous(),
        slot.flatten(),
        light.repeat_interleave(steps, 0).T.contiguous(),
    )


def shade(
    geometry: Tensor, chart: Tensor, slot: Tensor, light: Tensor, texels: Tensor, size: int,
    picture: Tensor, primitive: Tensor, x: Tensor, y: Tensor, z: Tensor,
) -> Tensor:  # fmt: skip
    """Colour [3, ...] of surface points at x, y, z [...] (m); 1 is white, highlights may exceed it.

    picture, primitive: [...] indices of the point's picture and primitive; the other arguments are the fields of
    `ShadingTables` and of `Appearance`. Plain tensors and no indices in between, so that it compiles to one kernel.
    """
    count = geometry.shape[1] // light.shape[1]
    row = picture * count + primitive
    nx, ny, nz, shade_inside = _normal(geometry, row, x, y, z)
    across, v, forward = (
        chart[4 * i][row] * x + chart[4 * i + 1][row] * y + chart[4 * i + 2][row] * z + chart[4 * i + 3][row]
        for i in range(3)
    )
    u = 0.5 + torch.atan2(across, forward) / (2 * torch.pi)
    red, green, blue, fold_u, fold_v = sample_texels(texels, slot[row], size, u, v)
    vx, vy, vz = (chart[4 + i][row] for i in range(3))
    inverse = torch.rsqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * inverse, vy * inverse, vz * inverse
    ux, uy, uz = vy * nz - vz * ny, vz * nx - vx * nz, vx * ny - vy * nx
    nx, ny, nz = (n + fold_u * a + fold_v * b for n, a, b in ((nx, ux, vx), (ny, uy, vy), (nz, uz, vz)))
    inverse = torch.rsqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
    lamp = [light[i][picture] for i in range(10)]
    wrap = lamp[9]
    lit = ((nx * lamp[0] + ny * lamp[1] + nz * lamp[2] + wrap) / (1 + wrap)).clamp(min=0)
    sky = 0.82 + 0.18 * ny - 0.12 * (1 - nz.clamp(min=0))
    return torch.stack(
        [colour * (lamp[6 + i] * sky + lamp[3 + i] * lit) * shade_inside for i, colour in enumerate((red, green, blue))]
    )


def _normal(geometry: Tensor, row: Tensor, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Unit normal towards the camera as x, y, z [...], and a factor [...] that darkens the inside of open clothes.

    geometry: [23, N * P], of which `row` [...] is the point's column; x, y, z: [...] metres.
    """
    a00, a01, a02, a10, a11, a12, a20, a21, a22, bx, by, bz = (geometry[i][row] for i in range(12))
    length, slope, radius, low, high, first, second = (geometry[i][row] for i in range(12, 19))
    dx, dy, dz = x - bx, y - by, z - bz
    px, pz = a00 * dx + a01 * dy + a02 * dz, a20 * dx + a21 * dy + a22 * dz
    along = a10 * dx + a11 * dy + a12 * dz
    lateral = slope * (radius - slope * along)
    ny = torch.where((along < low) & (first > 0), along, lateral)
    ny = torch.where((along > high) & (second > 0), along - length, ny)
    wx, wy, wz = a00 * px + a10 * ny + a20 * pz, a01 * px + a11 * ny + a21 * pz, a02 * px + a12 * ny + a22 * pz
    inverse = torch.rsqrt((wx * wx + wy * wy + wz * wz).clamp(min=1e-12))
    inverse = torch.where(wz < 0, -inverse, inverse)
    return wx * inverse, wy * inverse, wz * inverse, torch.where(wz < 0, 0.5, 1.0)


@functools.cache
def _compile_shade() -> Callable[..., Tensor]:
    return torch.compile(shade, dynamic=True)


def shade_grid(
    tables: ShadingTables, appearance: Appearance, depth: Tensor, index: Tensor, x: Tensor, y: Tensor
) -> Tensor:
    """Colours [N, 3, H, W] of what the rays of a grid hit, black where they hit nothing.

    depth, index: [N, H, W] of `raycast.cast_grid`; x: [N, W], y: [N, H] world metres of columns and rows. Off CUDA only
    the points that were hit are computed.
    """
    constants = (tables.geometry, tables.chart, tables.slot, tables.light, appearance.texels, appearance.size)
    count, height, width = depth.shape
    hit = index >= 0
    if depth.is_cuda:
        picture = torch.arange(count, device=depth.device)[:, None, None].expand_as(depth)
        columns, rows = x[:, None].expand_as(depth), y[:, :, None].expand_as(depth)
        colour = _compile_shade()(*constants, picture, index.clamp(min=0).long(), columns, rows, depth)
        return (colour * hit).transpose(0, 1)
    picture, row, column = hit.nonzero(as_tuple=True)
    points = x[picture, column], y[picture, row], depth[hit]
    colour = shade(*constants, picture, index[hit].long(), *points)
    canvas = depth.new_zeros(3, count, height, width)
    canvas[:, hit] = colour
    return canvas.transpose(0, 1)
