"""Cars: hatchback, saloon, estate, SUV, pickup, van and sports car.

`scene.sample_objects` calls `add_cars` and `sample_car_paint`. x forward, y left, z up, road at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.car_body import add_body, add_cabin
from pipelines.synthetic.objects.car_measures import BODY, DARK, LAMP, METAL, PLATE, RED, SLOTS, TRIM, Car
from pipelines.synthetic.objects.kit import Kit, Length
from pipelines.synthetic.objects.paint import Paint
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.synthetic.rendering.palettes import distinct, from_table, saturated
from pipelines.synthetic.rotations import rotation_about

COLOURS = ((20, 20, 22), (62, 64, 68), (150, 152, 156), (196, 198, 200), (236, 236, 234), (150, 18, 22), (24, 44, 110))
_PLATE_SIZE = (0.006, 0.25, 0.055)  # half sizes of a number plate, m


def add_cars(kit: Kit, generator: Generator) -> Tensor:
    """Draws a car for each of the kit's objects, adds its parts and returns the kinds [B], indices into `CARS`."""
    car = Car(kit.batch, generator)
    add_body(kit, car)
    add_cabin(kit, car)
    _add_wheels(kit, car)
    _add_front(kit, car)
    _add_rear(kit, car)
    _add_extras(kit, car)
    return car.kind


def sample_car_paint(batch: int, generator: Generator) -> Paint:
    """Draws paints [B, 9] of lacquer, glass, tyres, chrome and lamps for the slots of `car_measures`."""
    usual = from_table(COLOURS, pick(generator, (1, 1.5, 2, 3, 3, 3, 2), batch))
    usual = usual * (1 + 0.1 * normal(generator, batch, 1))
    bright = saturated(batch, generator)
    bright = bright - 0.7 * bright.amin(-1, keepdim=True) * chance(generator, 0.6, batch, 1)
    bright = bright * (uniform(generator, batch, 1, low=0.65) / bright.amax(-1, keepdim=True)).clamp(min=1)
    body = torch.where(chance(generator, 0.55, batch, 1), usual, bright)
    second = torch.where(chance(generator, 0.5, batch, 1), saturated(batch, generator), usual.flip(0))
    second = torch.where(chance(generator, 0.4, batch, 1), torch.full_like(body, 0.06), distinct(body, second))
    grey = uniform(generator, batch, 1, low=0.03, high=0.2)
    light = chance(generator, 0.5, batch, 1)
    glass = torch.where(light, uniform(generator, batch, 1, low=0.35, high=0.8), grey)
    glass = glass * (1 + 0.08 * uniform(generator, batch, 3) * torch.tensor([-1.0, 0.2, 1.0]))
    trim = torch.where(chance(generator, 0.6, batch, 1), 0.07, 0.75 * body)
    dark = uniform(generator, batch, 1, low=0.02, high=0.09).expand(-1, 3)
    metal = uniform(generator, batch, 1, low=0.4, high=0.85).expand(-1, 3)
    metal = torch.where(chance(generator, 0.12, batch, 1), 0.15, metal)
    lamp = uniform(generator, batch, 1, low=0.6, high=0.95) * torch.tensor([1.0, 1.0, 0.97])
    red = torch.tensor([0.55, 0.04, 0.05]) * uniform(generator, batch, 1, low=0.7, high=1.5)
    red = red + uniform(generator, batch, 1, high=0.4) * chance(generator, 0.3, batch, 1)
    plate = torch.tensor([0.88, 0.88, 0.84]).expand(batch, 3)
    colour = torch.stack([body, second, trim, glass, dark, metal, lamp, red, plate], 1).clamp(0, 1)
    count = len(SLOTS)
    gloss = torch.tensor([0.5, 0.5, 0.1, 0.8, 0.0, 0.6, 0.7, 0.4, 0.0]) * uniform(generator, batch, 1, high=1.4)
    return Paint(
        colour=colour,
        second=(colour * 0.8).clamp(0, 1),
        kind=torch.zeros(batch, count, dtype=torch.long),
        scale=torch.full((batch, count), 6.0),
        gloss=gloss,
        direction=torch.eye(3)[0].expand(batch, count, 3),
        phase=uniform(generator, batch, high=20.0),
    )


def _add_wheels(kit: Kit, car: Car) -> None:
    """Adds tyres, rims that are closed or have spokes, and hubs, as discs on top of each other from the inside out."""
    radius, broad, outer = car.wheel, car.between(0.17, 0.24), car.side - 0.02
    rim, turned = radius * car.between(0.58, 0.72), car.between(0.0, 1.2)
    spokes = car.chance(0.75)
    discs = (  # paint, y of both faces from the outside of the car, radius, who has it
        (DARK, -broad, -0.02, radius, None),
        (DARK, -0.03, 0.0, radius * 0.94, None),
        (METAL, -0.03, 0.004, rim, None),
        (DARK, -0.03, 0.007, rim * 0.86, spokes),
        (METAL, -0.03, 0.014, rim * 0.22, None),
    )
    for x in (car.x(car.front), car.x(car.back)):
        for slot, inner, face, size, present in discs:
            ends = (x, outer + inner, radius), (x, outer + face, radius)
            kit.add_rod(slot, *ends, size, present=present, mirror=True, round=True)
        for number in range(5):
            angle = turned + number * 2 * torch.pi / 5
            tip = (x + rim * 0.9 * angle.cos(), outer + 0.004, radius + rim * 0.9 * angle.sin())
            kit.add_rod(METAL, (x, outer + 0.006, radius), tip, rim * 0.13, mirror=True, present=spokes)


def _add_front(kit: Kit, car: Car) -> None:
    """Adds lamps, grille, bumper, fog lamps and number plate of the front."""
    x, side = car.x(0.0), car.side * car.blunt
    wide, high = car.between(0.13, 0.27), car.between(0.05, 0.1)
    level = car.nose * car.between(0.84, 0.9)
    plain = car.chance(0.85)
    turn = rotation_about(2, car.between(0.3, 0.6)) @ rotation_about(1, -car.between(0.1, 0.5))
    place = (x - 0.1, side - wide * 0.8, level)
    kit.add_box(LAMP, place, (0.1, wide, high), radius=0.04, turn=turn, present=plain, mirror=True)
    start, end = (x - 0.15, side - 0.12, level), (x + 0.01, side - 0.12, level)
    kit.add_rod(LAMP, start, end, high * 1.2, present=~plain, mirror=True, round=True)
    wide, high = side * car.between(0.3, 0.6), car.between(0.04, 0.1)
    level = car.nose * car.between(0.76, 0.84)
    kit.add_box(METAL, (x - 0.01, 0.0, level), (0.02, wide + 0.02, high + 0.02), radius=0.02, present=car.chance(0.5))
    kit.add_box(DARK, (x - 0.002, 0.0, level), (0.02, wide, high), radius=0.015, present=car.chance(0.85))
    low = car.sill + car.between(0.1, 0.16)
    _add_bumper(kit, car, (x - 0.07, 0.0, low + 0.03), side * 1.02)
    wide = side * car.between(0.4, 0.8)
    kit.add_box(DARK, (x + 0.014, 0.0, low), (0.02, wide, 0.04), radius=0.015, present=car.chance(0.7))
    kit.add_box(PLATE, (x + 0.035, 0.0, low + 0.1), _PLATE_SIZE, radius=0.004, present=car.chance(0.4))
    start, end = (x - 0.02, side * 0.78, low), (x + 0.02, side * 0.78, low)
    kit.add_rod(LAMP, start, end, 0.05, present=car.chance(0.4), mirror=True)


def _add_bumper(kit: Kit, car: Car, place: Sequence[Length], half: Tensor) -> None:
    """A bumper of half width `half` at `place` (x, y, z), for most cars in the body's colour."""
    size = (0.1, half, car.between(0.08, 0.13))
    lacquered = car.chance(0.7)
    _add_body_or_trim(kit, lacquered, place, size, radius=0.07, present=~lacquered | car.chance(0.6))


def _add_body_or_trim(
    kit: Kit, lacquered: Tensor, place: Sequence[Length], size: Sequence[Length], *, present: Tensor, **rest: Any
) -> None:
    """Adds a box in the colour of the body where `lacquered` is true, else of the trim; `rest`: as in `Kit.add_box`."""
    kit.add_box(BODY, place, size, present=present & lacquered, **rest)
    kit.add_box(TRIM, place, size, present=present & ~lacquered, **rest)


def _add_rear(kit: Kit, car: Car) -> None:
    """Adds lamps, bumper, plate and exhausts of the rear."""
    x, side = car.x(1.0), car.side * 0.86
    upright = car.chance(0.4, "hatchback", "estate", "SUV", "van", "pickup")
    high = torch.where(upright, car.between(0.12, 0.22), car.between(0.06, 0.1))
    wide = torch.where(upright, car.between(0.06, 0.1), car.between(0.13, 0.28))
    level = torch.minimum(car.deck, car.belt) - 0.08 - high
    turn = rotation_about(2, -car.between(0.2, 0.5))
    kit.add_box(RED, (x + 0.07, side - wide * 0.85, level), (0.08, wide, high), radius=0.03, turn=turn, mirror=True)
    low = car.sill + car.between(0.14, 0.2)
    _add_bumper(kit, car, (x + 0.07, 0.0, low + 0.06), side * 1.03)
    plate = torch.where(car.chance(0.5), level, low + 0.08)
    kit.add_box(PLATE, (x - 0.032, 0.0, plate), _PLATE_SIZE, radius=0.004, present=car.chance(0.5))
    kit.add_box(DARK, (x - 0.012, 0.0, low - 0.02), (0.02, side * 0.6, 0.05), radius=0.015, present=car.chance(0.4))
    start, end = ((x + along, side * 0.6, low - 0.07) for along in (0.3, -0.05))
    kit.add_rod(METAL, start, end, 0.04, present=car.chance(0.5), mirror=True)


def _add_extras(kit: Kit, car: Car) -> None:
    """Adds mirrors, handles, rails on the roof, spoilers and the bed of pickups."""
    x, every = car.x(car.cowl + 0.06), torch.ones_like(car.side, dtype=torch.bool)
    place = (x, car.side + 0.07, car.belt + 0.08)
    _add_body_or_trim(kit, car.chance(0.7), place, (0.055, 0.09, 0.06), radius=0.045, present=every, mirror=True)
    kit.add_rod(TRIM, (x, car.side - 0.12, car.belt + 0.03), (x, car.side + 0.03, car.belt + 0.06), 0.025, mirror=True)
    handles = car.chance(0.6)
    for u in ((car.cowl + car.rear) / 2 - 0.02, car.rear - 0.14):
        place = (car.x(u), car.side * 0.975, car.belt - 0.14 * (car.belt - car.sill))
        kit.add_box(METAL, place, (0.08, 0.02, 0.014), radius=0.01, present=handles, mirror=True)
    start, end = ((car.x(u), car.side * 0.6, car.height - 0.05) for u in (car.roof_start + 0.1, car.roof_end - 0.05))
    kit.add_rod(METAL, start, end, 0.02, present=car.chance(0.5, "estate", "SUV"), mirror=True)
    _add_spoilers(kit, car)
    bed, start = car.is_kind["pickup"], car.rear + 0.015
    place = (car.x((start + 0.985) / 2), 0.0, car.deck + 0.05)
    kit.add_box(DARK, place, (car.length * (0.97 - start) / 2, car.side * 0.8, 0.03), present=bed)
    kit.add_box(BODY, (car.x(0.985), 0.0, car.deck - 0.02), (car.length * 0.015, car.side * 0.82, 0.07), present=bed)


def _add_spoilers(kit: Kit, car: Car) -> None:
    """Adds a lip at the end of the roof or a wing above the boot to some cars."""
    lacquered = car.chance(0.6)
    place = (car.x(car.roof_end + 0.01), 0.0, car.height - 0.115)
    size = (0.13, car.side * car.between(0.62, 0.72), 0.018)
    lip = car.chance(0.45, "hatchback", "SUV", "estate")
    _add_body_or_trim(kit, lacquered, place, size, radius=0.015, sag=-0.01, present=lip)
    wing = car.chance(0.35, "sports") | car.chance(0.1, "saloon")
    x, rise = car.x(0.965), car.between(0.04, 0.22)
    size = (0.12, car.side * 0.78, 0.015)
    _add_body_or_trim(kit, lacquered, (x, 0.0, car.deck + rise), size, radius=0.012, present=wing)
    kit.add_box(TRIM, (x, car.side * 0.5, car.deck + rise / 2), (0.05, 0.015, rise / 2), present=wing, mirror=True)
