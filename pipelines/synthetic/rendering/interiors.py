"""Rooms and facades in perspective: regular walls, corners, floors, doors and windows.

`backgrounds` lists the painters. Legend: B batch, H height, W width. Images are [B, 3, H, W] in [0, 1]; columns are
[B, 1, 1, 1].
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    chance_column,
    column,
    natural_noise,
    over,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
    uniform_column,
)
from pipelines.synthetic.rendering.palettes import cloth_colours, wall_colours
from pipelines.synthetic.rendering.surfaces import (
    FLOOR_SURFACES,
    WALL_SURFACES,
    draw_plaster,
    draw_rough,
    draw_surface,
    ground_plane,
)


def paint_interior(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a wall or a corner of two, straight or slanted, over a floor in perspective, with doors and windows."""
    u, v, footprint, shade = _place_walls(batch, height, width, generator)
    noise = spectral_noise(batch, 1, height, width, generator, slope=1.0, stretch=0.4)
    image = draw_surface(WALL_SURFACES, u, v, footprint, noise, generator)
    plain = chance_column(generator, batch, 0.35) > 0
    image = torch.where(plain, draw_plaster(noise, generator), image)
    low = uniform_column(generator, batch, -0.1, 0.35) + 2 * chance_column(generator, batch, 0.8)  # of the wainscot
    image = over(image, soft_step(v - low, footprint), wall_colours(batch, generator) * 0.9)
    image = over(image, soft_step(0.008 - (v - low).abs(), footprint), wall_colours(batch, generator))
    for _ in range(2):
        image = _add_opening(image, u, v, footprint, generator)
    return _add_plane(image, u, v, footprint, generator) * shade


def paint_facade(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a house's wall with a grid of windows over a pavement, straight or slanted."""
    u, v, footprint, shade = _place_walls(batch, height, width, generator)
    noise = spectral_noise(batch, 1, height, width, generator, slope=1.0, stretch=0.5)
    image = draw_surface(WALL_SURFACES, u, v, footprint, noise, generator)
    across, down = uniform_column(generator, batch, 0.2, 0.7), uniform_column(generator, batch, 0.25, 0.7)
    du = ((u / across + uniform_column(generator, batch) + 40).frac() - 0.5) * across
    dv = ((v / down + uniform_column(generator, batch) + 40).frac() - 0.5) * down
    share = uniform_column(generator, batch, 0.2, 0.42), uniform_column(generator, batch, 0.2, 0.42)
    image = _add_frame(image, across * share[0] - du.abs(), down * share[1] - dv.abs(), du, dv, footprint, generator)
    return _add_plane(image, u, v, footprint, generator) * shade


def _place_walls(batch: int, height: int, width: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Coordinates u, v of the wall or the two walls of a corner, the footprint of a pixel, and the walls' brightness,
    [B, 1, H, W] each."""
    x, y = pixel_grid(height, width, generator.device)
    x = x * (width / height)
    corner = uniform_column(generator, batch, -0.2, 1.2) * (width / height)
    slanted, angular = chance_column(generator, batch, 0.5), chance_column(generator, batch, 0.35)
    left = uniform_column(generator, batch, -0.5, 0.9) * slanted
    right = torch.where(angular > 0, uniform_column(generator, batch, -0.5, 0.9) * slanted, -left)
    side = x - corner
    scale = 1 + torch.where(side < 0, -left * side, right * side)  # of the wall, nearer where it is larger
    scale = scale.clamp(min=0.35).expand(-1, -1, height, -1)
    eye = uniform_column(generator, batch, 0.25, 0.6)
    u = side / scale + uniform_column(generator, batch, 0, 2) * angular * (side < 0)
    shade = 1 - uniform_column(generator, batch, 0, 0.35) * angular * soft_step(side, 1.5 / height)
    crease = 0.12 * angular * torch.exp(-side.abs() * 30)
    return u, (y - eye) / scale, 1 / (height * scale), shade * (1 - crease)


def _add_plane(image: Tensor, u: Tensor, v: Tensor, footprint: Tensor, generator: Generator) -> Tensor:
    """Adds a skirting board and a floor below the wall in three of four images; u, v: coordinates of the wall."""
    batch, _, height, width = image.shape
    x, y = pixel_grid(height, width, generator.device)
    line = uniform_column(generator, batch, 0.22, 0.6) + 9 * chance_column(generator, batch, 0.25)
    board = uniform_column(generator, batch, 0.01, 0.04) * chance_column(generator, batch, 0.6)
    horizon = uniform_column(generator, batch, 0.2, 0.5)
    plane = ground_plane(x * (width / height), y, horizon, uniform_column(generator, batch, 0.12, 0.5), generator)
    noise = spectral_noise(batch, 1, height, width, generator, slope=0.9, stretch=0.3)
    regular = draw_surface(FLOOR_SURFACES, *plane, noise, generator)
    floor = torch.where(chance_column(generator, batch, 0.3) > 0, draw_rough(*plane, generator), regular)
    floor = floor * (1 + uniform_column(generator, batch, -0.3, 0.3) * (y - 1))
    image = over(image, soft_step(v - line + board, footprint) * (board > 0), wall_colours(batch, generator))
    image = over(
        image, soft_step(0.004 - (v - line + board).abs(), footprint) * (board > 0) * 0.5, board.new_zeros(1, 3)
    )
    image = over(image, soft_step(v - line, footprint), floor)
    return image * (1 - 0.25 * torch.exp(-(v - line).abs() * 40))


def _add_opening(image: Tensor, u: Tensor, v: Tensor, footprint: Tensor, generator: Generator) -> Tensor:
    """Adds a door, a window or a picture to about half of the images."""
    batch = len(image)
    du = u - uniform_column(generator, batch, -1, 1.2)
    dv = v - uniform_column(generator, batch, -0.3, 0.4)
    half = uniform_column(generator, batch, 0.06, 0.3), uniform_column(generator, batch, 0.1, 0.5)
    hidden = 9 * chance_column(generator, batch, 0.3)
    return _add_frame(image, half[0] - du.abs() - hidden, half[1] - dv.abs(), du, dv, footprint, generator)


def _add_frame(
    image: Tensor, in_x: Tensor, in_y: Tensor, du: Tensor, dv: Tensor, footprint: Tensor, generator: Generator
) -> Tensor:
    """Adds rectangles with frames, mouldings, and panes or panels.

    in_x, in_y: distances to the upright and to the level edges, above 0 inside; du, dv: distances from the middle.
    """
    batch, _, height, width = image.shape
    inside, frame = torch.minimum(in_x, in_y), uniform_column(generator, batch, 0.008, 0.05)
    trim = wall_colours(batch, generator)
    image = image * (1 - 0.25 * soft_step(inside + 0.012, 0.025))
    image = over(image, soft_step(inside, footprint), trim)
    moulding = soft_step(0.003 - (inside - frame * uniform_column(generator, batch, 0.3, 0.7)).abs(), footprint)
    image = image * (1 - 0.4 * moulding * chance_column(generator, batch, 0.6))
    blurred = spectral_noise(batch, 1, height, width, generator, slope=1.8)
    glass = column(wall_colours(batch, generator), 4) * (
        1 + 0.3 * blurred + uniform_column(generator, batch, -1, 1) * dv
    )
    picture = column(cloth_colours(batch, generator, neutral=0.6), 4) + 0.15 * natural_noise(
        batch, height, width, generator
    )
    filling = torch.where(chance_column(generator, batch, 0.15) > 0, picture, glass)
    filling = torch.where(chance_column(generator, batch, 0.35) > 0, column(trim * 0.92, 4), filling)
    bars = uniform_column(generator, batch, 0.06, 0.3), uniform_column(generator, batch, 0.08, 0.4)
    bar = torch.minimum(*(((d / b + 0.5).frac().abs() - 0.5).abs() * b for d, b in zip((du, dv), bars, strict=True)))
    thick = uniform_column(generator, batch, 0.003, 0.015)
    barred = soft_step(thick - bar, footprint) * chance_column(generator, batch, 0.6)
    filling = over(filling.expand_as(image), barred, trim * uniform(generator, batch, 1, low=0.6, high=1.05))
    return over(image, soft_step(inside - frame, footprint), filling)
