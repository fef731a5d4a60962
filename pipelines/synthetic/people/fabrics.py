"""Cloth: fifteen kinds of woven, printed and knitted patterns, painted seamlessly around a body part.

`textures` draws the fabrics of an outfit and paints them.

Legend: N fabrics, n texture size. A texture's columns go once around the part (periodic), its rows from start to end.
Masks are [N, 1, n, n] in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import cell_noise, column, pick, pixel_grid, soft_step, spectral_noise, uniform

KINDS = (
    "plain", "stripes", "pinstripes", "tartan", "gingham", "dots", "floral", "camouflage", "denim", "knit", "leather",
    "lace", "zigzag", "blocks", "ombre",
)  # fmt: skip
TOP_WEIGHTS = (8, 2.2, 0.7, 1.2, 0.8, 0.8, 1.2, 0.5, 0.5, 1.2, 0.4, 0.4, 0.4, 0.7, 0.4)
BOTTOM_WEIGHTS = (8, 0.4, 0.5, 0.5, 0.2, 0.2, 0.5, 0.4, 4, 0.3, 0.6, 0.2, 0.1, 0.2, 0.2)


@dataclass(frozen=True)
class Fabric:
    """Parameters of N fabrics."""

    kind: Tensor
    """[N] index into `KINDS`."""
    colours: Tensor
    """[N, 3, 3] ground, figure and accent colour in [0, 1]."""
    frequency: Tensor
    """[N] repeats of the pattern per metre."""
    phase: Tensor
    """[N] in [0, 1)."""
    duty: Tensor
    """[N] share of the figure in a repeat."""
    grain: Tensor
    """[N] strength of the weave and of wear."""

    def take(self, index: Tensor) -> Fabric:
        """The fabrics at the positions `index` [M] int64."""
        return Fabric(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def sample_fabric(colours: Tensor, kind: Tensor, generator: Generator) -> Fabric:
    """Draws the remaining parameters for fabrics of given colours [N, 3, 3] and kinds [N]."""
    count = len(kind)
    return Fabric(
        kind=kind,
        colours=colours,
        frequency=torch.exp(uniform(generator, count, low=1.6, high=4.1)),
        phase=uniform(generator, count),
        duty=uniform(generator, count, low=0.2, high=0.75),
        grain=uniform(generator, count, low=0.01, high=0.06),
    )


def sample_kinds(count: int, generator: Generator, weights: tuple[float, ...]) -> Tensor:
    """`count` kinds [N] in proportion to `weights` over `KINDS`."""
    return pick(generator, weights, count)


def paint_fabric(fabric: Fabric, extent: Tensor, size: int, generator: Generator) -> Tensor:
    """Paints fabrics of N parts whose surfaces measure `extent` [N, 2] metres (around, along).

    Returns:
        [N, 3, size, size] in [0, 1], periodic in the columns.
    """
    figure, accent = _patterns(fabric, extent, size, generator)
    ground, first, second = (column(fabric.colours[:, i], 4) for i in range(3))
    cloth = torch.lerp(ground.expand(-1, -1, size, size), first.expand(-1, -1, size, size), figure)
    cloth = torch.lerp(cloth, second.expand_as(cloth), accent)
    return (cloth * _folds_and_weave(fabric, extent, size, generator)).clamp(0, 1)


def _patterns(fabric: Fabric, extent: Tensor, size: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Masks [N, 1, n, n] of the figure and of the accent colour; extent: [N, 2] metres."""
    count, device = len(fabric.kind), fabric.kind.device
    u, v = pixel_grid(size, size, device)
    around = (fabric.frequency * extent[:, 0]).round().clamp(1, size // 5)
    x = (u * column(around, 4)).expand(count, 1, size, size)
    along = around / extent[:, 0] * extent[:, 1]
    y = (v * column(along, 4) + column(fabric.phase, 4)).expand_as(x)
    blur_x, blur_y = column(around / size, 4), column(along / size, 4)
    duty = column(fabric.duty, 4)
    rows = soft_step(duty / 2 - (y.frac() - 0.5).abs(), blur_y)
    lines = soft_step(duty / 2 - (x.frac() - 0.5).abs(), blur_x)
    thin_rows = soft_step(0.06 - ((y + 0.5).frac() - 0.5).abs(), blur_y)
    thin_lines = soft_step(0.06 - ((x + 0.5).frac() - 0.5).abs(), blur_x)
    figures, centres = _lattice(fabric, x, y, around, blur_x + blur_y)
    noise = spectral_noise(count, 2, size, size, generator, slope=1.5)
    patches = [soft_step(noise[:, i : i + 1] - 0.25, 0.2) for i in range(2)]
    zigzag = soft_step(duty / 2 - ((y + (x.frac() - 0.5).abs()).frac() - 0.5).abs(), blur_y + blur_x)
    split = soft_step(v - 0.3 - 0.5 * column(fabric.phase, 4), 1 / size).expand_as(x)
    zero = torch.zeros_like(x)
    table = {
        "stripes": (rows, zero),
        "pinstripes": (thin_lines, zero),
        "tartan": ((rows + lines) / 2, torch.maximum(thin_rows, thin_lines) * 0.7),
        "gingham": ((rows + lines) / 2, zero),
        "dots": (figures["dots"], zero),
        "floral": (figures["flowers"], centres),
        "camouflage": (patches[0], patches[1]),
        "denim": (soft_step(noise[:, :1], 4) * 0.35, zero),
        "knit": (soft_step((y + (x.frac() - 0.5).abs()).frac() - 0.5, 0.5) * 0.3, zero),
        "leather": (soft_step(noise[:, :1] + 1.5 * torch.cos(6.283 * (u - column(fabric.phase, 4))), 5) * 0.35, zero),
        "lace": (figures["dots"] * (1 - patches[0]), zero),
        "zigzag": (zigzag, zero),
        "blocks": (split, zero),
        "ombre": (v.expand_as(x), zero),
    }
    figure, accent = zero, zero
    for name, (first, second) in table.items():
        chosen = column(fabric.kind == KINDS.index(name), 4)
        figure, accent = torch.where(chosen, first, figure), torch.where(chosen, second, accent)
    return figure, accent


def _lattice(fabric: Fabric, x: Tensor, y: Tensor, around: Tensor, blur: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Masks of dots and five-petalled flowers on a lattice with offset rows, and the mask of the flowers' centres.

    x, y: [N, 1, n, n] in repeats of the pattern; around: [N] repeats around the part; blur: [N, 1, 1, 1] repeats.
    """
    row = y.floor()
    x = x + 0.5 * (row % 2)
    cell = x.floor() % column(around, 4)
    seed = column(fabric.phase, 4)
    jitter = 0.3 * cell_noise(cell, row, seed) - 0.15
    dx, dy = x.frac() - 0.5, y.frac() - 0.5
    radius = (dx.square() + dy.square()).add(1e-8).sqrt()
    dots = soft_step(0.15 + 0.2 * column(fabric.duty, 4) - radius, blur)
    fx, fy = dx - jitter, dy + jitter
    petals = 0.75 + 0.25 * torch.cos(5 * torch.atan2(fy, fx + 1e-6) + 20 * jitter)
    radius = (fx.square() + fy.square()).add(1e-8).sqrt()
    flowers = soft_step((0.2 + 0.15 * column(fabric.duty, 4)) * petals - radius, blur)
    flowers = flowers * (cell_noise(cell, row, seed + 0.5) < 0.8)
    return {"dots": dots, "flowers": flowers}, soft_step(0.09 - radius, blur) * flowers


def _folds_and_weave(fabric: Fabric, extent: Tensor, size: int, generator: Generator) -> Tensor:
    """Brightness factor [N, 1, n, n] about 1: soft folds drawn out along the part, and fine grain; extent: [N, 2] m."""
    count = len(fabric.kind)
    stretch = uniform(generator, count, low=0.7, high=3) * extent[:, 0] / extent[:, 1]
    folds = spectral_noise(count, 1, size, size, generator, slope=1.7, stretch=stretch)
    grain = spectral_noise(count, 1, size, size, generator, slope=0.3)
    strength = column(uniform(generator, count, low=0.015, high=0.06), 4)
    return 1 + strength * folds + column(fabric.grain, 4) * grain
