"""Textures of hair and hats. `textures` calls `paint_hair` and `paint_hats`.

Legend: B batch, n texture size; u [1, 1, 1, n] and v [1, 1, n, 1] as in `textures`: strands start at v = 0, and the top
of a hat is there. Colours are in [0, 1].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, column, over, pixel_grid, soft_step, spectral_noise, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, distinct


def paint_hair(hair: Tensor, curly: Tensor, size: int, generator: Generator) -> Tensor:
    """Hair [B, 3, n, n] with strands along the rows or curls, paler tips and a band of shine.

    hair: [B, 3] colours; curly: [B] bool.
    """
    batch = len(hair)
    straight = torch.where(curly, 0.0, 1.0)
    strands = spectral_noise(
        batch, 1, size, size, generator, slope=0.85 - 0.4 * straight, stretch=1.2 + 14.8 * straight
    )
    locks = spectral_noise(batch, 1, size, size, generator, slope=1.3, stretch=1.5 + 5.5 * straight)
    _, v = pixel_grid(size, size, hair.device)
    place = column(uniform(generator, batch, low=0.15, high=0.6), 4) + 0.03 * locks
    shine = column(straight * uniform(generator, batch, low=0, high=0.1), 4) * torch.exp(-((v - place) / 0.1).square())
    tips = 1 + (v - 0.4) * column(uniform(generator, batch, low=-0.1, high=0.45), 4)  # the sun bleaches them
    contrast = column(torch.where(curly, 0.3, 0.19), 4) * (v * 4).clamp(max=1)  # strands meet at v = 0
    return column(hair, 4) * (tips * torch.exp(contrast * strands + 0.17 * locks)) + shine * (0.5 + strands).clamp(0, 1)


def paint_hats(knitted: Tensor, size: int, generator: Generator) -> Tensor:
    """Hats [B, 3, n, n]: ribs of wool, or cloth with seams and for some another front or band; knitted: [B] bool."""
    batch = len(knitted)
    u, v = pixel_grid(size, size, generator.device)
    colour = cloth_colours(batch, generator, neutral=0.75)
    hat = column(colour, 4) * (1 + 0.05 * spectral_noise(batch, 1, size, size, generator, slope=1.2))
    ribs = torch.sin(u * (2 * torch.pi * 32)) * column(torch.where(knitted, 0.13, 0.0), 4)
    seams = soft_step(0.012 - ((u * 6).frac() - 0.5).abs(), 0.02) * column(~knitted, 4) * 0.35
    fold = soft_step(0.02 - (v - 0.69).abs(), 0.03) * column(knitted, 4) * 0.4
    hat = hat * (1 + (ribs - seams) * (v * 5).clamp(max=1) - fold)
    other = distinct(colour, cloth_colours(batch, generator, neutral=0.7))
    front = soft_step(0.17 - (u - 0.5).abs(), 1 / size) * column(chance(generator, 0.2, batch) & ~knitted, 4)
    hat = over(hat, front, other)
    band = soft_step(v - column(torch.where(knitted, 0.7, 0.85), 4), 1 / size) * column(
        chance(generator, 0.25, batch), 4
    )
    return over(hat, band, other)
