"""Things in the foreground that hide people from some height down: tables, counters, sofas, hedges, fences, cars.

In: a size, the row down from which people are hidden, and a generator. Out: RGBA layers for `models.layer.compose`.
Makers of clips lay them over people and backgrounds; `furniture_painters` paints them.

Legend: B batch, H height, W width.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from models.layer import premultiply
from pipelines.synthetic.rendering.furniture_painters import PAINTERS
from pipelines.synthetic.rendering.noise import (
    chance,
    column,
    gaussian_blur,
    pick,
    pixel_grid,
    spectral_noise,
    uniform,
    uniform_column,
)


def sample_furniture(batch: int, height: int, width: int, level: Tensor, generator: Generator) -> Tensor:
    """Draws B layers [B, 4, H, W] in front of people: colour in [-1, 1] times coverage, and coverage in 0..1.

    Args:
        level: [B] row of the picture down from which people are hidden; leaves, laptops or heads stick out above it,
            and one in twelve layers covers a side of the picture in place of its lower part.
    """
    kinds = pick(generator, [weight for _, weight in PAINTERS], batch).tolist()
    order = sorted(range(batch), key=kinds.__getitem__)  # painters work on all their samples at once
    x, y = pixel_grid(height, width, generator.device)
    v = y - column(level.to(generator.device)[order] / height, 4)  # [B, 1, H, 1], sorted
    painted, start = [], 0
    for kind, (paint, _) in enumerate(PAINTERS):
        count = kinds.count(kind)
        if count:
            below = v[start : start + count].expand(-1, -1, -1, width)
            colour, coverage = paint(x * (width / height), below, generator)
            painted.append(premultiply(_light(colour, generator), coverage))
            start += count
    place = torch.tensor(order, device=generator.device).argsort()
    layers = _defocus(torch.cat(painted)[place], generator)
    return torch.cat([2 * layers[:, :3] - layers[:, 3:], layers[:, 3:]], 1)


def _light(colour: Tensor, generator: Generator) -> Tensor:
    """Colours [B, 3, H, W] in uneven light, muted and exposed as in photos."""
    batch, _, height, width = colour.shape
    shade = spectral_noise(batch, 1, height, width, generator, slope=2.2)
    colour = colour * (1 + uniform_column(generator, batch, 0.0, 0.12) * shade)
    grey = colour.mean(1, keepdim=True)
    colour = torch.lerp(grey, colour, uniform_column(generator, batch, 0.4, 1.05))
    return (colour * uniform_column(generator, batch, 0.55, 1.1)).clamp(0, 1)


def _defocus(layers: Tensor, generator: Generator) -> Tensor:
    """Blurs half of the premultiplied layers [B, 4, H, W], as things nearer than the person are."""
    batch, _, height, width = layers.shape
    limit = max(height, width) / 45
    sigma = uniform(generator, batch, high=limit) * chance(generator, 0.5, batch)
    return gaussian_blur(layers, sigma, max_sigma=limit)
