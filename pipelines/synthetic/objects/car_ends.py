"""Front and rear of cars: lamps, grilles, bumpers, plates, exhausts.

`cars.add_cars` calls `add_front` and `add_rear`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pipelines.synthetic.objects.car_measures import BODY, DARK, LAMP, METAL, PLATE, RED, SECOND, TRIM, Car
from pipelines.synthetic.objects.kit import Kit, Length
from pipelines.synthetic.rotations import rotation_about

_PLATE_SIZE = (0.006, 0.25, 0.055)  # half sizes of a number plate, m


def add_front(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds lamps, grille, bumper, fog lamps and number plate of the front."""
    x, side = car.x(0.0), car.side * car.blunt
    level = car.nose * car.between(0.8, 0.9)
    round_ = car.chance(0.1) | car.chance(0.4, "off-roader", "muscle", "toy", "city car")
    plain = present & ~round_ & ~car.fenders
    wide = torch.where(car.chance(0.3), car.between(0.24, 0.34), car.between(0.11, 0.22))
    high = car.between(0.03, 0.095)
    turn = rotation_about(2, car.between(0.3, 0.75)) @ rotation_about(1, -car.between(0.1, 0.55))
    place = (x - 0.12, side - wide * 0.75, level)
    kit.add_box(LAMP, place, (0.1, wide, high), radius=0.04, turn=turn, present=plain, mirror=True)
    backed = plain & car.chance(0.3)
    kit.add_box(
        DARK,
        (x - 0.13, side - wide * 0.75, level),
        (0.1, wide * 1.12, high * 1.3),
        radius=0.03,
        turn=turn,
        present=backed,
        mirror=True,
    )
    radius = car.between(0.07, 0.11)
    start, end = (x - 0.2, side - 0.12, level), (x + 0.005, side - 0.12, level)
    kit.add_rod(METAL, start, end, radius * 1.15, present=present & round_, mirror=True, round=True)
    end = (x + 0.012, side - 0.12, level)
    kit.add_rod(LAMP, start, end, radius, present=present & round_, mirror=True, round=True)
    _add_grille(kit, car, present & ~car.fenders, x, side)
    low = car.sill + car.between(0.08, 0.16)
    _add_bumper(kit, car, (x - 0.08, 0.0, low + 0.03), side * 1.02, present & ~car.fenders)
    wide = side * car.between(0.4, 0.9)
    intake = car.between(0.025, 0.075)
    kit.add_box(DARK, (x + 0.005, 0.0, low), (0.03, wide, intake), radius=0.015, present=present & car.chance(0.7))
    kit.add_box(PLATE, (x + 0.035, 0.0, low + 0.1), _PLATE_SIZE, radius=0.004, present=present & car.chance(0.4))
    start, end = (x - 0.06, side * 0.8, low), (x + 0.012, side * 0.8, low)
    fog = present & car.chance(0.35)
    kit.add_rod(LAMP, start, end, 0.05, present=fog, mirror=True)
    bar = present & car.chance(0.35, "off-roader", "pickup")
    for y in (0.16, 0.45):
        kit.add_rod(METAL, (x + 0.1, y, car.sill), (x + 0.1, y, car.nose * 0.9), 0.03, present=bar, mirror=True)
    kit.add_rod(METAL, (x + 0.1, -0.5, car.nose * 0.75), (x + 0.1, 0.5, car.nose * 0.75), 0.03, present=bar)


def _add_grille(kit: Kit, car: Car, present: Tensor, x: Tensor, side: Tensor) -> None:
    """A dark opening, some with a bright frame, bars, or as wide as the car."""
    wide, high = side * car.between(0.25, 0.7), car.between(0.03, 0.12)
    level = car.nose * car.between(0.74, 0.84)
    present = present & car.chance(0.9)
    framed = present & car.chance(0.4)
    place = (x - 0.015, 0.0, level)
    kit.add_box(METAL, (x - 0.02, 0.0, level), (0.02, wide + 0.02, high + 0.02), radius=0.02, present=framed)
    kit.add_box(DARK, place, (0.025, wide, high), radius=0.015, present=present)
    bars = present & car.chance(0.35)
    upright = car.chance(0.4)
    for share in (-0.6, -0.2, 0.2, 0.6):
        kit.add_box(
            METAL, (x + 0.01, 0.0, level + share * high), (0.006, wide, 0.006), radius=0.003, present=bars & ~upright
        )
        kit.add_box(METAL, (x + 0.01, share * wide, level), (0.006, 0.008, high), radius=0.003, present=bars & upright)
    badge = present & car.chance(0.4)
    kit.add_rod(METAL, (x - 0.02, 0.0, level + high * 0.3), (x + 0.02, 0.0, level + high * 0.3), 0.045, present=badge)


def _add_bumper(kit: Kit, car: Car, place: Sequence[Length], half: Tensor, present: Tensor) -> None:
    """A bumper of half width `half` at `place` (x, y, z), for most cars in the body's colour, for some of chrome."""
    size = (0.1, half, car.between(0.06, 0.13))
    lacquered = car.chance(0.65)
    present = present & (~lacquered | car.chance(0.6))
    chrome = car.chance(0.4, "muscle", "sedan", "pickup", "off-roader", "limousine") & ~lacquered
    kit.add_box(METAL, place, (0.07, half, 0.06), radius=0.05, present=present & chrome)
    add_lacquered(kit, lacquered, place, size, radius=0.07, present=present & ~chrome)


def add_lacquered(
    kit: Kit, lacquered: Tensor, place: Sequence[Length], size: Sequence[Length], *, present: Tensor, **rest: Any
) -> None:
    """Adds a box in the colour of the body where `lacquered` is true, else of the trim; `rest`: as in `Kit.add_box`."""
    kit.add_box(BODY, place, size, present=present & lacquered, **rest)
    kit.add_box(TRIM, place, size, present=present & ~lacquered, **rest)


def add_rear(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds lamps, bumper, plate, window of the tailgate and exhausts of the rear."""
    x, side = car.x(1.0), car.side * car.tail
    tall = ("hatchback", "estate", "SUV", "van", "pickup", "minibus", "off-roader", "city car")
    upright = car.chance(0.6, *tall)
    high = torch.where(upright, car.between(0.12, 0.24), car.between(0.05, 0.1))
    wide = torch.where(upright, car.between(0.05, 0.1), car.between(0.12, 0.3))
    level = torch.minimum(car.deck, car.belt) - 0.06 - high - car.between(0.0, 0.06)
    turn = rotation_about(2, -car.between(0.15, 0.55))
    round_ = car.chance(0.12) | car.chance(0.4, "muscle", "sports", "toy")
    shown = present & ~round_
    kit.add_box(
        RED,
        (x + 0.07, side - wide * 0.8, level),
        (0.08, wide, high),
        radius=0.03,
        turn=turn,
        present=shown,
        mirror=True,
    )
    joined = shown & ~upright & car.chance(0.15)
    kit.add_box(RED, (x + 0.005, 0.0, level), (0.015, side * 0.8, high * 0.7), radius=0.01, present=joined)
    pair = car.chance(0.5)
    for inset, who in ((0.14, round_), (0.34, round_ & pair)):
        ends = (x + 0.1, side - inset, level), (x - 0.006, side - inset, level)
        kit.add_rod(RED, *ends, car.between(0.06, 0.085), present=present & who, mirror=True, round=True)
    low = car.sill + car.between(0.14, 0.2)
    _add_bumper(kit, car, (x + 0.07, 0.0, low + 0.06), side * 1.04, present & ~car.fenders)
    plate = torch.where(car.chance(0.5), level, low + 0.08)
    kit.add_box(PLATE, (x - 0.032, 0.0, plate), _PLATE_SIZE, radius=0.004, present=present & car.chance(0.5))
    kit.add_box(
        DARK, (x - 0.008, 0.0, low - 0.02), (0.03, side * 0.6, 0.05), radius=0.015, present=present & car.chance(0.45)
    )
    start, end = ((x + along, side * 0.6, low - 0.07) for along in (0.3, -0.05))
    kit.add_rod(METAL, start, end, car.between(0.03, 0.055), present=present & car.chance(0.5), mirror=True)
    spare = present & (car.chance(0.5, "off-roader") | car.chance(0.5, "vintage"))
    ends = (x + 0.02, 0.0, car.belt * 0.72), (x - 0.18, 0.0, car.belt * 0.72)
    kit.add_rod(DARK, *ends, car.wheel * 0.95, present=spare, round=True)
    ends = (x + 0.02, 0.0, car.belt * 0.72), (x - 0.19, 0.0, car.belt * 0.72)
    cover = car.chance(0.4)
    for slot, who in ((METAL, ~cover), (SECOND, cover)):
        kit.add_rod(slot, *ends, car.wheel * torch.where(cover, 0.9, 0.5), present=spare & who, round=True)
