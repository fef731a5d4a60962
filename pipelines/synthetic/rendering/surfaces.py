"""Regular surfaces: bricks, tiles, planks, panels, stripes and checks, on walls and floors in perspective.

In: coordinates on the surface for every pixel. Out: its colours. The painters of interiors and outdoors call it.

Legend: B batch, H height, W width. Surface coordinates u, v are [B, 1, H, W] or broadcast to it, in heights of the
picture where the surface is nearest; `footprint` is the size of a pixel in that unit. Columns are [B, 1, 1, 1].
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance,
    chance_column,
    column,
    over,
    pick,
    soft_step,
    spectral_noise,
    uniform,
    uniform_column,
)
from pipelines.synthetic.rendering.palettes import GROUNDS, from_table, wall_colours


@dataclass(frozen=True)
class Surface:
    """Ranges of what one kind of surface looks like: cells in rows, with joints between them."""

    rows: tuple[float, float]
    """Rows per height of the picture."""
    aspect: tuple[float, float]
    """Width of a cell in heights of a row."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Displacement of every other row in cells."""
    ragged: tuple[float, float] = (0.0, 0.0)
    """Displacement of each row by chance, in cells."""
    joint: tuple[float, float] = (0.03, 0.08)
    """Width of a joint in heights of a row."""
    tone: tuple[float, float] = (0.0, 0.15)
    """Difference of brightness between cells."""
    bevel: tuple[float, float] = (0.0, 0.08)
    """Light on the upper and shade on the lower edge of a cell."""
    checks: tuple[float, float] = (0.0, 0.0)
    """How much of a second colour every other cell has."""
    grain: tuple[float, float] = (0.0, 0.06)
    """Strength of streaks along the rows."""
    upright: tuple[float, float] = (0.0, 0.0)
    """Whether rows are upright, as a chance from the first to the second."""


BRICKS = Surface((12, 34), (2.2, 4.2), shift=(0.5, 0.5), joint=(0.08, 0.2), tone=(0.08, 0.4), grain=(0.02, 0.1))
BLOCKS = Surface((5, 12), (1.5, 2.6), shift=(0.3, 0.5), joint=(0.03, 0.1), tone=(0.03, 0.25), grain=(0.02, 0.1))
TILES = Surface((4, 26), (1, 1.2), joint=(0.02, 0.08), tone=(0, 0.12), bevel=(0, 0.15))
LONG_TILES = Surface((6, 22), (1.6, 3), shift=(0, 0.5), joint=(0.03, 0.08), tone=(0, 0.15), bevel=(0, 0.2))
CHECKS = Surface((4, 18), (1, 1), joint=(0, 0.03), tone=(0, 0.08), checks=(0.4, 1))
PLANKS = Surface(
    (5, 20), (6, 18), ragged=(0, 1), joint=(0.02, 0.07), tone=(0.1, 0.4), grain=(0.08, 0.3), upright=(0, 1)
)
FLOORBOARDS = Surface((5, 14), (5, 14), ragged=(1, 1), joint=(0.02, 0.06), tone=(0.1, 0.35), grain=(0.08, 0.25))
PANELS = Surface((1, 4), (0.6, 2.4), joint=(0.004, 0.03), tone=(0, 0.06), bevel=(0, 0.05), upright=(0, 1))
CLADDING = Surface(
    (10, 40), (200, 300), joint=(0.05, 0.25), tone=(0, 0.08), bevel=(0.1, 0.4), grain=(0, 0.1), upright=(0, 1)
)
STRIPES = Surface((4, 30), (200, 300), joint=(0, 0.02), tone=(0, 0.05), checks=(0.1, 0.8), upright=(0.6, 1))

WALL_SURFACES = ((BRICKS, 3), (BLOCKS, 1.5), (TILES, 1.5), (LONG_TILES, 1), (PLANKS, 2), (PANELS, 2), (CLADDING, 1.5),
                 (STRIPES, 1))  # fmt: skip
FLOOR_SURFACES = ((TILES, 2), (CHECKS, 1), (FLOORBOARDS, 3), (BLOCKS, 1), (BRICKS, 1), (PANELS, 1))


def draw_surface(
    kinds: tuple[tuple[Surface, float], ...],
    u: Tensor,
    v: Tensor,
    footprint: Tensor | float,
    noise: Tensor,
    generator: Generator,
) -> Tensor:
    """Colours [B, 3, H, W] of one surface for each sample, drawn from `kinds` with their weights.

    noise: [B, 1, H, W] of deviation 1, for stains and streaks.
    """
    batch, device = len(noise), noise.device
    table = torch.tensor([astuple(surface) for surface, _ in kinds], device=device)  # [kinds, fields, 2]
    low, high = table[pick(generator, [weight for _, weight in kinds], batch)].unbind(-1)  # [B, fields]
    values = low + (high - low) * uniform(generator, batch, table.shape[1])
    rows, aspect, shift, ragged, joint, tone, bevel, checks, grain, upright = column(values, 4).unsqueeze(3).unbind(1)
    turned = upright > uniform_column(generator, batch)
    along, across = torch.where(turned, v, u) + 40, torch.where(turned, u, v) + 40  # positive: `frac` keeps the sign
    row = (across * rows).floor()
    seed = uniform_column(generator, batch)
    slid = along * rows / aspect + shift * (row % 2) + ragged * cell_noise(row, torch.zeros_like(row), seed)
    cell = slid.floor()
    inside_row, inside_cell = across * rows - row, slid - cell  # 0 to 1
    blurred = footprint * rows  # a pixel in heights of a row
    edge = torch.minimum((0.5 - (inside_cell - 0.5).abs()) * aspect, 0.5 - (inside_row - 0.5).abs())
    seam = soft_step(joint / 2 - edge, (1.5 * blurred).clamp(min=0.02)) * (joint / (joint + blurred))
    fade = 1 / (1 + blurred.square() * 4)  # what is finer than a pixel cannot be seen
    light = tone * (cell_noise(cell, row, seed) - 0.5) * fade + bevel * (inside_row - 0.5) * fade
    light = light + grain * noise * (0.6 + 0.8 * cell_noise(cell + 7, row, seed))
    first, second, dark = wall_colours(batch, generator), wall_colours(batch, generator), wall_colours(batch, generator)
    second = torch.lerp(first, second, uniform(generator, batch, 1))
    other = ((cell + row) % 2) * checks * fade + checks * 0.5 * (1 - fade)
    image = over(column(first, 4).expand(-1, -1, *noise.shape[-2:]), other, second) * (1 - light)
    dark = torch.where(chance(generator, 0.65, batch, 1), first * uniform(generator, batch, 1, low=0.3, high=0.8), dark)
    return over(image, seam, dark)


def draw_plaster(noise: Tensor, generator: Generator) -> Tensor:
    """Colours [B, 3, H, W] of painted walls with faint stains; noise: [B, 1, H, W] of deviation 1."""
    colour = column(wall_colours(len(noise), generator), 4)
    return colour * (1 + uniform_column(generator, len(noise), 0, 0.05) * noise)


def draw_rough(u: Tensor, v: Tensor, footprint: Tensor, generator: Generator) -> Tensor:
    """Colours [B, 3, H, W] of grass, gravel, sand, asphalt or carpet; u, v and footprint: [B, 1, H, W]."""
    batch, _, height, width = v.shape
    slope = uniform(generator, batch, low=0.1, high=1.0)
    stretch = torch.exp(0.7 * uniform(generator, batch, low=-1.0))
    texture = spectral_noise(batch, 2, height, width, generator, slope=slope, stretch=stretch)
    scale = uniform_column(generator, batch, 0.3, 0.8)
    fine = sample_texture(texture, u * scale, v * scale) / (1 + 60 * footprint * scale).clamp(max=6)
    patches = spectral_noise(batch, 1, height, width, generator, slope=1.8)
    ground = column(from_table(GROUNDS, pick(generator, (2, 2, 2, 1, 1, 3, 1), batch)), 4)
    strength = uniform_column(generator, batch, 0.05, 0.35)
    image = ground * (1 + strength * fine[:, :1] + 0.08 * patches)
    warm = torch.tensor([0.5, 0.1, -0.6], device=v.device).view(1, 3, 1, 1)
    return image * (1 + 0.3 * strength * fine[:, 1:] * warm)


def sample_texture(texture: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The texture [B, C, H, W] at surface coordinates [B, 1, H, W], mirrored beyond its borders: [B, C, H, W]."""
    u, v = torch.broadcast_tensors(u, v)
    grid = torch.stack([2 * u[:, 0], 2 * v[:, 0]], -1)
    return functional.grid_sample(texture, grid, padding_mode="reflection", align_corners=False)


def ground_plane(
    x: Tensor, y: Tensor, horizon: Tensor, distance: Tensor, generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Coordinates u, v [B, 1, H, W] on a floor below the horizon, and the footprint of a pixel there.

    horizon, distance: columns; a larger distance shows more of the floor. x is in heights of the picture. The floor is
    turned by a random angle for half of the samples. Above the horizon the values have no meaning.
    """
    batch, height = len(horizon), y.shape[2]
    depth = 1 / (y - horizon).clamp(min=0.02)
    u, v = (x - uniform_column(generator, batch)) * depth * distance, depth.expand(-1, -1, -1, x.shape[3]) * distance
    angle = uniform_column(generator, batch, -0.8, 0.8) * chance_column(generator, batch, 0.5)
    footprint = (depth.square() + depth) * distance / (2 * height)
    turned_u, turned_v = u * angle.cos() - v * angle.sin(), u * angle.sin() + v * angle.cos()
    return turned_u, turned_v, footprint.expand_as(v)
