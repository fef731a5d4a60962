"""What chairs stand on - legs, a star of castors or a plate - and their arms.

`chairs.add_chairs` calls `add_support` and `add_arms`. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import DARK, FRAME, METAL, SEAT, Chair
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.rendering.noise import pick

_NO_ARMS, _POST_AND_REST, _TUBE, _T_SHAPED, _SOLID = range(5)


def add_support(kit: Kit, chair: Chair) -> None:
    """A star under swivel and office chairs, a plate under some stools, legs under the rest.

    star  __|__        plate   |         legs |    |    rungs |----|    sled |    |
          o o o               ===             |    |          |    |         |____|
    """
    is_kind = chair.is_kind
    star = is_kind["swivel"] | is_kind["office"] | is_kind["lounge"] & chair.chance(0.3)
    star = star | is_kind["stool"] & chair.chance(0.15)
    under = chair.height - 0.5 * chair.thick  # where supports end
    _add_star(kit, chair, under, star)
    plate = is_kind["stool"] & ~star & chair.chance(0.25)
    plate = plate | is_kind["swivel"] & ~star
    radius = chair.between(0.17, 0.24)
    kit.add_rod(METAL, (0.0, 0.0, 0.0), (0.0, 0.0, 0.02), radius, end_radius=radius * 0.9, present=plate)
    kit.add_rod(METAL, (0.0, 0.0, 0.02), (0.0, 0.0, under), 0.025, present=plate)
    _add_legs(kit, chair, under, ~star & ~plate)


def _add_legs(kit: Kit, chair: Chair, under: Tensor, legs: Tensor) -> None:
    """Four legs up to `under`, round and splayed or square, on sleds or with rungs in between, where `legs` is true."""
    x, y = chair.depth / 2 - 0.03, chair.width / 2 - 0.03
    x, y = (torch.where(chair.is_kind["stool"], 0.8 * side, side) for side in (x, y))
    splay = chair.between(-0.01, 0.1) * chair.chance(0.6) * under
    thick = chair.between(0.011, 0.024)
    tip = thick * chair.between(0.5, 1.0)
    square = chair.chance(0.4) & (splay == 0)
    sled = legs & ~chair.is_kind["armchair"] & chair.chance(0.12)
    foot_x, foot_y = x + splay * 1.2, y + splay
    for sign in (-1, 1):
        top, foot = (sign * x, y, under), (sign * foot_x, foot_y, 0.0)
        kit.add_rod(FRAME, foot, top, tip, end_radius=thick, present=legs & ~square, mirror=True)
        place, size = (sign * x, y, under / 2), (thick, thick, under / 2)
        kit.add_box(FRAME, place, size, taper=0.15, radius=0.004, present=legs & square, mirror=True)
    kit.add_rod(FRAME, (-foot_x, foot_y, 0.012), (foot_x, foot_y, 0.012), thick, present=sled, mirror=True)
    low = under * chair.between(0.2, 0.6)  # of the rungs
    rest = 1 - low / under
    x, y = x + splay * 1.2 * rest, y + splay * rest
    rungs = legs & ~sled & ~chair.is_kind["armchair"] & (chair.chance(0.4) | chair.is_kind["stool"])
    kit.add_rod(FRAME, (-x, y, low), (x, y, low), thick * 0.6, present=rungs, mirror=True)
    for sign in (-1, 1):
        kit.add_rod(FRAME, (sign * x, -y, low), (sign * x, y, low), thick * 0.6, present=rungs)


def _add_star(kit: Kit, chair: Chair, under: Tensor, star: Tensor) -> None:
    """Four or five spokes on castors or plain feet and a column up to `under`, where `star` is true."""
    reach = chair.between(0.24, 0.34)
    castors = chair.chance(0.75)
    foot = torch.where(castors, 0.075, 0.02)  # height of the spokes' tips
    hub = foot + chair.between(0.0, 0.06)
    four = chair.chance(0.2)
    for number in range(5):
        angle = 2 * math.pi * number / torch.where(four, 4.0, 5.0) + torch.where(four, torch.pi / 4, 0.0)
        present = star & ~(four & (number == 4))
        tip = (reach * angle.cos(), reach * angle.sin(), foot)
        kit.add_rod(METAL, (0.0, 0.0, hub), tip, 0.024, end_radius=0.014, present=present)
        _add_castor(kit, tip, angle, present & castors)
    kit.add_rod(METAL, (0.0, 0.0, hub - 0.02), (0.0, 0.0, hub + 0.4 * (under - hub)), 0.032, present=star)
    kit.add_rod(METAL, (0.0, 0.0, hub), (0.0, 0.0, under), 0.02, present=star)
    kit.add_box(DARK, (0.0, 0.0, under - 0.02), (0.1, 0.08, 0.02), radius=0.01, present=star)


def _add_castor(kit: Kit, tip: tuple[Tensor, Tensor, Tensor], angle: Tensor, present: Tensor) -> None:
    """Two small wheels on either side of a spoke at `angle` (radians) and the pin that holds them under its tip."""
    cosine, sine = angle.cos(), angle.sin()
    for side in (-1, 1):
        x, y = tip[0] - side * 0.012 * sine, tip[1] + side * 0.012 * cosine
        ends = [(x + k * 0.01 * sine, y - k * 0.01 * cosine, 0.028) for k in (-1, 1)]
        kit.add_rod(DARK, ends[0], ends[1], 0.028, present=present)
    kit.add_rod(DARK, (tip[0], tip[1], 0.03), tip, 0.012, present=present)


def add_arms(kit: Kit, chair: Chair) -> None:
    """Arms of one of four styles, or none:

    ______       ____.        ______        .------.
    |            |   '         |            | solid|
    post+rest    tube          T            '------'
    """
    height = chair.height
    style = pick(chair.generator, (2, 1, 1, 1), chair.batch)
    style = torch.where(chair.is_kind["office"], torch.where(style == _POST_AND_REST, _T_SHAPED, style), style)
    style = torch.where(chair.is_kind["stool"], _NO_ARMS, torch.where(chair.is_kind["armchair"], _SOLID, style))
    up = chair.between(0.16, 0.26)  # from the seat to the rest
    side, top = chair.width / 2 + 0.015, height + up
    front, rear = chair.depth * chair.between(0.2, 0.42), -chair.depth / 2
    thick = chair.between(0.01, 0.018)
    middle = (front + rear) / 2
    rest, size = (middle, side, top), ((front - rear) / 2 + 0.01, 0.022, 0.012)
    bend, with_rest = chair.between(-0.02, 0.0), (style == _POST_AND_REST) | (style == _T_SHAPED)
    kit.add_box(FRAME, rest, size, radius=0.01, bend=bend, present=with_rest, mirror=True)
    low, high = (front - 0.03, side, height - 0.03), (front - 0.02, side, top)
    kit.add_rod(FRAME, low, high, thick, present=style == _POST_AND_REST, mirror=True)
    t_shaped = style == _T_SHAPED
    kit.add_rod(METAL, (middle, side, height - 0.06), (middle, side, top), thick + 0.006, present=t_shaped, mirror=True)
    low = height - 0.05
    kit.add_rod(METAL, (middle, side, low), (middle, 0.0, low), thick, present=t_shaped, mirror=True)
    path = [(front + 0.03 - 0.05, height - 0.03), (front + 0.035, top - 0.05), (front, top), (rear, top - 0.01)]
    _add_tube(kit, path, side, thick * 0.7, style == _TUBE)
    solid = chair.between(0.04, 0.08)  # half its width
    low = height - chair.thick
    place = (0.0, chair.width / 2 + solid * 0.7, (low + top) / 2)
    size = (chair.depth / 2 + 0.02, solid, (up + chair.thick) / 2)
    kit.add_box(SEAT, place, size, radius=solid * 0.8, present=style == _SOLID, mirror=True)


def _add_tube(kit: Kit, path: Sequence[tuple[Tensor, Tensor]], side: Tensor, radius: Tensor, present: Tensor) -> None:
    """Metal rods through the points (x, z) of a path at y = +-side."""
    for start, end in pairwise(path):
        ends = (start[0], side, start[1]), (end[0], side, end[1])
        kit.add_rod(METAL, *ends, radius, present=present, mirror=True)
