"""Places that people stand in: studios, walls, rooms, streets, nature and pure clutter, in the colours of photos.

Scenes and training call `sample_backgrounds`; training covers people with shapes of `random_shape`.

Legend: B batch, H height, W width. Images are [B, 3, H, W] in [0, 1]; x [1, 1, 1, W] and y [1, 1, H, 1] are fractions
of the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.interiors import paint_facade, paint_interior
from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance,
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
from pipelines.synthetic.rendering.outdoors import paint_ground, paint_lights, paint_street
from pipelines.synthetic.rendering.palettes import FOLIAGE, GROUNDS, cloth_colours, from_table, wall_colours


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
    """Images [B, 3, H, W] as a camera takes them: depth of field, uneven light, vignette, muted colours, exposure."""
    batch, _, height, width = images.shape
    limit = max(height, width) / 60
    sigma = uniform(generator, batch, high=limit) * chance(generator, 0.45, batch)
    images = gaussian_blur(images.clamp(0, 1), sigma, max_sigma=limit)
    light = spectral_noise(batch, 1, height, width, generator, slope=2.2)
    images = images * (1 + column(uniform(generator, batch, high=0.1), 4) * light)
    x, y = pixel_grid(height, width, generator.device)
    corners = uniform_column(generator, batch, 0, 0.8) * chance_column(generator, batch, 0.3)
    images = images * (1 - corners * ((x - 0.5).square() + (y - 0.5).square()))
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, column(uniform(generator, batch, low=0.35, high=1.1), 4))
    return (images * column(uniform(generator, batch, low=0.75, high=1.12), 4)).clamp(0, 1)


def paint_studio(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a paper sweep: one colour, gradient, vignette, lamp spot and a soft line where the floor starts."""
    x, y = pixel_grid(height, width, generator.device)
    image = column(wall_colours(batch, generator), 4).expand(-1, -1, height, width)
    image = image * (
        1
        + uniform_column(generator, batch, -0.2, 0.2) * (y - 0.5)
        + uniform_column(generator, batch, -0.2, 0.2) * (x - 0.5)
    )
    spot = (x - uniform_column(generator, batch)).square() + (y - uniform_column(generator, batch)).square()
    image = image * (1 + uniform_column(generator, batch, -0.25, 0.25) * torch.exp(-spot * 3))
    image = image * (1 - uniform_column(generator, batch, 0, 0.4) * ((x - 0.5).square() + (y - 0.5).square()))
    line = uniform_column(generator, batch, 0.65, 0.98)
    floor = soft_step(y - line, uniform_column(generator, batch, 0.005, 0.2)) * chance_column(generator, batch, 0.5)
    return image * (1 - floor * uniform_column(generator, batch, -0.12, 0.25))


def paint_wall(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of plaster, bricks, tiles, planks or a curtain over a floor with a skirting board."""
    x, y = pixel_grid(height, width, generator.device)
    x = x * (width / height)
    colour = wall_colours(batch, generator)
    noise = spectral_noise(batch, 2, height, width, generator, slope=1.1)
    image = column(colour, 4) * (1 + uniform_column(generator, batch, 0.0, 0.08) * noise[:, :1])
    rows, aspect = uniform_column(generator, batch, 4, 40), uniform_column(generator, batch, 0.15, 1)
    row = (y * rows).floor()
    brick_x = x * rows * aspect + 0.5 * (row % 2) * chance_column(generator, batch, 0.6)
    gap = torch.minimum((y * rows).frac(), brick_x.frac() / aspect.clamp(min=0.3))
    tone = cell_noise(brick_x.floor(), row, uniform_column(generator, batch)) - 0.5
    bricks = 1 + uniform_column(generator, batch, 0, 0.5) * tone + 0.06 * noise[:, :1]
    bricks = bricks * column(wall_colours(batch, generator) * 0.8, 4)
    bricks = over(bricks, soft_step(0.09 - gap, 0.06), colour)
    plank = cell_noise((x * rows * 0.4).floor(), torch.zeros_like(y), uniform_column(generator, batch)) - 0.5
    planks = column(colour, 4) * (1 + 0.3 * plank + 0.08 * noise[:, :1])
    folds = image * (1 + 0.25 * torch.sin(x * rows * 2 + 1.5 * noise[:, 1:] * 0.3))
    kind = column(pick(generator, (2, 2, 0.7, 0.7), batch), 4)
    image = torch.where(kind == 1, bricks, torch.where(kind == 2, planks, torch.where(kind == 3, folds, image)))
    return _add_floor(image, y, generator)


def _add_floor(image: Tensor, y: Tensor, generator: Generator) -> Tensor:
    """Adds a floor with a skirting board below a random line of two in three images."""
    batch, _, height, width = image.shape
    line = torch.where(chance_column(generator, batch, 0.65) > 0, uniform_column(generator, batch, 0.62, 0.97), 2.0)
    ground = from_table(GROUNDS, pick(generator, (1,) * len(GROUNDS), batch))
    grain = spectral_noise(batch, 1, height, width, generator, slope=1.0, stretch=0.25)
    floor = column(ground, 4) * (1 + 0.12 * grain)
    image = over(
        image, soft_step(y - line + 0.02, 1 / height) * chance_column(generator, batch, 0.4), column(ground * 0.7, 2)
    )
    return over(image, soft_step(y - line, 1 / height), floor)


def paint_room(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of a wall with rectangles like doors, windows, posters, shelves and furniture."""
    _, y = pixel_grid(height, width, generator.device)
    image = _add_floor(column(wall_colours(batch, generator), 4).expand(-1, -1, height, width), y, generator)
    for size in (0.5, 0.35, 0.3, 0.25, 0.2, 0.15, 0.12):
        image = _add_panel(image, size, generator)
    return image


def _add_panel(image: Tensor, size: float, generator: Generator) -> Tensor:
    """Adds an upright rectangle of up to `size` of the image with a frame, bars, a picture in it and a shadow."""
    batch, _, height, width = image.shape
    x, y = pixel_grid(height, width, generator.device)
    half_x, half_y = uniform_column(generator, batch, 0.2, 1) * size, uniform_column(generator, batch, 0.2, 1) * size
    dx, dy = x - uniform_column(generator, batch), y - uniform_column(generator, batch)
    inside = torch.minimum(half_x - dx.abs(), half_y - dy.abs())
    pixel, frame = 1 / height, uniform_column(generator, batch, 0, 0.015)
    fill = cloth_colours(batch, generator, neutral=0.65)
    noise = natural_noise(batch, height, width, generator)
    filling = column(fill, 4) * (1 + 0.05 * noise[:, :1]) + 0.2 * noise * chance_column(generator, batch, 0.25)
    bars = uniform_column(generator, batch, 1, 6).floor()
    gap = torch.minimum(((dx / half_x + 1) * bars / 2).frac(), ((dy / half_y + 1) * bars / 2).frac())
    filling = over(filling, soft_step(0.06 - gap, 0.05) * chance_column(generator, batch, 0.35), fill * 0.5)
    present = chance_column(generator, batch, 0.75)
    image = image * (1 - 0.3 * present * soft_step(inside + 0.02, 0.04))
    image = over(image, soft_step(inside, pixel) * present, cloth_colours(batch, generator, neutral=0.9))
    return over(image, soft_step(inside - frame, pixel) * present, filling)


def paint_nature(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of 1/f noise in natural colours, like foliage, rock, water or crowds out of focus."""
    slope = uniform(generator, batch, low=0.9, high=1.8)
    noise = natural_noise(batch, height, width, generator, slope=slope)
    base = from_table(GROUNDS + FOLIAGE, pick(generator, (1,) * len(GROUNDS + FOLIAGE), batch))
    edges = noise[:, :1].sign() * uniform_column(generator, batch, 0, 0.2)
    return column(base, 4) * (1 + uniform_column(generator, batch, 0.1, 0.45) * noise + edges)


def paint_clutter(batch: int, height: int, width: int, generator: Generator) -> Tensor:
    """Images of overlapping slanted boxes, bars and discs in the colours of cloth over a natural ground."""
    image = paint_nature(batch, height, width, generator)
    x, y = pixel_grid(height, width, generator.device)
    for size in (0.5, 0.45, 0.4, 0.3, 0.3, 0.25, 0.2, 0.2, 0.15, 0.12, 0.1, 0.1):
        mask = random_shape(x, y, batch, size, generator)
        noise = spectral_noise(batch, 1, height, width, generator, slope=1.2)
        fill = column(cloth_colours(batch, generator, neutral=0.6), 4) * (
            1 + uniform_column(generator, batch, 0, 0.15) * noise
        )
        image = over(image, mask * chance_column(generator, batch, 0.7), fill)
    return image


def random_shape(x: Tensor, y: Tensor, batch: int, size: float, generator: Generator) -> Tensor:
    """Mask [B, 1, H, W] in [0, 1] of a slanted box, bar or ellipse of up to `size` of the picture at a random place."""
    angle = uniform_column(generator, batch, -0.5, 0.5) * chance_column(generator, batch, 0.6)
    dx, dy = x - uniform_column(generator, batch), y - uniform_column(generator, batch)
    along, across = dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin()
    along, across = (
        along / (uniform_column(generator, batch, 0.05, 1) * size),
        across / (uniform_column(generator, batch, 0.05, 1) * size),
    )
    box = torch.maximum(along.abs(), across.abs())
    disc = (along.square() + across.square()).sqrt()
    return soft_step(1 - torch.where(chance_column(generator, batch, 0.65) > 0, box, disc), 0.04)


PAINTERS: tuple[tuple[Callable[[int, int, int, Generator], Tensor], float], ...] = (
    (paint_studio, 3.0), (paint_wall, 1.2), (paint_interior, 3.0), (paint_room, 1.5), (paint_facade, 1.2),
    (paint_street, 1.5), (paint_ground, 1.5), (paint_lights, 0.5), (paint_nature, 0.8), (paint_clutter, 1.0),
)  # fmt: skip
