"""What tables stand on: legs of four kinds, sleds, slabs, trestles, pedestals, blocks, drawers.

`tables.add_tables` calls `add_supports` and `add_drawers`. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import DARK, FRAME, METAL, PLINTH, SEAT
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_path
from pipelines.synthetic.objects.table_measures import Table


def add_supports(kit: Kit, table: Table) -> None:
    """The support that each table has, up to the lower side of its top."""
    under = table.height - table.thick + 0.004
    _add_legs(kit, table, under)
    _add_sides(kit, table, under)
    _add_columns(kit, table, under)
    _add_picnic(kit, table, under)


def _add_legs(kit: Kit, table: Table, under: Tensor) -> None:
    """Four legs, with rails below the top, rungs or a shelf."""
    x, y = table.reach_x, table.reach_y
    thick = torch.where(table.chance(0.3), table.between(0.01, 0.02), table.between(0.02, 0.05))
    legs, square, turned, splayed = (table.has_support(name) for name in ("legs", "square", "turned", "splayed"))
    tip = thick * table.between(0.45, 1.0)
    splay = torch.where(splayed, table.between(0.04, 0.14), 0.0)
    taper = table.between(0.0, 0.4)
    shape = (
        (0.0, 0.5),
        (0.06, 0.8),
        (0.1, 0.5),
        (0.4, 1.0),
        (0.55, 1.25),
        (0.62, 0.7),
        (0.66, 1.2),
        (0.72, 0.8),
        (0.8, 1.3),
        (1.0, 1.3),
    )
    profile = [(thick * radius, under * share) for share, radius in shape]
    for sign in (-1, 1):
        ends = (sign * (x + splay), y + splay, 0.0), (sign * x, y, under)
        kit.add_rod(FRAME, *ends, tip, end_radius=thick, present=legs | splayed, mirror=True)
        kit.add_box(
            FRAME,
            (sign * x, y, under / 2),
            (thick, thick, under / 2),
            taper=taper,
            radius=0.004,
            present=square,
            mirror=True,
        )
        kit.add_lathe(FRAME, (sign * x, y, 0.0), profile, sides=9, present=turned, mirror=True)
    four = legs | square | turned | splayed
    table.limit_folds(4, four)
    rails = four & table.chance(0.6)
    tall = table.between(0.025, 0.06)
    for sign in (-1, 1):
        kit.add_box(FRAME, (sign * x, 0.0, under - tall), (0.01, y, tall), radius=0.003, present=rails)
    kit.add_box(FRAME, (0.0, y, under - tall), (x, 0.01, tall), radius=0.003, present=rails, mirror=True)
    shelf = four & table.chance(0.18)
    level = under * table.between(0.2, 0.4)
    kit.add_box(SEAT, (0.0, 0.0, level), (x, y, 0.012), radius=0.004, present=shelf)
    rungs = four & ~shelf & table.chance(0.15)
    for sign in (-1, 1):
        kit.add_rod(FRAME, (sign * x, -y, level), (sign * x, y, level), thick * 0.6, present=rungs)
    kit.add_rod(FRAME, (-x, y, level), (x, y, level), thick * 0.6, present=rungs, mirror=True)


def _add_sides(kit: Kit, table: Table, under: Tensor) -> None:
    """A closed frame, a slab, a trestle or crossed beams at either end."""
    x, y = table.reach_x, table.reach_y
    thick = table.between(0.012, 0.035)
    sled, slab, trestle, crossed = (table.has_support(name) for name in ("sled", "slab", "trestle", "crossed"))
    points = [(x, y, under), (x, y, thick), (-x, y, thick), (-x, y, under)]
    kit.add_tube(METAL, make_path(points, table.batch), thick, sides=4, present=sled, mirror=True)
    edge = table.chance(0.5)
    half = table.between(0.012, 0.05)
    place = torch.where(edge, table.width / 2 - half, y - half)
    depth = torch.where(edge, table.depth / 2, x)
    kit.add_box(SEAT, (0.0, place, under / 2), (depth, half, under / 2), radius=0.005, present=slab, mirror=True)
    back = table.chance(0.4)
    table.limit_folds(2, sled | slab | trestle | crossed)
    table.limit_folds(1, slab & back)
    kit.add_box(SEAT, (-x * 0.9, 0.0, under * 0.6), (0.012, place, under * 0.35), radius=0.004, present=slab & back)
    beam = table.between(0.025, 0.05)
    inner = y * 0.85
    kit.add_box(
        FRAME, (0.0, inner, under / 2), (beam * 1.6, beam, under / 2), radius=0.006, present=trestle, mirror=True
    )
    for level, reach in ((beam, 0.9), (under - beam * 0.8, 0.8)):
        kit.add_box(
            FRAME, (0.0, inner, level), (x * reach, beam, beam * 0.8), radius=0.008, present=trestle, mirror=True
        )
    kit.add_box(
        FRAME, (0.0, 0.0, under * 0.3), (beam * 0.6, inner, beam * 1.2), radius=0.006, present=trestle | crossed
    )
    for sign in (-1, 1):
        path = make_path([(-sign * x, inner, 0.0), (sign * x * 0.8, inner, under)], table.batch)
        kit.add_tube(FRAME, path, beam * 1.1, flat=1.2, sides=4, present=crossed, mirror=True)


def _add_columns(kit: Kit, table: Table, under: Tensor) -> None:
    """A column on a plate or on feet, a trumpet, a block or drum; two of them below long tables."""
    pedestal, trumpet, block = (table.has_support(name) for name in ("pedestal", "trumpet", "block"))
    two = table.width > 1.8
    side = torch.where(two, table.width * 0.26, 0.0)
    radius = torch.minimum(table.depth * table.between(0.26, 0.4), table.width * 0.4)
    thin = table.between(0.025, 0.07)
    plate = table.chance(0.5)
    table.limit_folds(4, pedestal & ~plate)
    table.limit_folds(2, (pedestal | trumpet) & two)
    for who, mirror in ((~two, False), (two, True)):
        base = pedestal & who
        kit.add_rod(
            METAL,
            (0.0, side, 0.0),
            (0.0, side, 0.025),
            radius,
            end_radius=radius * 0.93,
            present=base & plate,
            mirror=mirror,
            round=True,
        )
        kit.add_rod(METAL, (0.0, side, 0.02), (0.0, side, under), thin, present=base, mirror=mirror)
        for angle in range(4):
            turn = torch.tensor(angle * torch.pi / 2 + torch.pi / 4)
            tip = (radius * turn.cos(), side + radius * turn.sin(), 0.02)
            kit.add_rod(METAL, (0.0, side, 0.12), tip, 0.03, end_radius=0.018, present=base & ~plate, mirror=mirror)
        shape = (
            (1.0, 0.0),
            (1.0, 0.01),
            (0.75, 0.03),
            (0.4, 0.08),
            (0.2, 0.2),
            (0.15, 0.45),
            (0.18, 0.75),
            (0.35, 0.94),
            (0.7, 1.0),
        )
        profile = [(radius * share, under * level) for share, level in shape]
        kit.add_lathe(PLINTH, (0.0, side, 0.0), profile, present=trumpet & who, mirror=mirror)
    drum = table.has_top("round")
    table.limit_folds(4, block & ~drum)
    share = table.between(0.55, 1.0)
    kit.add_rod(PLINTH, (0.0, 0.0, 0.0), (0.0, 0.0, under), table.width / 2 * share, present=block & drum, round=True)
    half = (table.depth / 2 * share, table.width / 2 * share, under / 2)
    kit.add_box(PLINTH, (0.0, 0.0, under / 2), half, radius=0.01, present=block & ~drum)


def _add_picnic(kit: Kit, table: Table, under: Tensor) -> None:
    """Slanting legs that carry a bench on either side."""
    present = table.has_support("picnic")
    if not present.any():
        return
    table.limit_folds(2, present)
    y, bench = table.reach_y * 0.75, table.depth / 2 + 0.28
    for sign in (-1, 1):
        path = make_path([(sign * (table.depth / 2 + 0.2), y, 0.0), (sign * table.depth * 0.28, y, under)], table.batch)
        kit.add_tube(FRAME, path, 0.05, flat=0.8, sides=4, present=present, mirror=True)
        for shift in (-0.07, 0.07):
            kit.add_box(
                SEAT, (sign * bench + shift, 0.0, 0.44), (0.06, table.width / 2, 0.02), radius=0.005, present=present
            )
    kit.add_box(FRAME, (0.0, y, 0.39), (bench + 0.1, 0.025, 0.045), radius=0.005, present=present, mirror=True)


def add_drawers(kit: Kit, table: Table) -> Tensor:
    """Drawers on both sides of a desk or on one, legs or a panel on the other; returns who has them on one side."""
    present = table.has_support("drawers")
    both = table.chance(0.45)
    table.limit_folds(1, present)
    if not present.any():
        return present
    under = table.height - table.thick + 0.002
    half = table.between(0.16, 0.24)
    place, foot = table.width / 2 * 0.96 - half, table.between(0.0, 0.1)
    tall = (under - foot) / 2
    front = table.depth / 2 * 0.94
    count = 2 + (table.chance(0.6)).long()
    for who, mirror in ((present & both, True), (present & ~both, False)):
        size = (front, half, tall)
        kit.add_box(SEAT, (0.0, place, foot + tall), size, radius=0.006, present=who, mirror=mirror)
        for number in range(3):
            level = foot + 2 * tall * (number + 0.5) / count
            shown = who & (number < count)
            kit.add_box(
                FRAME,
                (front, place, level),
                (0.012, half * 0.9, tall / count * 0.85),
                radius=0.006,
                present=shown,
                mirror=mirror,
            )
            kit.add_box(
                DARK,
                (front + 0.02, place, level),
                (0.012, half * 0.3, 0.01),
                radius=0.006,
                present=shown,
                mirror=mirror,
            )
    lone = present & ~both
    panel = table.chance(0.5)
    kit.add_box(
        SEAT, (0.0, -place - half + 0.02, under / 2), (front, 0.018, under / 2), radius=0.004, present=lone & panel
    )
    for sign in (-1, 1):
        ends = (sign * front * 0.9, -place - half + 0.04, 0.0), (sign * front * 0.9, -place - half + 0.04, under)
        kit.add_rod(METAL, *ends, 0.022, present=lone & ~panel)
    kit.add_box(
        SEAT,
        (-front * 0.85, 0.0, under * 0.65),
        (0.012, place, under * 0.33),
        radius=0.004,
        present=present & table.chance(0.6),
    )
    return lone
