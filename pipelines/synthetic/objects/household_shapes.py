"""Cabinets, lamps, beds, appliances, houses and bicycles.

`assemblies.add_assemblies` calls these functions with the objects that they are for. Paints are numbered 0 to 5
and have no meaning. x forward, y left, z up.

Legend: B objects; tensors without a shape are [B].
"""

import math

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_arc, make_path
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotation_about


def add_cabinets(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Cupboards, shelves and chests: a box with doors, drawers or open boards, on feet."""
    batch = kit.batch
    depth, width, height = (
        uniform(generator, batch, low=low, high=high) for low, high in ((0.18, 0.35), (0.25, 0.9), (0.3, 1.1))
    )
    foot = uniform(generator, batch, low=0.0, high=0.15) * chance(generator, 0.5, batch)
    open_ = present & chance(generator, 0.4, batch)
    closed = present & ~open_
    kit.add_box(0, (0.0, 0.0, foot + height), (depth, width, height), radius=0.01, present=closed)
    kit.add_box(
        0,
        (-depth, 0.0, foot + height),
        (0.012, width, height),
        radius=0.003,
        present=open_ & chance(generator, 0.6, batch),
    )
    kit.add_box(0, (0.0, width, foot + height), (depth, 0.02, height), radius=0.003, present=open_, mirror=True)
    rows = 2 + (uniform(generator, batch) * 4).floor()
    for number in range(6):
        level = foot + 2 * height * number / rows
        kit.add_box(0, (0.0, 0.0, level), (depth, width, 0.02), radius=0.003, present=open_ & (number <= rows))
        middle = foot + 2 * height * (number + 0.5) / rows
        size = (0.015, width * 0.95, height / rows * 0.92)
        drawer = closed & (number < rows)
        kit.add_box(1, (depth, 0.0, middle), size, radius=0.01, present=drawer)
        kit.add_box(2, (depth + 0.025, 0.0, middle), (0.015, width * 0.2, 0.012), radius=0.01, present=drawer)
    for sign in (-1, 1):
        ends = (sign * depth * 0.85, width * 0.88, 0.0), (sign * depth * 0.85, width * 0.88, foot + 0.01)
        kit.add_rod(4, *ends, 0.03, present=present & (foot > 0.02), mirror=True)


def add_lamps(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Lamps on a foot with a stem, straight or bent, and a shade."""
    batch = kit.batch
    tall, wide = uniform(generator, batch, low=0.5, high=1.8), uniform(generator, batch, low=0.15, high=0.35)
    foot = wide * uniform(generator, batch, low=0.4, high=0.9)
    kit.add_lathe(0, (0.0, 0.0, 0.0), [(foot, 0.0), (foot, 0.02), (foot * 0.5, 0.05), (0.03, 0.08)], present=present)
    belly = present & chance(generator, 0.4, batch)
    shape = ((0.4, 0.05), (0.9, 0.2), (1.0, 0.35), (0.6, 0.55), (0.25, 0.7))
    kit.add_lathe(1, (0.0, 0.0, 0.0), [(foot * share, tall * level) for share, level in shape], present=belly)
    reach = uniform(generator, batch, low=0.2, high=0.7) * chance(generator, 0.4, batch)
    points = [(0.0, 0.0, 0.05), (0.0, 0.0, tall * 0.8), (reach * 0.3, 0.0, tall * 1.05), (reach, 0.0, tall)]
    kit.add_tube(0, make_path(points, batch, rounds=2), 0.02, present=present)
    high = wide * uniform(generator, batch, low=0.6, high=1.3)
    top = wide * uniform(generator, batch, low=0.25, high=1.0)
    inner = [(top * 0.95, high), (wide * 0.97, 0.01)]
    kit.add_lathe(2, (reach, 0.0, tall - high * 0.3), [(wide, 0.0), (top, high), *inner], sides=26, present=present)


def add_beds(kit: Kit, generator: Generator, present: Tensor) -> None:
    """A frame on feet or a box, a mattress with a cover, pillows, and boards at its ends."""
    batch = kit.batch
    long, wide = uniform(generator, batch, low=0.95, high=1.1), uniform(generator, batch, low=0.4, high=0.95)
    high, thick = uniform(generator, batch, low=0.15, high=0.35), uniform(generator, batch, low=0.08, high=0.16)
    kit.add_box(0, (0.0, 0.0, high * 0.7), (long, wide, high * 0.3), radius=0.02, present=present)
    for sign in (-1, 1):
        ends = (sign * long * 0.92, wide * 0.9, 0.0), (sign * long * 0.92, wide * 0.9, high * 0.6)
        kit.add_rod(0, *ends, 0.04, present=present, mirror=True)
    kit.add_box(1, (0.0, 0.0, high + thick), (long * 0.97, wide * 0.96, thick), radius=0.06, puff=0.02, present=present)
    cover = present & chance(generator, 0.6, batch)
    kit.add_box(
        2, (long * 0.25, 0.0, high + thick), (long * 0.73, wide * 1.0, thick * 1.12), radius=0.06, present=cover
    )
    two = wide > 0.6
    side = torch.where(two, wide * 0.47, 0.0)
    pillow = (0.16, torch.where(two, wide * 0.4, wide * 0.7), 0.06)
    place = (-long * 0.75, side, high + 2.2 * thick)
    kit.add_box(1, place, pillow, radius=0.055, puff=0.02, present=present & two, mirror=True)
    kit.add_box(1, place, pillow, radius=0.055, puff=0.02, present=present & ~two)
    tall = uniform(generator, batch, low=0.3, high=0.7)
    kit.add_box(
        0, (-long, 0.0, tall), (0.04, wide * 1.02, tall), radius=0.03, present=present & chance(generator, 0.85, batch)
    )
    low = high * 0.8
    kit.add_box(
        0, (long, 0.0, low), (0.03, wide * 1.0, low), radius=0.02, present=present & chance(generator, 0.5, batch)
    )


def add_appliances(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Boxes with a front: a screen, a door, a loudspeaker or a window, with knobs, a handle and feet."""
    batch = kit.batch
    depth, wide, tall = (
        uniform(generator, batch, low=low, high=high) for low, high in ((0.06, 0.5), (0.25, 0.7), (0.2, 0.7))
    )
    foot = uniform(generator, batch, low=0.02, high=0.15)
    middle = foot + tall
    radius = uniform(generator, batch, low=0.005, high=0.12).minimum(depth * 0.9)
    kit.add_box(0, (0.0, 0.0, middle), (depth, wide, tall), radius=radius, present=present)
    kit.add_box(1, (0.0, 0.0, foot / 2), (depth * 0.6, wide * 0.4, foot / 2 + 0.01), radius=0.01, present=present)
    panel = present & chance(generator, 0.7, batch)
    share, shift = uniform(generator, batch, low=0.5, high=0.92), uniform(generator, batch, low=-0.25, high=0.25)
    place = (depth, shift * wide * (1 - share) * 2, middle + tall * 0.1)
    inner = radius.clamp(max=0.05)
    kit.add_box(2, place, (0.015, (wide - inner) * share, (tall - inner) * share * 0.85), radius=0.013, present=panel)
    round_ = present & ~panel
    size = torch.minimum(wide, tall) * uniform(generator, batch, low=0.4, high=0.75)
    kit.add_rod(2, (depth - 0.03, 0.0, middle), (depth + 0.02, 0.0, middle), size, present=round_, round=True)
    kit.add_rod(3, (depth, 0.0, middle), (depth + 0.03, 0.0, middle), size * 0.7, present=round_, round=True)
    knobs = present & chance(generator, 0.6, batch)
    for number in range(4):
        y = wide * (number - 1.5) * 0.3
        ends = (depth, y, middle + tall * 0.87), (depth + 0.04, y, middle + tall * 0.87)
        kit.add_rod(4, *ends, tall * 0.06, present=knobs & chance(generator, 0.8, batch))
    handle = present & chance(generator, 0.35, batch)
    points = [
        (0.0, wide * 0.7, middle + tall),
        (0.0, wide * 0.6, middle + tall + 0.15),
        (0.0, -wide * 0.6, middle + tall + 0.15),
        (0.0, -wide * 0.7, middle + tall),
    ]
    kit.add_tube(5, make_path(points, batch, rounds=1), 0.025, normal=(1.0, 0.0, 0.0), present=handle)
    aerial = present & chance(generator, 0.15, batch)
    kit.add_rod(
        5,
        (-depth * 0.5, wide * 0.6, middle),
        (-depth * 0.6, wide, middle + tall * 2.2),
        0.012,
        present=aerial,
        mirror=True,
    )


def add_houses(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Houses and sheds: walls with doors and windows, a roof with a ridge or a flat one, a chimney."""
    batch = kit.batch
    depth, wide, tall = (
        uniform(generator, batch, low=low, high=high) for low, high in ((0.3, 0.6), (0.35, 0.9), (0.2, 0.6))
    )
    kit.add_box(0, (0.0, 0.0, tall), (depth, wide, tall), radius=0.005, present=present)
    flat = chance(generator, 0.25, batch)
    kit.add_box(1, (0.0, 0.0, 2 * tall + 0.02), (depth * 1.06, wide * 1.06, 0.03), radius=0.01, present=present & flat)
    rise, eaves = uniform(generator, batch, low=0.15, high=0.6), 1.12
    rings = []
    for sign in (-1.0, 1.0):
        x = torch.stack([depth * eaves, depth * 0.0, -depth * eaves, -depth * eaves, depth * 0.0, depth * eaves], -1)
        z = torch.stack(
            [2 * tall, 2 * tall + rise, 2 * tall, 2 * tall - 0.04, 2 * tall + rise - 0.05, 2 * tall - 0.04], -1
        )
        rings.append(torch.stack([x, (sign * wide * 1.06)[:, None].expand_as(x), z], -1))
    kit.add_hull(torch.tensor(1), torch.stack(rings, 1), present=present & ~flat)
    for share in (0.97, -0.97):
        y = wide * share
        gable = torch.stack(
            [
                torch.stack(
                    [
                        torch.stack([depth * a, y + b, 2 * tall + rise * 0.92 * c], -1)
                        for a, c in ((-1, 0), (0, 1), (0, 1), (1, 0))
                    ],
                    1,
                )
                for b in (-0.01, 0.01)
            ],
            1,
        )
        kit.add_hull(torch.tensor(0), gable, present=present & ~flat)
    floors = 1 + (tall > 0.4).long()
    for floor in range(2):
        level = 2 * tall * (floor + 0.55) / floors
        for share in (-0.6, 0.0, 0.6):
            for front in (1.0, -1.0):
                shown = present & (floor < floors) & (chance(generator, 0.8, batch) if share else torch.ones_like(flat))
                size = (0.012, wide * 0.14, tall / floors * 0.3)
                is_door = share == 0.0 and floor == 0
                height = tall / floors * 0.42
                place = (front * depth, wide * share, height if is_door else level)
                half = (0.015, wide * 0.11, height) if is_door else size
                symmetric = share == 0.0
                if symmetric or share > 0:
                    kit.add_box(3 if is_door else 2, place, half, radius=0.004, present=shown, mirror=not symmetric)
    chimney = present & ~flat & chance(generator, 0.5, batch)
    kit.add_box(
        4, (depth * 0.4, 0.0, 2 * tall + rise * 0.8), (0.06, 0.06, rise * 0.5 + 0.1), radius=0.005, present=chimney
    )


def add_bicycles(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Two wheels with spokes, a frame, a saddle, handlebars; thick ones are motorcycles with a tank and an engine."""
    batch = kit.batch
    motor = chance(generator, 0.45, batch)
    radius, reach = uniform(generator, batch, low=0.28, high=0.36), uniform(generator, batch, low=0.5, high=0.62)
    thick = torch.where(motor, uniform(generator, batch, low=0.04, high=0.08), 0.018)
    for sign in (-1.0, 1.0):
        hoop = make_arc(
            (sign * reach, 0.0, radius),
            (1, 0, 0),
            (0, 0, 1),
            (radius, radius),
            (0.0, 2 * math.pi),
            batch=batch,
            points=25,
        )
        kit.add_tube(0, hoop, thick, sides=6, present=present)
        for number in range(6):
            angle = number * math.pi / 6
            way = (radius * math.cos(angle), radius * math.sin(angle))
            ends = (sign * reach - way[0], 0.0, radius - way[1]), (sign * reach + way[0], 0.0, radius + way[1])
            kit.add_rod(1, *ends, torch.where(motor, 0.012, 0.005), present=present, thin=True)
    seat, bar = uniform(generator, batch, low=0.7, high=0.95), uniform(generator, batch, low=0.85, high=1.1)
    tube = torch.where(motor, 0.03, 0.018)
    crank, head = (0.0, 0.0, radius * 0.85), (reach * 0.62, 0.0, bar * 0.82)
    saddle = (-reach * 0.32, 0.0, seat)
    for start, end in (
        (crank, head),
        (crank, saddle),
        (head, (-reach * 0.27, 0.0, seat * 0.86)),
        (crank, (-reach, 0.0, radius)),
        ((-reach * 0.27, 0.0, seat * 0.86), (-reach, 0.0, radius)),
        ((reach * 0.55, 0.0, bar), (reach, 0.0, radius)),
    ):
        kit.add_rod(2, start, end, tube, present=present)
    turn = rotation_about(1, torch.full_like(reach, 0.05))
    kit.add_box(
        3,
        saddle,
        (torch.where(motor, 0.28, 0.12), torch.where(motor, 0.1, 0.06), 0.035),
        radius=0.03,
        turn=turn,
        present=present,
    )
    wide = uniform(generator, batch, low=0.22, high=0.34)
    points = [
        (reach * 0.5, wide, bar + 0.02),
        (reach * 0.58, wide * 0.4, bar + 0.03),
        (reach * 0.56, 0.0, bar),
        (reach * 0.58, -wide * 0.4, bar + 0.03),
        (reach * 0.5, -wide, bar + 0.02),
    ]
    kit.add_tube(1, make_path(points, batch, rounds=1), 0.016, normal=(1.0, 0.0, 0.2), sides=6, present=present)
    kit.add_box(4, (reach * 0.12, 0.0, seat * 0.9), (0.2, 0.11, 0.1), radius=0.09, present=present & motor)
    kit.add_box(5, (0.0, 0.0, radius * 1.1), (0.18, 0.12, 0.16), radius=0.05, present=present & motor)
    kit.add_rod(
        1, (0.0, 0.1, radius * 0.7), (-reach * 1.3, 0.14, radius * 0.8), 0.04, present=present & motor, mirror=True
    )
    lamp = (reach * 0.7, 0.0, bar * 0.92), (reach * 0.85, 0.0, bar * 0.92)
    kit.add_rod(1, *lamp, 0.05, end_radius=0.08, present=present & motor, round=True)
    for sign in (-1.0, 1.0):
        fender = make_arc(
            (sign * reach, 0.0, radius),
            (1, 0, 0),
            (0, 0, 1),
            (radius * 1.16, radius * 1.16),
            (0.6, 2.5),
            batch=batch,
            points=9,
        )
        kit.add_tube(4, fender, 0.06, flat=0.25, sides=6, present=present & (motor | chance(generator, 0.3, batch)))
