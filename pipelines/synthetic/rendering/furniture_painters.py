"""Painters of what stands before people. `furniture.sample_furniture` draws from `PAINTERS`.

Legend: B batch, H height, W width. Painters get x [1, 1, 1, W] to the right and v [B, 1, H, W] down from the level that
hides people, both in heights of the picture, and return colours [B, 3, H, W] in [0, 1] and coverage [B, 1, H, W] in
0..1. Columns are [B, 1, 1, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    cell_noise,
    chance,
    chance_column,
    column,
    ellipse,
    over,
    pick,
    soft_step,
    spectral_noise,
    uniform_column,
)
from pipelines.synthetic.rendering.palettes import (
    FOLIAGE,
    cloth_colours,
    from_table,
    hair_colours,
    leather_colours,
    saturated,
    wall_colours,
)
from pipelines.synthetic.rendering.surfaces import FLOOR_SURFACES, WALL_SURFACES, draw_plaster, draw_surface

Painted = tuple[Tensor, Tensor]
_HIGHEST_LEAF = 0.16  # above the level, heights of the picture


def paint_table(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """A table or desk seen a little from above: its top, a front edge and a closed front; things stand on it."""
    batch, width = len(v), x.shape[-1]
    pixel = 1 / v.shape[2]
    depth, thick = uniform_column(generator, batch, 0.02, 0.4), uniform_column(generator, batch, 0.008, 0.05)
    noise = spectral_noise(batch, 1, v.shape[2], width, generator, slope=1.0, stretch=0.3)
    nearness = (0.4 + v.clamp(min=0) / depth).clamp(max=2)  # the top's near edge is larger than its far one
    top = draw_surface(FLOOR_SURFACES, (x - 0.5) / nearness, v * 2, pixel / nearness, noise, generator)
    plain = column(wall_colours(batch, generator), 4) * (1 + 0.06 * noise)
    top = torch.where(chance_column(generator, batch, 0.6) > 0, plain, top)
    top = top * (1 + uniform_column(generator, batch, -0.2, 0.2) * v / depth)
    front = draw_surface(WALL_SURFACES, x, v, torch.full_like(v, pixel), noise, generator) * 0.7
    edge = column(wall_colours(batch, generator), 4) * 0.85
    colour = over(top, soft_step(v - depth, pixel), column(edge.flatten(1), 4))
    colour = over(colour, soft_step(v - depth - thick, pixel), front)
    under = v - depth - thick  # below the lower edge of the top, whose shadow is there
    colour = colour * (1 - 0.4 * soft_step(under, pixel) * torch.exp(-under.clamp(min=0) * 25))
    coverage = soft_step(v, pixel) * _limit_sides(x, generator, batch, pixel)
    return _stand_things(colour, coverage, x, v, generator)


def paint_counter(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """A counter, a bar, a wall or a balustrade: a slab over a front of panels, planks, tiles or bricks."""
    batch, pixel = len(v), 1 / v.shape[2]
    noise = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=1.0, stretch=0.4)
    slab = uniform_column(generator, batch, 0.01, 0.06)
    front = draw_surface(WALL_SURFACES, x, v, torch.full_like(v, pixel), noise, generator)
    front = torch.where(chance_column(generator, batch, 0.35) > 0, draw_plaster(noise, generator), front)
    front = front * (1 - 0.45 * torch.exp(-(v - slab).clamp(min=0) * uniform_column(generator, batch, 15, 60)))
    board = column(wall_colours(batch, generator), 4) * (1 + 0.08 * noise)
    board = board * (1 + 0.25 * soft_step(0.004 - v, pixel))  # light on its upper edge
    colour = over(board, soft_step(v - slab, pixel), front)
    coverage = soft_step(v, pixel) * _limit_sides(x, generator, batch, pixel)
    return _stand_things(colour, coverage, x, v, generator)


def paint_sofa(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """The back of a sofa, an armchair or a bench: one to three rounded cushions of cloth or leather."""
    batch, pixel = len(v), 1 / v.shape[2]
    size = uniform_column(generator, batch, 0.35, 1.1)
    place = (x - uniform_column(generator, batch)) / size + 20
    inside = (place.frac() - 0.5).abs() * 2  # 0 in the middle of a cushion, 1 between two
    round_by = uniform_column(generator, batch, 0.02, 0.1)
    drop = round_by * (1 - (1 - inside.pow(uniform_column(generator, batch, 3, 9))).clamp(min=0).sqrt())
    depth = v - drop
    noise = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=0.8)
    folds = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=1.9)
    cloth, leather = cloth_colours(batch, generator, neutral=0.7), leather_colours(batch, generator)
    cloth = torch.where(chance(generator, 0.3, batch, 1), leather, cloth)
    roll = torch.exp(-depth.clamp(min=0) * uniform_column(generator, batch, 20, 60))  # light on the rounded top
    seam = soft_step(inside - 0.96, 0.06) * chance_column(generator, batch, 0.8)
    piping = soft_step(0.006 - (depth - uniform_column(generator, batch, 0.02, 0.08)).abs(), 2 * pixel)
    shade = 1 + 0.2 * roll + 0.05 * noise + 0.1 * folds - 0.35 * seam
    shade = shade - 0.25 * piping * chance_column(generator, batch, 0.5) - 0.15 * inside.pow(4)
    return column(cloth, 4) * shade, soft_step(depth, 1.5 * pixel)


def paint_plants(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """A hedge, reeds or pot plants: single leaves before a thicket."""
    batch, _, height, width = v.shape
    pixel = 1 / height
    rough = spectral_noise(batch, 2, height, width, generator, slope=1.1)
    hue = from_table(FOLIAGE, pick(generator, (1,) * len(FOLIAGE), batch))  # [B, 3]
    thicket = column(hue, 4) * (0.55 + 0.22 * rough[:, 1:])
    coverage = soft_step(v - 0.06 + 0.035 * rough[:, :1], 3 * pixel)
    colour = thicket
    slender = uniform_column(generator, batch, 2.0, 7.0)
    length = uniform_column(generator, batch, 0.04, 0.12)
    right = width / height
    for _ in range(36):
        own = length * uniform_column(generator, batch, 0.6, 1.3)
        height_of = uniform_column(generator, batch, -_HIGHEST_LEAF, 0.35) + own
        dx, dv = x - uniform_column(generator, batch, -0.05, right + 0.05), v - height_of
        angle = uniform_column(generator, batch, -1.2, 1.2)
        across, along = dx * angle.cos() + dv * angle.sin(), dv * angle.cos() - dx * angle.sin()
        leaf = ellipse(across, along, own / slender, own, 0.3)
        stem = soft_step(0.002 - dx.abs(), pixel) * (dv > 0)
        tone = (0.65 + 0.6 * uniform_column(generator, batch)) * (1 + 0.25 * (across > 0))
        mask = torch.maximum(leaf, stem)
        colour = over(colour, mask, column(hue, 4) * tone)
        coverage = torch.maximum(coverage, mask)
    return colour, coverage


def paint_fence(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """A fence of pickets or a railing with rails across; what is behind shows in its gaps."""
    batch, pixel = len(v), 1 / v.shape[2]
    pitch = uniform_column(generator, batch, 0.03, 0.16)
    share = uniform_column(generator, batch, 0.25, 0.92)
    place = (x - uniform_column(generator, batch)) / pitch + 40
    number, inside = place.floor(), (place.frac() - 0.5).abs() * pitch  # distance from the picket's middle
    half = share * pitch / 2
    pointed = uniform_column(generator, batch, 0.0, 1.2) * chance_column(generator, batch, 0.6)
    uneven = 0.02 * cell_noise(number, torch.zeros_like(number), uniform_column(generator, batch))
    picket = soft_step(half - inside, pixel) * soft_step(v + uneven - pointed * inside, pixel)
    wide = uniform_column(generator, batch, 0.008, 0.04)
    rails = [soft_step(wide - (v - at).abs(), pixel) for at in (0.05 + wide, 0.45 + wide)]
    noise = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=1.0, stretch=5.0)
    wood = column(wall_colours(batch, generator), 4)
    tone = 1 + 0.25 * (cell_noise(number, torch.ones_like(number), 0.3) - 0.5) + 0.08 * noise - 0.2 * inside / half
    front = chance_column(generator, batch, 0.5)  # rails before the pickets
    rail = torch.maximum(*rails)
    colour = over(wood * tone, rail * torch.maximum(front, 1 - picket), wood * (0.85 + 0.06 * noise))
    return colour, torch.maximum(picket, rail)


def paint_car(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """The side of a car up to its windows: glossy paint with a crease, seams of the door and its handle."""
    batch, pixel = len(v), 1 / v.shape[2]
    bow = uniform_column(generator, batch, -0.06, 0.06) * (x - 0.5) + 0.08 * (x - uniform_column(generator, batch)) ** 2
    depth = v - bow
    plain, strong = wall_colours(batch, generator) * 0.9, saturated(batch, generator)
    paint = torch.where(chance(generator, 0.6, batch, 1), plain, strong)
    crease = uniform_column(generator, batch, 0.1, 0.3)
    sky = torch.exp(-((depth - 0.03) / 0.05).square()) * 0.5  # the sky mirrored in the shoulder
    below = 0.35 * soft_step(depth - crease, 0.02) * (1 - (depth - crease).clamp(0, 0.4))
    clouds = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=2.0, stretch=0.3)
    colour = column(paint, 4) * (0.85 - below + 0.08 * clouds) + sky * 0.35
    seam = (x - uniform_column(generator, batch, 0.0, 0.4)).abs()
    seam = torch.minimum(seam, (x - uniform_column(generator, batch, 0.7, 1.2)).abs())
    colour = colour * (1 - 0.7 * soft_step(0.004 - seam, 1.5 * pixel))
    handle = ellipse(x - uniform_column(generator, batch, 0.3, 0.8), depth - 0.1, 0.06, 0.014, 0.3)
    colour = over(colour, handle * chance_column(generator, batch, 0.7), paint * 0.55)
    rubber = soft_step(depth, pixel) * soft_step(0.014 - depth, pixel)
    colour = over(colour, rubber, column(colour.new_zeros(batch, 3) + 0.06, 4))
    pillar_at = uniform_column(generator, batch, -0.2, 0.15) + chance_column(generator, batch, 0.5)
    slant = uniform_column(generator, batch, -0.5, 0.5)
    pillar = soft_step(0.03 - (x - pillar_at - slant * v).abs(), pixel) * chance_column(generator, batch, 0.5)
    colour = torch.where(depth > 0, colour, column(paint, 4) * 0.5)
    return colour, torch.maximum(soft_step(depth, pixel), pillar * (depth <= 0))


def paint_shoulders(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """Other people from behind, out of the focus: two heads and shoulders, and dark cloth below."""
    batch, right = len(v), x.shape[-1] / v.shape[2]
    soft = 0.35
    colour = column(cloth_colours(batch, generator, neutral=0.8), 4).expand(-1, -1, *v.shape[2:])
    noise = spectral_noise(batch, 1, v.shape[2], x.shape[-1], generator, slope=1.8)
    coverage = soft_step(v - 0.12, 0.05)
    for low, high in ((-0.1, 0.3), (0.7, 1.1)):
        middle, size = uniform_column(generator, batch, low, high) * right, uniform_column(generator, batch, 0.6, 1.1)
        there = chance_column(generator, batch, 0.85)
        cloth, hair = cloth_colours(batch, generator, neutral=0.75), hair_colours(batch, generator)
        dx, dv = (x - middle) / size, v / size
        trunk = there * ellipse(dx, dv - 0.3, 0.28, 0.3, soft) * (dv < 0.3)
        trunk = torch.maximum(trunk, there * soft_step(0.28 - dx.abs(), 0.06) * (dv >= 0.3))
        head = there * ellipse(dx, dv + 0.1, 0.09, 0.12, soft)
        full = 4 * torch.cat([trunk, head], 1)  # colours reach to the end of the soft rims
        colour = over(over(colour, full[:, :1].clamp(max=1), cloth), full[:, 1:].clamp(max=1), hair)
        coverage = torch.maximum(coverage, torch.maximum(trunk, head))
    return colour * (0.9 + 0.1 * noise), coverage


def paint_side(x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """A pillar, a door frame, a curtain or a trunk that covers the left or the right of the picture."""
    batch, pixel, right = len(v), 1 / v.shape[2], x.shape[-1] / v.shape[2]
    noise = spectral_noise(batch, 2, v.shape[2], x.shape[-1], generator, slope=1.1, stretch=4.0)
    left = chance_column(generator, batch, 0.5) > 0
    inward = torch.where(left, x, right - x)
    edge = uniform_column(generator, batch, 0.12, 0.42) * right + uniform_column(generator, batch, -0.1, 0.1) * v
    depth = edge + 0.012 * noise[:, :1] * chance_column(generator, batch, 0.4) - inward
    folds = torch.sin(inward * uniform_column(generator, batch, 40, 160) + 0.6 * noise[:, 1:])
    wall = draw_surface(WALL_SURFACES, x, v, torch.full_like(v, pixel), noise[:, :1], generator)
    cloth = column(cloth_colours(batch, generator, neutral=0.7), 4) * (0.85 + 0.2 * folds)
    colour = torch.where(chance_column(generator, batch, 0.4) > 0, cloth, wall)
    return colour * (1 - 0.4 * torch.exp(-depth.clamp(min=0) * 30)), soft_step(depth, 1.5 * pixel)


def _limit_sides(x: Tensor, generator: Generator, batch: int, pixel: float) -> Tensor:
    """1 where a thing is, [B, 1, 1, W]: across the whole picture, or to an end near its left or right edge."""
    right = x.shape[-1] * pixel
    end = uniform_column(generator, batch, 0.0, 0.18) * right
    whole = chance_column(generator, batch, 0.7)
    inward = torch.where(chance_column(generator, batch, 0.5) > 0, x, right - x)
    return torch.maximum(whole, soft_step(inward - end, pixel))


def _stand_things(colour: Tensor, coverage: Tensor, x: Tensor, v: Tensor, generator: Generator) -> Painted:
    """Puts a laptop, and a few boxes, books and cups on the upper edge."""
    batch, right = len(v), x.shape[-1] / v.shape[2]
    tilt, high = uniform_column(generator, batch, -0.1, 0.1), uniform_column(generator, batch, 0.08, 0.2)
    dx = x - uniform_column(generator, batch, 0.2, 0.8) * right - tilt * v
    half = high * uniform_column(generator, batch, 0.65, 0.85)
    there = chance_column(generator, batch, 0.35)
    lid = _box(dx, v + high / 2 - 0.02, half, high / 2, 0.02) * there
    shell = wall_colours(batch, generator)
    colour = over(colour, lid, column(shell, 4) * (1 - 0.6 * (v + high)))
    logo = ellipse(dx, v + high / 2, 0.016, 0.018, 0.2) * there * chance_column(generator, batch, 0.6)
    colour = over(colour, logo, (shell + 0.3).clamp(max=1))
    coverage = torch.maximum(coverage, lid)
    for _ in range(3):
        wide, tall = uniform_column(generator, batch, 0.015, 0.09), uniform_column(generator, batch, 0.02, 0.13)
        dx, sunk = x - uniform_column(generator, batch) * right, uniform_column(generator, batch, 0.0, 0.06)
        round_by = uniform_column(generator, batch) * torch.minimum(wide, tall / 2)
        thing = _box(dx, v + tall / 2 - sunk, wide, tall / 2, round_by)
        thing = thing * chance_column(generator, batch, 0.35)
        paint = cloth_colours(batch, generator, neutral=0.4)
        shade = 1 - 0.35 * (dx / wide).clamp(-1, 1).square()
        colour = over(colour, thing, column(paint, 4) * shade)
        coverage = torch.maximum(coverage, thing)
    return colour, coverage.clamp(max=1)


def _box(dx: Tensor, dv: Tensor, half_width: Tensor, half_height: Tensor, corner: Tensor | float) -> Tensor:
    """Soft mask [B, 1, H, W] of a rectangle about the origin with rounded corners; all in heights of the picture."""
    sides = torch.broadcast_tensors(dx.abs() - half_width + corner, dv.abs() - half_height + corner)
    beyond = torch.stack(sides)
    distance = beyond.clamp(min=0).norm(dim=0) + beyond.amax(0).clamp(max=0) - corner
    return soft_step(-distance, 1 / dv.shape[2])


PAINTERS: tuple[tuple[Callable[[Tensor, Tensor, Generator], Painted], float], ...] = (
    (paint_table, 3), (paint_counter, 2.5), (paint_sofa, 1.5), (paint_plants, 1.2), (paint_fence, 0.8), (paint_car, 1),
    (paint_shoulders, 1), (paint_side, 1),
)  # fmt: skip
