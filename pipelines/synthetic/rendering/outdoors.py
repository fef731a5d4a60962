"""Streets, gardens, fences and lights out of focus.

`backgrounds` lists the painters. Legend: B batch, H height, W width. Images are [B, 3, H, W] in [0, 1]; x [1, 1, 1, W]
and y [1, 1, H, 1] are fractions of the picture; columns are [B, 1, 1, 1].
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance_column,
    column,
    gaussian_blur,
    natural_noise,
    over,
    pick,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
    uniform_column,
)
from pipelines.synthetic.rendering.palettes import FOLIAGE, GROUNDS, from_table, saturated, wall_colours
from pipelines.synthetic.rendering.surfaces import FLOOR_SURFACES, draw_rough, draw_surface, ground_plane

LIGHTS = 14  # out of focus, of a picture


def paint_street(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a sky, a skyline of buildings with windows, trees and a road."""
    x, y = pixel_grid(height, width, generator.device)
    horizon = uniform_column(generator, batch, 0.35, 0.75)
    noise = spectral_noise(batch, 3, height, width, generator, slope=1.5)
    grey = uniform_column(generator, batch)
    blue = torch.tensor([0.45, 0.65, 0.92], device=generator.device).view(1, 3, 1, 1)
    sky = torch.lerp(
        blue, torch.full_like(blue, 0.85), (grey * 0.7 + 0.5 * y / horizon + 0.12 * noise[:, :1]).clamp(0, 1)
    )
    image = sky * uniform_column(generator, batch, 0.7, 1.05)
    for depth in (0.6, 1.0):
        image = _add_buildings(image, x, y, horizon, depth, generator)
    image = _add_trees(image, x, y, horizon, generator)
    ground = column(from_table(GROUNDS, pick(generator, (2, 2, 2, 1, 0.5, 2, 1), batch)), 4)
    ground = ground * (1 + 0.1 * noise[:, 1:2]) * (0.8 + 0.4 * y)
    image = over(image, soft_step(y - horizon, 2 / height), ground)
    mark = (x - 0.5) / (y - horizon + 0.05).clamp(min=0.02) * 2 + uniform_column(generator, batch, -3, 3)
    stripe = (
        soft_step(0.08 - mark.abs(), 0.03) * soft_step(y - horizon - 0.02, 0.01) * chance_column(generator, batch, 0.35)
    )
    return over(image, stripe * 0.7, torch.full((batch, 3), 0.85, device=generator.device))


def _add_buildings(image: Tensor, x: Tensor, y: Tensor, horizon: Tensor, depth: float, generator: Generator) -> Tensor:
    """Adds a row of houses with grids of windows, up to `depth` times as high as the sky.

    image: [B, 3, H, W]; horizon: [B, 1, 1, 1] fraction of the height.
    """
    batch, _, height, _ = image.shape
    count, seed = uniform_column(generator, batch, 1.5, 7), uniform_column(generator, batch)
    house = (x * count + seed).floor()
    roof = horizon * (1 - cell_noise(house, seed, seed) * depth - 0.05)
    tone = torch.cat([cell_noise(house, seed + k, seed) for k in (3.0, 3.0, 4.0)], 1)
    colour = column(wall_colours(batch, generator), 4) * (0.45 + 0.5 * tone)
    panes_x, panes_y = (
        (x * count + seed).frac() * uniform_column(generator, batch, 2, 8),
        y * uniform_column(generator, batch, 8, 40),
    )
    pane = (panes_x.frac() - 0.5).abs().maximum((panes_y.frac() - 0.5).abs())
    window = soft_step(0.28 - pane, 0.08)
    lit = 0.25 + 0.6 * cell_noise(panes_x.floor() + 17 * house, panes_y.floor(), seed)
    colour = torch.lerp(colour.expand_as(image), (lit * 0.7).expand_as(image), window.expand_as(image))
    present = chance_column(generator, batch, 0.6)
    return over(image, soft_step(y - roof, 2 / height) * soft_step(horizon - y, 2 / height) * present, colour)


def _add_trees(image: Tensor, x: Tensor, y: Tensor, horizon: Tensor, generator: Generator) -> Tensor:
    """Adds bushes and crowns of trees: thresholded noise in leaf colours, denser towards the horizon [B, 1, 1, 1]."""
    batch, _, height, width = image.shape
    leaf = spectral_noise(batch, 2, height, width, generator, slope=0.8)
    clump = spectral_noise(batch, 1, height, width, generator, slope=1.6)
    colour = from_table(FOLIAGE, pick(generator, (3, 3, 2, 1, 1), batch))
    crown = column(colour, 4) * (1 + 0.35 * leaf[:, :1] + 0.3 * clump)
    reach = uniform_column(generator, batch, 0.0, 1.5) * chance_column(generator, batch, 0.7) - 0.6
    away = 4 * (horizon - y - 0.2).clamp(min=0) + 6 * (y - horizon).clamp(min=0)
    mask = soft_step(clump + 0.3 * leaf[:, 1:] + reach - away, 0.2)
    trunk = soft_step(0.012 - (x - uniform_column(generator, batch)).abs(), 0.004) * chance_column(
        generator, batch, 0.3
    )
    image = over(image, trunk * soft_step(horizon + 0.05 - y, 0.01), torch.tensor([[0.25, 0.2, 0.16]], device=x.device))
    return over(image, mask, crown.clamp(0, 1))


def paint_ground(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of grass, gravel, sand or paving up to a blurred distance, some behind a fence or a hedge."""
    x, y = pixel_grid(height, width, generator.device)
    x = x * (width / height)
    horizon = uniform_column(generator, batch, 0.05, 0.6)
    plane = ground_plane(x, y, horizon - 0.05, uniform_column(generator, batch, 0.12, 0.5), generator)
    noise = spectral_noise(batch, 1, height, width, generator, slope=0.9)
    paving = draw_surface(FLOOR_SURFACES, *plane, noise, generator)
    ground = torch.where(chance_column(generator, batch, 0.3) > 0, paving, draw_rough(*plane, generator))
    slope = uniform(generator, batch, low=0.9, high=1.7)
    away = column(from_table(FOLIAGE + GROUNDS, pick(generator, (2,) * 5 + (1,) * 7, batch)), 4)
    away = away * (1 + 0.3 * natural_noise(batch, height, width, generator, slope=slope, chroma=0.2))
    away = away * (1 + uniform_column(generator, batch, -0.2, 1.2) * (horizon - y).clamp(min=0))
    limit = max(height, width) / 50
    away = gaussian_blur(away.clamp(0, 1), uniform(generator, batch, high=limit), max_sigma=limit)
    away = _add_fence(away, x, y, horizon, generator)
    edge = soft_step(y - horizon + 0.01 * noise, uniform_column(generator, batch, 0.004, 0.04))
    return over(away, edge, ground)


def _add_fence(image: Tensor, x: Tensor, y: Tensor, horizon: Tensor, generator: Generator) -> Tensor:
    """Adds a row of posts or boards with rails to a third of the images; x in heights of the picture."""
    batch, _, height, _ = image.shape
    period, share = uniform_column(generator, batch, 0.025, 0.2), uniform_column(generator, batch, 0.12, 0.95)
    top = horizon - uniform_column(generator, batch, 0.1, 0.6)
    across = (x / period + uniform_column(generator, batch)).frac()
    post = soft_step(share / 2 - (across - 0.5).abs(), 1.5 / height / period)
    rail = soft_step(0.012 - ((y - top - 0.04).abs()).minimum((y - horizon + 0.05).abs()), 1.5 / height)
    mask = torch.maximum(post, rail) * soft_step(y - top, 1.5 / height)
    noise = spectral_noise(batch, 1, height, x.shape[3], generator, slope=1.0, stretch=4.0)
    tone = cell_noise((x / period).floor(), torch.zeros_like(y), uniform_column(generator, batch)) - 0.5
    board = column(wall_colours(batch, generator), 4) * (1 + 0.2 * tone + 0.08 * noise)
    return over(image, mask * chance_column(generator, batch, 0.35), board)


def paint_lights(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of an evening or a park far out of focus, with discs of light."""
    x, y = pixel_grid(height, width, generator.device)
    x = x * (width / height)
    image = natural_noise(batch, height, width, generator, slope=1.9, chroma=0.3)
    tint = column(from_table(FOLIAGE + GROUNDS, pick(generator, (1,) * 12, batch)), 4)
    image = tint * uniform_column(generator, batch, 0.3, 1.2) * (1 + 0.35 * image)
    radius = uniform_column(generator, batch, 0.012, 0.07)
    for _ in range(LIGHTS):
        own = radius * uniform_column(generator, batch, 0.8, 1.2)
        away = (x - uniform_column(generator, batch, 0, width / height)).square()
        away = (away + (y - uniform_column(generator, batch)).square()).sqrt()
        disc = soft_step(own - away, 0.008) * (0.75 + 0.25 * (away / own).clamp(max=1).square())
        glow = column(saturated(batch, generator) * 0.5 + 0.45, 4)
        image = image + disc * uniform_column(generator, batch, 0, 0.5) * glow
    return image
