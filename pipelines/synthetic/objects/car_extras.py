"""What cars have besides body, wheels and lamps: mirrors, handles, rails, spoilers, seats, screens, boards, numbers.

`cars.add_cars` calls `add_extras`, `add_interior` and `add_fenders`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.objects.car_ends import add_lacquered
from pipelines.synthetic.objects.car_measures import (
    BODY,
    DARK,
    GLASS,
    INTERIOR,
    LAMP,
    METAL,
    PLATE,
    RED,
    SECOND,
    TRIM,
    Car,
)
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_arc, make_path
from pipelines.synthetic.rotations import rotation_about


def add_extras(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds mirrors, handles, what is on roof and bonnet, spoilers, skirts and numbers."""
    x = car.x(car.cowl + 0.06)
    mirrors = present & ~car.chance(0.12) & ~car.fenders
    place = (x, car.side + 0.07, car.belt + 0.08)
    size = (0.055, car.between(0.07, 0.11), car.between(0.045, 0.075))
    add_lacquered(kit, car.chance(0.7), place, size, radius=0.045, present=mirrors, mirror=True)
    kit.add_rod(
        TRIM,
        (x, car.side - 0.12, car.belt + 0.03),
        (x, car.side + 0.03, car.belt + 0.06),
        0.025,
        present=mirrors,
        mirror=True,
    )
    handles = present & car.chance(0.6)
    for u, who in (((car.cowl + car.rear) / 2 - 0.02, handles), (car.rear - 0.14, handles & ~car.topless)):
        place = (car.x(u), car.side * 0.985, car.belt - 0.14 * (car.belt - car.sill))
        kit.add_box(METAL, place, (0.08, 0.02, 0.014), radius=0.01, present=who, mirror=True)
    _add_roof(kit, car, present & ~car.topless)
    _add_spoilers(kit, car, present)
    skirts = present & car.chance(0.5, "sports", "racing", "coupe", "muscle", "hatchback")
    place = (car.x((car.front + car.back) / 2), car.side - 0.03, car.sill + 0.02)
    add_lacquered(kit, car.chance(0.6), place, (car.length * 0.2, 0.05, 0.05), radius=0.03, present=skirts, mirror=True)
    boards = present & car.chance(0.4, "SUV", "off-roader", "pickup")
    place = (car.x((car.front + car.back) / 2), car.side + 0.02, car.sill + 0.01)
    kit.add_box(TRIM, place, (car.length * 0.19, 0.09, 0.025), radius=0.02, present=boards, mirror=True)
    scoop = present & car.chance(0.25, "sports", "muscle", "coupe", "hatchback", "racing")
    at = (0.6 * car.cowl)[:, None]
    size = (0.2, 0.2, 0.05)
    add_lacquered(
        kit, car.chance(0.7), (car.x(at)[:, 0], 0.0, car.top(at)[:, 0] + 0.02), size, radius=0.03, present=scoop
    )
    _add_numbers(kit, car, present & (car.chance(0.7, "racing") | car.chance(0.03)))


def _add_roof(kit: Kit, car: Car, present: Tensor) -> None:
    """Rails, a rack with or without a box, a sign, a bar with lights."""
    kinds = ("estate", "SUV", "van", "off-roader")
    rails = present & car.chance(0.5, *kinds)
    low, high = car.height - 0.05, car.height + car.between(0.0, 0.03)
    start, end = ((car.x(u), car.side * 0.6, high) for u in (car.roof_start + 0.1, car.roof_end - 0.05))
    kit.add_rod(METAL, start, end, 0.02, present=rails, mirror=True)
    for x in (start[0], end[0]):
        kit.add_rod(METAL, (x, car.side * 0.6, low - 0.05), (x, car.side * 0.6, high), 0.02, present=rails, mirror=True)
    rack = present & (car.chance(0.25, *kinds) | car.chance(0.02))
    for share in (0.3, 0.7):
        x = start[0] + share * (end[0] - start[0])
        kit.add_box(DARK, (x, 0.0, car.height + 0.04), (0.025, car.side * 0.68, 0.02), radius=0.01, present=rack)
        kit.add_rod(
            DARK,
            (x, car.side * 0.64, car.height - 0.12),
            (x, car.side * 0.64, car.height + 0.04),
            0.02,
            present=rack,
            mirror=True,
        )
    middle = (start[0] + end[0]) / 2
    box = rack & car.chance(0.5)
    size = ((start[0] - end[0]).abs() * 0.4, car.side * 0.4, 0.12)
    kit.add_box(TRIM, (middle, 0.0, car.height + 0.17), size, radius=0.1, present=box)
    sign, bar = (
        present & car.chance(0.04, "sedan", "estate"),
        present & car.chance(0.06, "sedan", "SUV", "estate", "van"),
    )
    kit.add_box(PLATE, (middle, 0.0, car.height + 0.06), (0.08, 0.25, 0.07), radius=0.03, present=sign)
    for y, slot in ((0.2, RED), (0.5, LAMP)):
        place = (middle + 0.1, car.side * y, car.height + 0.06)
        kit.add_box(slot, place, (0.1, car.side * 0.14, 0.05), radius=0.03, present=bar, mirror=True)


def _add_spoilers(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds a lip at the end of the roof or a wing above the boot to some cars."""
    lacquered = car.chance(0.6)
    place = (car.x(car.roof_end + 0.01), 0.0, car.height - 0.09)
    size = (car.between(0.08, 0.17), car.side * car.between(0.62, 0.74), 0.02)
    turn = rotation_about(1, car.between(-0.15, 0.15))
    lip = present & car.chance(0.5, "hatchback", "SUV", "estate", "city car") & ~car.topless
    add_lacquered(kit, lacquered, place, size, radius=0.018, turn=turn, sag=-0.01, present=lip)
    wing = car.chance(0.35, "sports", "coupe") | car.chance(0.1, "sedan", "toy", "muscle") | car.chance(0.85, "racing")
    wing = wing & present
    rise = torch.where(car.is_kind["racing"], car.between(0.15, 0.4), car.between(0.04, 0.22))
    x, wide = car.x(0.965), car.side * car.between(0.7, 0.98)
    size = (car.between(0.09, 0.16), wide, 0.018)
    turn = rotation_about(1, -car.between(0.0, 0.3))
    add_lacquered(kit, lacquered, (x, 0.0, car.deck + rise), size, radius=0.015, turn=turn, present=wing)
    kit.add_box(TRIM, (x, car.side * 0.5, car.deck + rise / 2), (0.05, 0.015, rise / 2), present=wing, mirror=True)
    ends = wing & car.chance(0.6)
    kit.add_box(TRIM, (x, wide, car.deck + rise), (0.17, 0.012, 0.09), present=ends, mirror=True)
    splitter = present & (car.chance(0.8, "racing") | car.chance(0.2, "sports"))
    kit.add_box(TRIM, (car.x(0.0) - 0.05, 0.0, car.sill + 0.03), (0.15, car.side * 0.9, 0.012), present=splitter)


def _add_numbers(kit: Kit, car: Car, present: Tensor) -> None:
    """Discs with strokes like digits on doors and bonnet."""
    u = (car.cowl + car.rear) / 2
    x, z, radius = car.x(u), (car.belt + car.sill) / 2 + 0.05, car.between(0.17, 0.24)
    ends = (x, car.side * 0.9, z), (x, car.side + 0.012, z)
    kit.add_rod(PLATE, *ends, radius, present=present, mirror=True, round=True)
    two = car.chance(0.5)
    for share, who in ((-0.35, two), (0.0, ~two), (0.35, two)):
        place = (x + share * radius, car.side + 0.01, z)
        kit.add_box(DARK, place, (radius * 0.13, 0.008, radius * 0.5), radius=0.002, present=present & who, mirror=True)
    bar = present & car.chance(0.6)
    kit.add_box(
        DARK,
        (x, car.side + 0.01, z + radius * 0.35),
        (radius * 0.4, 0.008, radius * 0.12),
        radius=0.002,
        present=bar,
        mirror=True,
    )


def add_interior(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds seats, dashboard and steering wheel where they are seen, and the screen of cars without a roof."""
    seen = present & (car.clear | car.topless)
    if not seen.any():
        return
    floor = car.belt - torch.where(car.topless, 0.35, 0.02)
    left = car.side * 0.45
    long = car.rear - car.cowl
    rows = ((0.45, None), (0.78, ~(car.is_kind["sports"] | car.is_kind["pickup"] | car.topless & car.chance(0.5))))
    for share, who in rows:
        shown = seen if who is None else seen & who
        x = car.x(car.cowl + share * long)
        top = car.belt + 0.16 * (car.height - car.belt)
        half = (top - floor) / 2
        turn = rotation_about(1, torch.full_like(car.side, -0.2))
        kit.add_box(
            INTERIOR,
            (x, left, floor + half),
            (0.07, car.side * 0.28, half),
            radius=0.05,
            turn=turn,
            present=shown,
            mirror=True,
        )
        head = (x - 0.06, left, top + 0.1)
        kit.add_box(INTERIOR, head, (0.04, 0.12, 0.08), radius=0.035, present=shown & car.chance(0.8), mirror=True)
        kit.add_box(
            INTERIOR,
            (x + 0.22, left, floor + 0.1),
            (0.24, car.side * 0.28, 0.08),
            radius=0.06,
            present=shown & car.topless,
            mirror=True,
        )
    x = car.x(car.cowl + 0.075)
    kit.add_box(DARK, (x, 0.0, car.belt - 0.02), (0.16, car.side * 0.82, 0.06), radius=0.05, present=seen)
    hoop = make_arc(
        (x - 0.28, 0.0, car.belt + 0.02), (0, 1, 0), (0.3, 0, 1), (0.19, 0.19), (0.0, 2 * math.pi), batch=car.batch
    )
    hoop = hoop + torch.stack([torch.zeros_like(left), left, torch.zeros_like(left)], -1)[:, None]
    kit.add_tube(DARK, hoop, 0.018, normal=(1.0, 0.0, -0.3), sides=5, present=seen)
    _add_screen(kit, car, present & car.topless)


def _add_screen(kit: Kit, car: Car, present: Tensor) -> None:
    """The windscreen of a car without a roof, with its frame, and bars or humps behind the seats of some."""
    wide, tall = car.side * 0.8, car.height - car.belt
    start, end = car.x(car.cowl + 0.01), car.x(car.cowl + 0.01 + 0.7 * (car.roof_start - car.cowl))
    top = car.belt + tall * car.between(0.6, 0.95)
    points = [
        (start, wide, car.belt - 0.04),
        (end, wide * 0.88, top),
        (end + 0.03, 0.0, top + 0.02),
        (end, -wide * 0.88, top),
        (start, -wide, car.belt - 0.04),
    ]
    kit.add_tube(TRIM, make_path(points, car.batch, rounds=1), 0.022, normal=(1.0, 0.0, 0.3), sides=6, present=present)
    levels = []
    for share in (0.05, 0.97):
        across = torch.tensor([-1.0, -0.5, 0.5, 1.0, 1.0, 0.5, -0.5, -1.0])
        depth = torch.tensor([0.0] * 4 + [0.012] * 4)
        x = start + share * (end - start)
        bulge = 0.05 * (1 - across.square())
        y = (wide * (1 - 0.12 * share))[:, None] * across * 0.97
        z = (car.belt - 0.04 + share * (top - car.belt + 0.04))[:, None].expand_as(y)
        levels.append(torch.stack([x[:, None] + bulge - depth, y, z], -1))
    kit.add_hull(torch.tensor(GLASS), torch.stack(levels, 1), present=present & car.chance(0.75))
    bars = present & car.chance(0.35)
    x = car.x(torch.minimum(car.rear, car.cowl + 0.3))
    for y in (0.45, -0.45):
        hoop = make_arc(
            (x, 0.0, car.belt - 0.05), (0, 1, 0), (0, 0, 1), (0.22, 0.32), (0.0, math.pi), batch=car.batch, points=9
        )
        hoop = hoop + torch.stack([torch.zeros_like(car.side), y * car.side, torch.zeros_like(car.side)], -1)[:, None]
        kit.add_tube(METAL, hoop, 0.028, normal=(1.0, 0.0, 0.0), sides=6, present=bars)


def add_fenders(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds what stands free on old cars: bent sheets over the wheels, boards between them, radiator, lamps, bumper."""
    present = present & car.fenders
    if not present.any():
        return
    radius, side = car.wheel, car.outer - 0.1
    front, back = car.x(car.front), car.x(car.back)
    clear = radius * 1.12
    low = car.sill + 0.02
    slot = torch.where(car.chance(0.5), BODY, SECOND)
    paths = [
        [
            (front + clear * 1.1, radius * 0.9),
            (front + clear * 0.95, radius * 1.75),
            (front, radius + clear * 1.05),
            (front - clear * 0.9, radius * 1.6),
            (front - clear * 1.3, low),
        ],
        [
            (back + clear * 1.25, low),
            (back + clear * 0.9, radius * 1.7),
            (back, radius + clear * 1.08),
            (back - clear * 0.95, radius * 1.7),
            (back - clear * 1.1, radius * 0.75),
        ],
    ]
    for points in paths:
        path = make_path([(x, side, z) for x, z in points], car.batch, rounds=2)
        for number in (BODY, SECOND):
            kit.add_tube(number, path, 0.15, flat=0.22, sides=8, present=present & (slot == number), mirror=True)
    place = ((front + back) / 2, side - 0.02, low)
    half = ((front - back) / 2 - clear * 1.1).clamp(min=0.05)
    kit.add_box(DARK, place, (half, 0.13, 0.02), radius=0.01, present=present, mirror=True)
    x, wide = car.x(0.0), car.side * car.blunt
    size = (0.05, wide * 0.8, (car.nose - car.sill) / 2 + 0.02)
    place = (x + 0.02, 0.0, (car.nose + car.sill) / 2)
    kit.add_box(METAL, place, size, radius=0.04, present=present)
    kit.add_box(
        DARK, (x + 0.045, 0.0, place[2] - 0.02), (0.04, wide * 0.66, size[2] - 0.07), radius=0.02, present=present
    )
    lamp = car.between(0.1, 0.14)
    y, z = wide * 0.8 + 0.14, car.nose * car.between(0.78, 0.92)
    profile = (x - 0.25, y, z), (x - 0.02, y, z)
    kit.add_rod(METAL, *profile, 0.04, end_radius=lamp, present=present, mirror=True, round=True)
    kit.add_rod(LAMP, (x - 0.03, y, z), (x - 0.005, y, z), lamp * 0.9, present=present, mirror=True, round=True)
    kit.add_rod(DARK, (x - 0.12, y, z), (x - 0.12, y * 0.9, low), 0.025, present=present, mirror=True)
    for end, sign in ((x, 1), (car.x(1.0), -1)):
        bumper = (end + sign * 0.12, 0.0, radius * 1.1)
        kit.add_box(METAL, bumper, (0.02, car.outer * 0.9, 0.035), radius=0.018, present=present & car.chance(0.7))
        kit.add_rod(
            DARK,
            (end + sign * 0.12, wide * 0.6, bumper[2]),
            (end - sign * 0.2, wide * 0.6, bumper[2]),
            0.02,
            present=present,
            mirror=True,
        )
    ends = (front, -car.outer + 0.05, radius), (front, car.outer - 0.05, radius)
    kit.add_rod(DARK, *ends, 0.035, present=present)
    ends = (back, -car.outer + 0.05, radius), (back, car.outer - 0.05, radius)
    kit.add_rod(DARK, *ends, 0.035, present=present)
