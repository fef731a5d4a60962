"""Chairs: four-legged, swivel, armchair, stool, lounge and office, all from the same kit with other measures.

x forward, y left, z up, floor at z = 0, in metres before the object is scaled.

Legend: B objects.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_shell import add_shell
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import KINDS, Paint, metal_colours, wood_colours
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, distinct, leather_colours, saturated

CHAIRS = ("four-legged", "swivel", "armchair", "stool", "lounge", "office")
WEIGHTS = (4, 1.2, 2.2, 0.8, 1.2, 2)
FRAME, SEAT, BACK, METAL, DARK = SLOTS = range(5)
RANGES = {
    "height": ((0.42, 0.5), (0.42, 0.52), (0.36, 0.45), (0.45, 0.8), (0.3, 0.4), (0.44, 0.54)),
    "width": ((0.38, 0.52), (0.42, 0.54), (0.48, 0.66), (0.3, 0.42), (0.5, 0.68), (0.44, 0.54)),
    "depth": ((0.38, 0.5), (0.4, 0.5), (0.46, 0.6), (0.3, 0.42), (0.5, 0.66), (0.44, 0.52)),
    "thick": ((0.015, 0.06), (0.03, 0.09), (0.12, 0.34), (0.02, 0.09), (0.03, 0.14), (0.05, 0.1)),
    "back": ((0.36, 0.6), (0.3, 0.5), (0.36, 0.55), (0.1, 0.3), (0.45, 0.75), (0.45, 0.72)),
    "tilt": ((0.02, 0.22), (0.05, 0.25), (0.05, 0.25), (0.0, 0.15), (0.25, 0.6), (0.05, 0.25)),
}


def add_chairs(kit: Kit, generator: Generator) -> Tensor:
    """Draws a chair for each of the kit's objects, adds its parts with slots as in SLOTS, and returns the kinds [B]."""
    batch = kit.batch
    kind = pick(generator, WEIGHTS, batch)
    ranges = torch.tensor(list(RANGES.values()))[:, kind]  # [6, B, 2]
    share = uniform(generator, len(RANGES), batch)
    sizes = dict(zip(RANGES, ranges[..., 0] + share * (ranges[..., 1] - ranges[..., 0]), strict=True))
    is_kind = {name: kind == number for number, name in enumerate(CHAIRS)}
    one_piece = chance(generator, 0.25, batch) & ~is_kind["stool"] & ~is_kind["armchair"]
    add_shell(kit, generator, sizes, slot=SEAT, frame=METAL, present=one_piece)
    is_kind["one-piece"] = one_piece
    _add_seat(kit, generator, sizes, is_kind)
    _add_back(kit, generator, sizes, is_kind)
    _add_support(kit, generator, sizes, is_kind)
    _add_arms(kit, generator, sizes, is_kind)
    return kind


def chair_paint(batch: int, generator: Generator) -> Paint:
    """Paints [B, 5] of wood, metal, fabric and leather."""
    wooden = chance(generator, 0.55, batch, 1)
    frame = torch.where(wooden, wood_colours(batch, generator), metal_colours(batch, generator))
    frame = torch.where(chance(generator, 0.2, batch, 1), saturated(batch, generator), frame)
    cloth = cloth_colours(batch, generator, neutral=0.45)
    cloth = torch.where(chance(generator, 0.25, batch, 1), leather_colours(batch, generator), cloth)
    plain_wood = chance(generator, 0.3, batch, 1)
    seat = torch.where(plain_wood, frame, cloth)
    back = torch.where(chance(generator, 0.8, batch, 1), seat, cloth_colours(batch, generator, neutral=0.5))
    metal = metal_colours(batch, generator)
    dark = torch.full_like(metal, 0.07)
    colour = torch.stack([frame, seat, back, metal, dark], 1)
    second = torch.where(colour.mean(-1, keepdim=True) > 0.2, colour * 0.6, colour * 1.6 + 0.04)
    figured = distinct(cloth, cloth_colours(batch, generator, neutral=0.6))[:, None].expand(-1, 2, -1)
    second[:, SEAT : BACK + 1] = torch.where(chance(generator, 0.5, batch, 1, 1), figured, second[:, SEAT : BACK + 1])
    kind = pick(generator, (4, 0, 1.2, 0.5, 2.5, 1.5), batch, 1).expand(-1, len(SLOTS)).clone()
    kind[:, METAL:] = 0
    kind[:, FRAME] = torch.where(wooden[:, 0], KINDS.index("wood"), 0)
    kind[:, SEAT : BACK + 1] = torch.where(plain_wood, kind[:, FRAME : FRAME + 1], kind[:, SEAT : BACK + 1])
    axis = pick(generator, (1, 1, 2), batch)
    direction = torch.eye(3, device=generator.device)[axis][:, None].expand(-1, len(SLOTS), -1)
    gloss = uniform(generator, batch, len(SLOTS), low=0.0, high=0.4)
    gloss[:, METAL] += 0.5
    scale = uniform(generator, batch, 1, low=5.0, high=22.0).expand(-1, len(SLOTS))
    phase = uniform(generator, batch, high=20.0)
    return Paint(colour, second.clamp(0, 1), kind, scale, gloss, direction, phase)


def _add_seat(kit: Kit, generator: Generator, sizes: dict[str, Tensor], is_kind: dict[str, Tensor]) -> None:
    batch = kit.batch
    height, width, depth, thick = (sizes[name] for name in ("height", "width", "depth", "thick"))
    disc = is_kind["stool"] & chance(generator, 0.7, batch)
    flat = ~disc & ~is_kind["one-piece"]
    soft = (thick * uniform(generator, batch, low=0.0, high=0.25)).clamp(max=0.03)
    kit.box(
        SEAT,
        (0.0, 0.0, height - thick / 2),
        (depth / 2, width / 2, thick / 2),
        radius=thick * uniform(generator, batch, low=0.15, high=0.5),
        taper=uniform(generator, batch, low=-0.04, high=0.06),
        bend=uniform(generator, batch, low=-0.03, high=0.015),
        sag=uniform(generator, batch, low=-0.005, high=0.02),
        puff=soft,
        present=flat,
    )
    radius = width / 2
    kit.rod(SEAT, (0.0, 0.0, height - thick), (0.0, 0.0, height), radius, present=disc)
    cushion = chance(generator, 0.2, batch) & flat | is_kind["armchair"]
    pad = uniform(generator, batch, low=0.03, high=0.07)
    size = (depth / 2 * 0.95, width / 2 * 0.95, pad / 2)
    kit.box(BACK, (0.01, 0.0, height + pad / 2), size, radius=pad / 2, puff=pad / 4, present=cushion)
    rail = chance(generator, 0.5, batch) & is_kind["four-legged"]
    for x in (-1, 1):
        place = (x * (depth / 2 - 0.03), 0.0, height - thick - 0.03)
        kit.box(FRAME, place, (0.01, width / 2 - 0.03, 0.03), radius=0.004, present=rail)
    place = (0.0, width / 2 - 0.03, height - thick - 0.03)
    kit.box(FRAME, place, (depth / 2 - 0.03, 0.01, 0.03), radius=0.004, present=rail, mirror=True)


def _add_back(kit: Kit, generator: Generator, sizes: dict[str, Tensor], is_kind: dict[str, Tensor]) -> None:
    batch = kit.batch
    height, width, depth, back, tilt = (sizes[name] for name in ("height", "width", "depth", "back", "tilt"))
    style = pick(generator, (3, 1.3, 1.3, 1.6), batch)  # panel, slats, ladder, panel between posts
    soft = is_kind["armchair"] | is_kind["lounge"] | is_kind["office"] | is_kind["swivel"]
    style = torch.where(soft, 0, style)
    some = (~is_kind["stool"] | chance(generator, 0.25, batch)) & ~is_kind["one-piece"]
    thick = torch.where(is_kind["armchair"], 0.14, torch.where(soft, 0.06, 0.025))
    thick = thick * uniform(generator, batch, low=0.5, high=1.3)
    turn = rotation_about(1, torch.pi / 2 * -1 - tilt)
    stem = is_kind["office"] | is_kind["swivel"]
    gap = uniform(generator, batch, high=0.16) * (back > 0.3) * (stem | (style == 3))

    def spot(up: Tensor | float, forward: Tensor | float = 0.0) -> tuple[Tensor, float, Tensor]:
        return (forward - depth / 2 + 0.01 - tilt.sin() * up, 0.0, height + tilt.cos() * up)

    curve = uniform(generator, batch, low=-0.1, high=0.0) * chance(generator, 0.7, batch)
    lean = uniform(generator, batch, low=-0.03, high=0.06)
    top, bottom = back, torch.where(is_kind["armchair"], -sizes["thick"], gap)
    broad = uniform(generator, batch, low=0.85, high=1.05)
    kit.box(
        BACK,
        spot((top + bottom) / 2),
        ((top - bottom) / 2, width / 2 * broad, thick / 2),
        radius=thick * uniform(generator, batch, low=0.2, high=0.5),
        turn=turn,
        bend=lean,
        sag=-curve,
        puff=thick * 0.2 * soft,
        present=some & ((style == 0) | (style == 3)),
    )
    pad = some & is_kind["office"] & chance(generator, 0.4, batch) | is_kind["lounge"] & chance(generator, 0.4, batch)
    size = (0.07, width * 0.3, thick / 2 + 0.01)
    kit.box(BACK, spot(back + 0.08), size, radius=0.03, turn=turn, sag=0.02, puff=0.01, present=pad)
    post = uniform(generator, batch, low=0.01, high=0.02)
    side = width / 2 - post
    tall = top * uniform(generator, batch, low=1.0, high=1.12)
    posts = some & (style > 0)
    low, high = spot(-0.03), spot(tall)
    kit.rod(FRAME, (low[0], side, low[2]), (high[0], side, high[2]), post, present=posts, mirror=True)
    rail = uniform(generator, batch, low=0.02, high=0.06)
    kit.box(FRAME, spot(top - rail), (rail, side, post * 0.7), radius=0.008, turn=turn, sag=-curve, present=posts)
    count = pick(generator, (1, 1, 1, 1), batch) + 3
    for number in range(6):
        at = (2 * (number + 0.5) / count - 1) * side * 0.9
        x, _, z = spot((top - 2 * rail) / 2)
        wide = side / count * 0.45
        shape = (top / 2 - rail, wide, post * 0.5)
        kit.box(FRAME, (x, at, z), shape, radius=0.004, turn=turn, present=some & (style == 1) & (number < count))
    for number in range(4):
        up = top * (number + 0.7) / count.clamp(max=4)
        shape = (rail * 0.6, side, post * 0.6)
        rung = some & (style == 2) & (number + 1 < count.clamp(max=4))
        kit.box(FRAME, spot(up), shape, radius=0.006, turn=turn, sag=-curve, present=rung)
    under = (-depth * 0.2, 0.0, height - sizes["thick"] - 0.015)
    kit.rod(METAL, under, (spot(0.0)[0] - 0.03, 0.0, under[2]), 0.018, present=stem)
    behind = spot(gap + 0.1, -0.02)
    kit.rod(METAL, (spot(0.0)[0] - 0.03, 0.0, under[2]), behind, 0.018, present=stem)


def _add_support(kit: Kit, generator: Generator, sizes: dict[str, Tensor], is_kind: dict[str, Tensor]) -> None:
    batch = kit.batch
    star = is_kind["swivel"] | is_kind["office"] | is_kind["lounge"] & chance(generator, 0.3, batch)
    star = star | is_kind["stool"] & chance(generator, 0.15, batch)
    under = sizes["height"] - 0.5 * sizes["thick"]
    _add_star(kit, generator, under, star)
    plate = is_kind["stool"] & ~star & chance(generator, 0.25, batch)
    plate = plate | is_kind["swivel"] & ~star
    base = uniform(generator, batch, low=0.17, high=0.24)
    kit.rod(METAL, (0.0, 0.0, 0.0), (0.0, 0.0, 0.02), base, end_radius=base * 0.9, present=plate)
    kit.rod(METAL, (0.0, 0.0, 0.02), (0.0, 0.0, under), 0.025, present=plate)
    legs = ~star & ~plate
    x, y = sizes["depth"] / 2 - 0.03, sizes["width"] / 2 - 0.03
    x, y = (torch.where(is_kind["stool"], 0.8 * side, side) for side in (x, y))
    splay = uniform(generator, batch, low=-0.01, high=0.1) * chance(generator, 0.6, batch) * under
    thick = uniform(generator, batch, low=0.011, high=0.024)
    tip = thick * uniform(generator, batch, low=0.5, high=1.0)
    square = chance(generator, 0.4, batch) & (splay == 0)
    sled = legs & ~is_kind["armchair"] & chance(generator, 0.12, batch)
    for sign in (-1, 1):
        top, foot = (sign * x, y, under), (sign * (x + splay * 1.2), y + splay, 0.0)
        kit.rod(FRAME, foot, top, tip, end_radius=thick, present=legs & ~square, mirror=True)
        shape = (thick, thick, under / 2)
        kit.box(FRAME, (sign * x, y, under / 2), shape, taper=0.15, radius=0.004, present=legs & square, mirror=True)
    outer = (x + splay * 1.2, y + splay)
    kit.rod(FRAME, (-outer[0], outer[1], 0.012), (outer[0], outer[1], 0.012), thick, present=sled, mirror=True)
    low = under * uniform(generator, batch, low=0.2, high=0.6)
    rest = 1 - low / under
    x, y = x + splay * 1.2 * rest, y + splay * rest
    rungs = legs & ~sled & ~is_kind["armchair"] & (chance(generator, 0.4, batch) | is_kind["stool"])
    kit.rod(FRAME, (-x, y, low), (x, y, low), thick * 0.6, present=rungs, mirror=True)
    for sign in (-1, 1):
        kit.rod(FRAME, (sign * x, -y, low), (sign * x, y, low), thick * 0.6, present=rungs)


def _add_star(kit: Kit, generator: Generator, under: Tensor, star: Tensor) -> None:
    batch = kit.batch
    reach = uniform(generator, batch, low=0.24, high=0.34)
    wheels = chance(generator, 0.75, batch)
    foot = torch.where(wheels, 0.075, 0.02)
    hub = foot + uniform(generator, batch, low=0.0, high=0.06)
    four = chance(generator, 0.2, batch)
    for number in range(5):
        angle = 2 * math.pi * number / torch.where(four, 4.0, 5.0) + torch.where(four, torch.pi / 4, 0.0)
        cosine, sine = angle.cos(), angle.sin()
        present = star & ~(four & (number == 4))
        tip = (reach * cosine, reach * sine, foot)
        kit.rod(METAL, (0.0, 0.0, hub), tip, 0.024, end_radius=0.014, present=present)
        for side in (-1, 1):
            centre = (tip[0] - side * 0.012 * sine, tip[1] + side * 0.012 * cosine)
            ends = [(centre[0] + k * 0.01 * sine, centre[1] - k * 0.01 * cosine, 0.028) for k in (-1, 1)]
            kit.rod(DARK, ends[0], ends[1], 0.028, present=present & wheels)
        kit.rod(DARK, (tip[0], tip[1], 0.03), tip, 0.012, present=present & wheels)
    kit.rod(METAL, (0.0, 0.0, hub - 0.02), (0.0, 0.0, hub + 0.4 * (under - hub)), 0.032, present=star)
    kit.rod(METAL, (0.0, 0.0, hub), (0.0, 0.0, under), 0.02, present=star)
    kit.box(DARK, (0.0, 0.0, under - 0.02), (0.1, 0.08, 0.02), radius=0.01, present=star)


def _add_arms(kit: Kit, generator: Generator, sizes: dict[str, Tensor], is_kind: dict[str, Tensor]) -> None:
    batch = kit.batch
    height, width, depth = (sizes[name] for name in ("height", "width", "depth"))
    style = pick(generator, (2, 1, 1, 1), batch)  # none, post and rest, tube, T
    style = torch.where(is_kind["office"], torch.where(style == 1, 3, style), style)
    style = torch.where(is_kind["stool"], 0, torch.where(is_kind["armchair"], 4, style))
    up = uniform(generator, batch, low=0.16, high=0.26)
    side = width / 2 + 0.015
    front, rear = depth * uniform(generator, batch, low=0.2, high=0.42), -depth / 2
    top = height + up
    thick = uniform(generator, batch, low=0.01, high=0.018)
    rest = ((front + rear) / 2, side, top)
    shape = ((front - rear) / 2 + 0.01, 0.022, 0.012)
    padded = (style == 1) | (style == 3)
    kit.box(
        FRAME,
        rest,
        shape,
        radius=0.01,
        bend=uniform(generator, batch, low=-0.02, high=0.0),
        present=padded,
        mirror=True,
    )
    kit.rod(
        FRAME, (front - 0.03, side, height - 0.03), (front - 0.02, side, top), thick, present=style == 1, mirror=True
    )
    bar = (front + rear) / 2
    kit.rod(METAL, (bar, side, height - 0.06), (bar, side, top), thick + 0.006, present=style == 3, mirror=True)
    kit.rod(METAL, (bar, side, height - 0.05), (bar, 0.0, height - 0.05), thick, present=style == 3, mirror=True)
    bow = (front + 0.03, front + 0.035, front)
    path = [(bow[0] - 0.05, height - 0.03), (bow[1], top - 0.05), (bow[2], top), (rear, top - 0.01)]
    _chain(kit, METAL, path, side, thick * 0.7, style == 2)
    solid = uniform(generator, batch, low=0.04, high=0.08)
    low = height - sizes["thick"]
    shape = (depth / 2 + 0.02, solid, (up + sizes["thick"]) / 2)
    place = (0.0, width / 2 + solid * 0.7, (low + top) / 2)
    kit.box(SEAT, place, shape, radius=solid * 0.8, present=style == 4, mirror=True)


def _chain(
    kit: Kit, slot: int, path: Sequence[tuple[Tensor, Tensor]], side: Tensor, radius: Tensor, present: Tensor
) -> None:
    """Rods through the points (x, z) of a path at y = +-side."""
    for start, end in pairwise(path):
        ends = (start[0], side, start[1]), (end[0], side, end[1])
        kit.rod(slot, *ends, radius, present=present, mirror=True)
