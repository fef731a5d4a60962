"""What is sewn or printed on a top: buttons, zips, open jackets, prints, pockets and hems.

`textures` calls `paint_top`.

Legend: B batch, n texture size. x [1, 1, 1, n]: metres from the front centre line to the wearer's left, y [1, 1, n, 1]:
metres from the neck down; pixel: metres of a texel. Tops are [B, 3, n, n], colours [B, 3], both in [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance,
    column,
    ellipse,
    natural_noise,
    over,
    pick,
    pixel_grid,
    soft_step,
    uniform,
)
from pipelines.synthetic.rendering.palettes import saturated

STYLES = ("tee", "print", "shirt", "zip", "jacket", "straps", "polo", "dress")
STYLE_WEIGHTS = (3.2, 2.4, 1.6, 1.1, 1.3, 0.8, 0.5, 0.8)
TOP_EXTENT = (1.0, 0.6)  # metres around and along a top


def paint_top(cloth: Tensor, inner: Tensor, style: Tensor, trim: Tensor, generator: Generator) -> Tensor:
    """Turns plain cloth into tops.

    Args:
        cloth: [B, 3, n, n] the garment's fabric; inner: same shape, what an open jacket shows.
        style: [B] index into STYLES.
        trim: [B, 3] colour.

    Returns:
        [B, 3, n, n] in [0, 1]; columns run around the torso (0.5 = front), rows from the neck to the hem.
    """
    batch, _, size, _ = cloth.shape
    u, v = pixel_grid(size, size, cloth.device)
    x, y = (u - 0.5) * TOP_EXTENT[0], v * TOP_EXTENT[1]
    pixel = TOP_EXTENT[0] / size
    front = (x.abs() < 0.25).float()
    panels = soft_step(0.05 - (x.abs() - 0.25).abs(), pixel) * column(chance(generator, 0.1, batch), 4)
    top = over(cloth, panels, trim)
    logos = _is(style, "tee") & column(chance(generator, 0.3, batch), 4)
    top = _paint_print(top, x, y, _is(style, "print") | logos, generator)
    top = _paint_pockets(top, trim, x, y, pixel, _is(style, "shirt", "jacket", "zip"), generator)
    opening = column(uniform(generator, batch, low=0.02, high=0.1), 4) * (1 + 0.8 * v) * _is(style, "jacket")
    top = over(top, soft_step(opening - x.abs(), pixel) * (opening > 0), inner)
    top = over(top, soft_step(0.012 - (x.abs() - opening).abs(), pixel) * (opening > 0), column(trim, 4) * 0.8)
    top = over(top, soft_step(0.006 - x.abs(), pixel) * front * _is(style, "zip", "shirt") * 0.7, trim * 0.5)
    spacing = column(uniform(generator, batch, low=0.05, high=0.1), 4)
    buttons = ellipse(x, (y / spacing).frac() * spacing - spacing / 2, 0.011, 0.01)
    top = over(top, buttons * _is(style, "shirt") + buttons * _is(style, "polo") * (y < 0.2), trim)
    hem = chance(generator, 0.4, batch)
    return over(top, soft_step(v - 0.95, 1 / size) * column(hem, 4) * 0.6, trim).clamp(0, 1)


def _is(style: Tensor, *names: str) -> Tensor:
    """[B, 1, 1, 1] true where the style [B] is one of the named."""
    return column(torch.stack([style == STYLES.index(name) for name in names]).any(0), 4)


def _paint_pockets(
    top: Tensor, trim: Tensor, x: Tensor, y: Tensor, pixel: float, sewn: Tensor, generator: Generator
) -> Tensor:
    """A breast pocket on the wearer's left or two pockets at the hips, drawn as seams and flaps; sewn: [B, 1, 1, 1]."""
    batch = len(top)
    breast = column(chance(generator, 0.5, batch), 4)
    px = torch.where(breast, x - 0.085, x.abs() - 0.13)
    py = torch.where(breast, y - 0.22, y - 0.44)
    box = 0.05 - torch.maximum(px.abs(), py.abs() * 0.85)
    seam = soft_step(0.006 - box.abs(), pixel)
    flap = soft_step(box, pixel) * soft_step(-0.025 - py, pixel)
    return over(top, (0.5 * seam + 0.35 * flap).clamp(0, 1) * sewn, trim * 0.6)


def _paint_print(top: Tensor, x: Tensor, y: Tensor, printed: Tensor, generator: Generator) -> Tensor:
    """A picture, text or an emblem on the chest, or a small logo on the wearer's left; printed: [B, 1, 1, 1] bool."""
    batch = len(top)
    picture, alpha = _print_pictures(batch, generator)
    small = column(chance(generator, 0.25, batch), 4)
    half_width = torch.where(small, 0.035, column(uniform(generator, batch, low=0.07, high=0.14), 4))
    half_height = half_width * column(uniform(generator, batch, low=0.5, high=1.2), 4)
    centre_x = torch.where(small, 0.08, 0.0)
    centre_y = torch.where(small, 0.2, 0.16 + half_height)
    grid_x = ((x - centre_x) / half_width).expand(batch, 1, *top.shape[-2:])
    grid_y = ((y - centre_y) / half_height).expand_as(grid_x)
    grid = torch.cat([grid_x, grid_y], 1).permute(0, 2, 3, 1)  # [B, n, n, 2]
    decal = functional.grid_sample(torch.cat([picture, alpha], 1), grid, align_corners=False)
    return over(top, decal[:, 3:].clamp(0, 1) * printed, decal[:, :3] / decal[:, 3:].clamp(min=1e-3))


def _print_pictures(batch: int, generator: Generator, size: int = 48) -> tuple[Tensor, Tensor]:
    """Small pictures, colours times opacity [B, 3, size, size], and their opacity [B, 1, size, size]."""
    u, v = pixel_grid(size, size, generator.device)
    kind = column(pick(generator, (1, 1.3, 1), batch), 4)
    first, second = (column(saturated(batch, generator), 4) for _ in range(2))
    white = column(chance(generator, 0.4, batch), 4)
    first = torch.where(white, column(chance(generator, 0.5, batch) * 0.95, 4), first)
    noise = natural_noise(batch, size, size, generator)
    photo = (torch.lerp(first.expand_as(noise), second.expand_as(noise), v) + 0.25 * noise).clamp(0, 1)
    rows = column(uniform(generator, batch, low=1, high=5).floor(), 4)
    seed = column(uniform(generator, batch), 4)
    glyph = cell_noise((u * 22).floor(), (v * rows * 4).floor(), seed) < 0.6
    glyph = (
        glyph & ((v * rows).frac() > 0.25) & ((u - 0.5).abs() < 0.2 + 0.3 * cell_noise((v * rows).floor(), rows, seed))
    )
    disc = ellipse(u - 0.5, v - 0.5, 0.48, 0.48, 0.1)
    ring = ellipse(u - 0.5, v - 0.5, 0.34, 0.34, 0.1)
    emblem = torch.lerp(first.expand(-1, -1, size, size), second.expand(-1, -1, size, size), ring * (noise[:, :1] > 0))
    alpha = torch.where(kind == 0, torch.ones_like(disc), torch.where(kind == 1, glyph * 1.0, disc))
    picture = torch.where(kind == 0, photo, torch.where(kind == 1, first.expand_as(photo), emblem))
    return picture * alpha, alpha
