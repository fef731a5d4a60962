"""Colours of people, their clothes and the places where they are, drawn as often as they occur in photos.

Legend: B batch. Colours are sRGB values in [0, 1], shape [..., 3]; the tables are 8-bit.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform

SKIN = (
    (250, 222, 205), (240, 203, 178), (226, 181, 150), (206, 156, 120), (176, 123, 89), (140, 92, 65), (101, 65, 47),
    (66, 43, 33),
)  # fmt: skip
HAIR = (
    (28, 24, 23), (46, 35, 29), (70, 49, 36), (96, 66, 43), (140, 100, 62), (196, 158, 104), (226, 200, 150),
    (150, 70, 38), (150, 148, 146), (222, 220, 216),
)  # fmt: skip
HAIR_WEIGHTS = (3, 4, 4, 3.5, 2.5, 1.8, 1, 0.8, 0.7, 0.4)
EYES = ((66, 40, 24), (96, 62, 34), (120, 100, 56), (96, 124, 92), (92, 128, 164), (120, 130, 138))
NEUTRALS = (
    (22, 22, 25), (44, 45, 49), (86, 88, 92), (142, 143, 145), (196, 196, 194), (240, 240, 238), (250, 248, 242),
    (27, 34, 58), (40, 56, 92), (76, 102, 142), (130, 156, 186), (216, 200, 172), (176, 152, 118), (104, 78, 56),
    (92, 92, 66), (112, 32, 40),
)  # fmt: skip
NEUTRAL_WEIGHTS = (5, 2.5, 1.5, 1.6, 1.3, 4, 1.5, 2.2, 1.8, 1.2, 0.9, 1.4, 0.9, 0.8, 0.8, 0.6)
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
LEATHER = ((24, 22, 22), (58, 38, 28), (104, 66, 40), (150, 104, 66), (200, 192, 180), (238, 236, 232))
DENIM = ((30, 42, 72), (44, 66, 108), (78, 108, 152), (132, 160, 192), (34, 36, 42))


def from_table(table: tuple, index: Tensor) -> Tensor:
    """The rows `index` [...] of a table of 8-bit colours as [..., 3] in [0, 1]."""
    return (torch.tensor(table, device=index.device) / 255.0)[index]


def skin_tones(batch: int, generator: Generator) -> Tensor:
    """Skin colours of all humans [B, 3], light to dark, with small shifts to red or yellow."""
    place = uniform(generator, batch) * (len(SKIN) - 1)
    low = place.long().clamp(max=len(SKIN) - 2)
    tone = torch.lerp(from_table(SKIN, low), from_table(SKIN, low + 1), (place - low)[:, None])
    return (tone * (1 + 0.03 * normal(generator, batch, 3))).clamp(0.05, 0.98)


def hair_colours(batch: int, generator: Generator) -> Tensor:
    """Hair colours [B, 3]: natural, grey, and dyed for one in twelve."""
    natural = from_table(HAIR, pick(generator, HAIR_WEIGHTS, batch)) * (1 + 0.12 * normal(generator, batch, 1))
    dyed = chance(generator, 0.08, batch, 1)
    return torch.where(dyed, saturated(batch, generator), natural).clamp(0.02, 0.97)


def saturated(batch: int, generator: Generator) -> Tensor:
    """Colours of any hue [B, 3], from pastel to strong, from dark to bright."""
    hue = uniform(generator, batch, 1) + torch.tensor([0.0, 1 / 3, 2 / 3], device=generator.device)
    wheel = ((hue % 1 * 6 - 3).abs() - 1).clamp(0, 1)
    strength = 0.12 + 0.8 * uniform(generator, batch, 1).square()
    value = uniform(generator, batch, 1, low=0.22, high=0.95)
    return value * (1 - strength * (1 - wheel))


def cloth_colours(batch: int, generator: Generator, *, neutral: float) -> Tensor:
    """Cloth colours [B, 3]: black, white, grey, navy, beige and the like with probability `neutral`, else any hue."""
    plain = from_table(NEUTRALS, pick(generator, NEUTRAL_WEIGHTS, batch))
    plain = plain + 0.02 * normal(generator, batch, 3)
    return torch.where(chance(generator, neutral, batch, 1), plain, saturated(batch, generator)).clamp(0.03, 0.98)


def wall_colours(batch: int, generator: Generator) -> Tensor:
    """Colours of walls [B, 3] in [0, 1]."""
    colours = from_table(WALLS, pick(generator, WALL_WEIGHTS, batch))
    return (colours + 0.02 * normal(generator, batch, 3)).clamp(0, 1)


def leather_colours(batch: int, generator: Generator) -> Tensor:
    """Colours of shoes and belts [B, 3]."""
    usual = from_table(LEATHER, pick(generator, (4, 1.5, 1.5, 1, 1, 3), batch))
    return torch.where(chance(generator, 0.15, batch, 1), saturated(batch, generator), usual)


def denim_colours(batch: int, generator: Generator) -> Tensor:
    """Denim colours [B, 3], from raw to washed out, and black."""
    return from_table(DENIM, pick(generator, (2, 3, 2, 1.5, 1), batch)) * (1 + 0.08 * normal(generator, batch, 1))


def luminance(colours: Tensor) -> Tensor:
    """Rec. 601 luma [..., 1] of colours [..., 3]."""
    return (colours * torch.tensor([0.299, 0.587, 0.114], device=colours.device)).sum(-1, keepdim=True)


def distinct(colours: Tensor, others: Tensor) -> Tensor:
    """`others` [..., 3] made darker or lighter where they are too close to `colours` [..., 3] to be seen on them."""
    close = (colours - others).abs().amax(-1, keepdim=True) < 0.15
    pushed = torch.where(luminance(colours) > 0.5, others * 0.45, others * 0.5 + 0.45)
    return torch.where(close, pushed, others).clamp(0, 1)
