"""Places that people stand in: studios, walls, rooms, streets, nature and pure clutter, in the colours of photos.

Scenes, talking heads and training call `sample_backgrounds`; training covers people with shapes of `random_shape`.

Legend: B batch, H height, W width. Images are [B, 3, H, W] in [0, 1]; x [1, 1, 1, W] and y [1, 1, H, 1] are fractions
of the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance,
    column,
    gaussian_blur,
    natural_noise,
    normal,
    over,
    pick,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
)
from pipelines.synthetic.rendering.palettes import cloth_colours, from_table

WALLS = (
    (246, 246, 246), (228, 229, 231), (200, 202, 204), (150, 152, 156), (98, 100, 104), (52, 53, 57), (24, 24, 27),
    (232, 224, 210), (210, 194, 172), (176, 196, 208), (196, 206, 186),
    (222, 196, 190), (140, 118, 98), (112, 132, 148),
)  # fmt: skip
WALL_WEIGHTS = (4, 4, 3, 2, 1.2, 1, 0.8, 2.5, 1.6, 0.8, 0.7, 0.6, 0.8, 0.8)
GROUNDS = (
    (120, 118, 114), (160, 156, 150), (92, 88, 84), (150, 122, 92), (110, 78, 52), (98, 112, 70), (196, 184, 160),
)  # fmt: skip
FOLIAGE = ((58, 78, 40), (84, 104, 56), (42, 56, 34), (112, 120, 62), (128, 96, 56))


def sample_backgrounds(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Draws B backgrounds [B, 3, H, W] in [0, 1]."""
    weights = [weight for _, weight in PAINTERS]
    kinds = pick(generator, weights, batch).tolist()
    order = sorted(range(batch), key=kinds.__getitem__)  # painters work on all their samples at once
    parts = [
        paint(kinds.count(kind), height, width, generator) for kind, (paint, _) in enumerate(PAINTERS) if kind in kinds
    ]
    place = torch.tensor(order, device=generator.device).argsort()
    return _photograph(torch.cat(parts)[place], generator)


def _photograph(images: Tensor, generator: Generator) -> Tensor:
    """Images [B, 3, H, W] as a camera takes them: depth of field, large-scale light, muted colours and exposure."""
    batch, _, height, width = images.shape
    limit = max(height, width) / 60
    sigma = uniform(generator, batch, high=limit) * chance(generator, 0.45, batch)
    images = gaussian_blur(images.clamp(0, 1), sigma, max_sigma=limit)
    light = spectral_noise(batch, 1, height, width, generator, slope=2.2)
    images = images * (1 + column(uniform(generator, batch, high=0.1), 4) * light)
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, column(uniform(generator, batch, low=0.35, high=1.1), 4))
    return (images * column(uniform(generator, batch, low=0.75, high=1.12), 4)).clamp(0, 1)


def _wall_colours(batch: int, generator: Generator) -> Tensor:
    """Colours of walls [B, 3] in [0, 1]."""
    colours = from_table(WALLS, pick(generator, WALL_WEIGHTS, batch))
    return (colours + 0.02 * normal(generator, batch, 3)).clamp(0, 1)


def _uniform(generator: Generator, batch: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Uniform numbers in [low, high), one for each sample: [B, 1, 1, 1]."""
    return uniform(generator, batch, 1, 1, 1, low=low, high=high)


def _chance(generator: Generator, batch: int, probability: float) -> Tensor:
    """1 with the given probability, else 0: [B, 1, 1, 1]."""
    return chance(generator, probability, batch, 1, 1, 1).float()


def paint_studio(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a paper sweep: one colour, gradient, vignette, lamp spot and a soft line where the floor starts."""
    x, y = pixel_grid(height, width, generator.device)
    image = column(_wall_colours(batch, generator), 4).expand(-1, -1, height, width)
    image = image * (
        1 + _uniform(generator, batch, -0.2, 0.2) * (y - 0.5) + _uniform(generator, batch, -0.2, 0.2) * (x - 0.5)
    )
    spot = (x - _uniform(generator, batch)).square() + (y - _uniform(generator, batch)).square()
    image = image * (1 + _uniform(generator, batch, -0.25, 0.25) * torch.exp(-spot * 3))
    image = image * (1 - _uniform(generator, batch, 0, 0.4) * ((x - 0.5).square() + (y - 0.5).square()))
    line = _uniform(generator, batch, 0.65, 0.98)
    floor = soft_step(y - line, _uniform(generator, batch, 0.005, 0.2)) * _chance(generator, batch, 0.5)
    return image * (1 - floor * _uniform(generator, batch, -0.12, 0.25))


def paint_wall(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of plaster, bricks, tiles, planks or a curtain over a floor with a skirting board."""
    x, y = pixel_grid(height, width, generator.device)
    x = x * (width / height)
    colour = _wall_colours(batch, generator)
    noise = spectral_noise(batch, 2, height, width, generator, slope=1.1)
    image = column(colour, 4) * (1 + _uniform(generator, batch, 0.0, 0.08) * noise[:, :1])
    rows, aspect = _uniform(generator, batch, 4, 40), _uniform(generator, batch, 0.15, 1)
    row = (y * rows).floor()
    brick_x = x * rows * aspect + 0.5 * (row % 2) * _chance(generator, batch, 0.6)
    gap = torch.minimum((y * rows).frac(), brick_x.frac() / aspect.clamp(min=0.3))
    tone = cell_noise(brick_x.floor(), row, _uniform(generator, batch)) - 0.5
    bricks = 1 + _uniform(generator, batch, 0, 0.5) * tone + 0.06 * noise[:, :1]
    bricks = bricks * column(_wall_colours(batch, generator) * 0.8, 4)
    bricks = over(bricks, soft_step(0.09 - gap, 0.06), colour)
    plank = cell_noise((x * rows * 0.4).floor(), torch.zeros_like(y), _uniform(generator, batch)) - 0.5
    planks = column(colour, 4) * (1 + 0.3 * plank + 0.08 * noise[:, :1])
    folds = image * (1 + 0.25 * torch.sin(x * rows * 2 + 1.5 * noise[:, 1:] * 0.3))
    kind = column(pick(generator, (2, 2, 0.7, 0.7), batch), 4)
    image = torch.where(kind == 1, bricks, torch.where(kind == 2, planks, torch.where(kind == 3, folds, image)))
    return _add_floor(image, y, generator)


def _add_floor(image: Tensor, y: Tensor, generator: Generator) -> Tensor:
    """Adds a floor with a skirting board below a random line of two in three images."""
    batch, _, height, width = image.shape
    line = torch.where(_chance(generator, batch, 0.65) > 0, _uniform(generator, batch, 0.62, 0.97), 2.0)
    ground = from_table(GROUNDS, pick(generator, (1,) * len(GROUNDS), batch))
    grain = spectral_noise(batch, 1, height, width, generator, slope=1.0, stretch=0.25)
    floor = column(ground, 4) * (1 + 0.12 * grain)
    image = over(
        image, soft_step(y - line + 0.02, 1 / height) * _chance(generator, batch, 0.4), column(ground * 0.7, 2)
    )
    return over(image, soft_step(y - line, 1 / height), floor)


def paint_room(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a wall with rectangles like doors, windows, posters, shelves and furniture."""
    _, y = pixel_grid(height, width, generator.device)
    image = _add_floor(column(_wall_colours(batch, generator), 4).expand(-1, -1, height, width), y, generator)
    for size in (0.5, 0.35, 0.3, 0.25, 0.2, 0.15, 0.12):
        image = _add_panel(image, size, generator)
    return image


def _add_panel(image: Tensor, size: float, generator: Generator) -> Tensor:
    """Adds an upright rectangle of up to `size` of the image with a frame, bars, a picture in it and a shadow."""
    batch, _, height, width = image.shape
    x, y = pixel_grid(height, width, generator.device)
    half_x, half_y = _uniform(generator, batch, 0.2, 1) * size, _uniform(generator, batch, 0.2, 1) * size
    dx, dy = x - _uniform(generator, batch), y - _uniform(generator, batch)
    inside = torch.minimum(half_x - dx.abs(), half_y - dy.abs())
    pixel, frame = 1 / height, _uniform(generator, batch, 0, 0.015)
    fill = cloth_colours(batch, generator, neutral=0.65)
    noise = natural_noise(batch, height, width, generator)
    filling = column(fill, 4) * (1 + 0.05 * noise[:, :1]) + 0.2 * noise * _chance(generator, batch, 0.25)
    bars = _uniform(generator, batch, 1, 6).floor()
    gap = torch.minimum(((dx / half_x + 1) * bars / 2).frac(), ((dy / half_y + 1) * bars / 2).frac())
    filling = over(filling, soft_step(0.06 - gap, 0.05) * _chance(generator, batch, 0.35), fill * 0.5)
    present = _chance(generator, batch, 0.75)
    image = image * (1 - 0.3 * present * soft_step(inside + 0.02, 0.04))
    image = over(image, soft_step(inside, pixel) * present, cloth_colours(batch, generator, neutral=0.9))
    return over(image, soft_step(inside - frame, pixel) * present, filling)


def paint_street(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a sky, a skyline of buildings with windows, trees and a road."""
    x, y = pixel_grid(height, width, generator.device)
    horizon = _uniform(generator, batch, 0.35, 0.75)
    noise = spectral_noise(batch, 3, height, width, generator, slope=1.5)
    grey = _uniform(generator, batch)
    blue = torch.tensor([0.45, 0.65, 0.92], device=generator.device).view(1, 3, 1, 1)
    sky = torch.lerp(
        blue, torch.full_like(blue, 0.85), (grey * 0.7 + 0.5 * y / horizon + 0.12 * noise[:, :1]).clamp(0, 1)
    )
    image = sky * _uniform(generator, batch, 0.7, 1.05)
    for depth in (0.6, 1.0):
        image = _add_buildings(image, x, y, horizon, depth, generator)
    image = _add_trees(image, x, y, horizon, generator)
    ground = column(from_table(GROUNDS, pick(generator, (2, 2, 2, 1, 0.5, 2, 1), batch)), 4)
    ground = ground * (1 + 0.1 * noise[:, 1:2]) * (0.8 + 0.4 * y)
    image = over(image, soft_step(y - horizon, 2 / height), ground)
    mark = (x - 0.5) / (y - horizon + 0.05).clamp(min=0.02) * 2 + _uniform(generator, batch, -3, 3)
    stripe = soft_step(0.08 - mark.abs(), 0.03) * soft_step(y - horizon - 0.02, 0.01) * _chance(generator, batch, 0.35)
    return over(image, stripe * 0.7, torch.full((batch, 3), 0.85, device=generator.device))


def _add_buildings(image: Tensor, x: Tensor, y: Tensor, horizon: Tensor, depth: float, generator: Generator) -> Tensor:
    """Adds a row of houses with grids of windows, up to `depth` times as high as the sky.

    image: [B, 3, H, W]; horizon: [B, 1, 1, 1] fraction of the height.
    """
    batch, _, height, _ = image.shape
    count, seed = _uniform(generator, batch, 1.5, 7), _uniform(generator, batch)
    house = (x * count + seed).floor()
    roof = horizon * (1 - cell_noise(house, seed, seed) * depth - 0.05)
    tone = torch.cat([cell_noise(house, seed + k, seed) for k in (3.0, 3.0, 4.0)], 1)
    colour = column(_wall_colours(batch, generator), 4) * (0.45 + 0.5 * tone)
    panes_x, panes_y = (
        (x * count + seed).frac() * _uniform(generator, batch, 2, 8),
        y * _uniform(generator, batch, 8, 40),
    )
    pane = (panes_x.frac() - 0.5).abs().maximum((panes_y.frac() - 0.5).abs())
    window = soft_step(0.28 - pane, 0.08)
    lit = 0.25 + 0.6 * cell_noise(panes_x.floor() + 17 * house, panes_y.floor(), seed)
    colour = torch.lerp(colour.expand_as(image), (lit * 0.7).expand_as(image), window.expand_as(image))
    present = _chance(generator, batch, 0.6)
    return over(image, soft_step(y - roof, 2 / height) * soft_step(horizon - y, 2 / height) * present, colour)


def _add_trees(image: Tensor, x: Tensor, y: Tensor, horizon: Tensor, generator: Generator) -> Tensor:
    """Adds bushes and crowns of trees: thresholded noise in leaf colours, denser towards the horizon [B, 1, 1, 1]."""
    batch, _, height, width = image.shape
    leaf = spectral_noise(batch, 2, height, width, generator, slope=0.8)
    clump = spectral_noise(batch, 1, height, width, generator, slope=1.6)
    colour = from_table(FOLIAGE, pick(generator, (3, 3, 2, 1, 1), batch))
    crown = column(colour, 4) * (1 + 0.35 * leaf[:, :1] + 0.3 * clump)
    reach = _uniform(generator, batch, 0.0, 1.5) * _chance(generator, batch, 0.7) - 0.6
    away = 4 * (horizon - y - 0.2).clamp(min=0) + 6 * (y - horizon).clamp(min=0)
    mask = soft_step(clump + 0.3 * leaf[:, 1:] + reach - away, 0.2)
    trunk = soft_step(0.012 - (x - _uniform(generator, batch)).abs(), 0.004) * _chance(generator, batch, 0.3)
    image = over(image, trunk * soft_step(horizon + 0.05 - y, 0.01), torch.tensor([[0.25, 0.2, 0.16]], device=x.device))
    return over(image, mask, crown.clamp(0, 1))


def paint_nature(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of 1/f noise in natural colours, like foliage, rock, water or crowds out of focus."""
    slope = uniform(generator, batch, low=0.9, high=1.8)
    noise = natural_noise(batch, height, width, generator, slope=slope)
    base = from_table(GROUNDS + FOLIAGE, pick(generator, (1,) * len(GROUNDS + FOLIAGE), batch))
    edges = noise[:, :1].sign() * _uniform(generator, batch, 0, 0.2)
    return column(base, 4) * (1 + _uniform(generator, batch, 0.1, 0.45) * noise + edges)


def paint_clutter(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of overlapping slanted boxes, bars and discs in the colours of cloth over a natural ground."""
    image = paint_nature(batch, height, width, generator)
    x, y = pixel_grid(height, width, generator.device)
    for size in (0.5, 0.45, 0.4, 0.3, 0.3, 0.25, 0.2, 0.2, 0.15, 0.12, 0.1, 0.1):
        mask = random_shape(x, y, batch, size, generator)
        noise = spectral_noise(batch, 1, height, width, generator, slope=1.2)
        fill = column(cloth_colours(batch, generator, neutral=0.6), 4) * (
            1 + _uniform(generator, batch, 0, 0.15) * noise
        )
        image = over(image, mask * _chance(generator, batch, 0.7), fill)
    return image


def random_shape(x: Tensor, y: Tensor, batch: int, size: float, generator: Generator) -> Tensor:
    """Mask [B, 1, H, W] in [0, 1] of a slanted box, bar or ellipse of up to `size` of the picture at a random place."""
    angle = _uniform(generator, batch, -0.5, 0.5) * _chance(generator, batch, 0.6)
    dx, dy = x - _uniform(generator, batch), y - _uniform(generator, batch)
    along, across = dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin()
    along, across = (
        along / (_uniform(generator, batch, 0.05, 1) * size),
        across / (_uniform(generator, batch, 0.05, 1) * size),
    )
    box = torch.maximum(along.abs(), across.abs())
    disc = (along.square() + across.square()).sqrt()
    return soft_step(1 - torch.where(_chance(generator, batch, 0.65) > 0, box, disc), 0.04)


PAINTERS: tuple[tuple[Callable[[int, int, int, Generator], Tensor], float], ...] = (
    (paint_studio, 3.0), (paint_wall, 2.0), (paint_room, 2.0), (paint_street, 2.0), (paint_nature, 1.0),
    (paint_clutter, 1.2),
)  # fmt: skip
