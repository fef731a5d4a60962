"""Cars: hatchback, saloon, estate, SUV, pickup, van and sports car, lofted from the same stations with other measures.

x forward, y left, z up, road at z = 0, in metres before the object is scaled. Places along a car are given as `u`, from
0 at the nose to 1 at the tail.

Legend: B objects, S stations of the body, M points of a ring, K knots of a profile.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from pipelines.synthetic.noise import chance, normal, pick, uniform
from pipelines.synthetic.objects.kit import Kit, Length
from pipelines.synthetic.objects.paint import Paint
from pipelines.synthetic.palettes import distinct, from_table, saturated
from pipelines.synthetic.skeleton import rotation_about

CARS = ("hatchback", "saloon", "estate", "SUV", "pickup", "van", "sports")
WEIGHTS = (2.5, 4, 1.5, 2, 1, 1, 3)
BODY, SECOND, TRIM, GLASS, DARK, METAL, LAMP, RED, PLATE = SLOTS = range(9)
RANGES = {
    "length": ((3.6, 4.3), (4.4, 5.1), (4.4, 4.9), (4.2, 5.0), (5.0, 5.7), (4.5, 5.5), (4.1, 4.8)),
    "width": ((1.65, 1.8), (1.75, 1.9), (1.74, 1.88), (1.8, 2.0), (1.8, 2.0), (1.8, 2.0), (1.8, 2.0)),
    "height": ((1.4, 1.55), (1.36, 1.5), (1.42, 1.55), (1.6, 1.9), (1.65, 1.9), (1.8, 2.3), (1.1, 1.3)),
    "belt": ((0.6, 0.66), (0.62, 0.68), (0.61, 0.66), (0.62, 0.68), (0.6, 0.66), (0.54, 0.6), (0.64, 0.7)),
    "nose": ((0.74, 0.84), (0.74, 0.84), (0.74, 0.84), (0.8, 0.92), (0.84, 0.94), (0.72, 0.88), (0.6, 0.74)),
    "cowl": ((0.22, 0.28), (0.26, 0.31), (0.25, 0.3), (0.24, 0.29), (0.24, 0.29), (0.09, 0.2), (0.29, 0.37)),
    "rake": ((0.13, 0.17), (0.13, 0.18), (0.13, 0.17), (0.09, 0.15), (0.09, 0.13), (0.1, 0.15), (0.15, 0.19)),
    "roof_end": ((0.82, 0.92), (0.7, 0.77), (0.88, 0.94), (0.86, 0.94), (0.54, 0.64), (0.93, 0.98), (0.64, 0.74)),
    "rear": ((0.95, 0.975), (0.83, 0.89), (0.955, 0.98), (0.955, 0.98), (0.64, 0.68), (0.98, 0.99), (0.84, 0.94)),
    "deck": ((0.92, 1.0), (0.93, 1.04), (0.92, 1.0), (0.92, 1.0), (0.9, 1.0), (0.92, 1.0), (0.95, 1.1)),
    "wheel": ((0.28, 0.32), (0.29, 0.33), (0.29, 0.33), (0.34, 0.4), (0.36, 0.42), (0.3, 0.36), (0.3, 0.34)),
    "sill": ((0.16, 0.2), (0.15, 0.2), (0.15, 0.2), (0.23, 0.32), (0.28, 0.38), (0.18, 0.25), (0.1, 0.15)),
    "front": ((0.18, 0.21), (0.17, 0.2), (0.17, 0.2), (0.17, 0.2), (0.16, 0.19), (0.15, 0.19), (0.18, 0.22)),
    "back": ((0.82, 0.85), (0.78, 0.81), (0.77, 0.8), (0.8, 0.83), (0.75, 0.79), (0.78, 0.82), (0.79, 0.83)),
}
COLOURS = ((20, 20, 22), (62, 64, 68), (150, 152, 156), (196, 198, 200), (236, 236, 234), (150, 18, 22), (24, 44, 110))
# y in half widths and height (0 at the bottom, 1 at the top) of a ring's points, from the middle of the floor upwards
_RING_Y = (0.0, 0.8, 0.93, 0.96, 0.985, 1.0, 1.0, 0.985, 0.965, 0.945, 0.9, 0.8, 0.46, 0.3, 0.12, 0.0)
_RING_Z = (0.0, 0.0, 0.0, 0.06, 0.14, 0.34, 0.42, 0.6, 0.72, 0.84, 0.95, 1.0, 1.0, 1.0, 1.0, 1.0)
_LIP, _STRIP, _SIDE, _STRIPE = 3, 5, range(2, 10), 13  # first points of the ring's cells with paints of their own
_CURVE = (0.0, 0.006, 0.015, 0.03, 0.05, 0.08, 0.12, 0.17, 0.23, 0.29, 0.35, 0.41, 0.47, 0.53, 0.59, 0.65, 0.71, 0.77,
          0.83, 0.88, 0.92, 0.95, 0.97, 0.985, 0.995, 1.0)  # fmt: skip
_GAP = 0.005  # half of the gap beside a door, in metres


class _Car:
    """Measures [B] of the cars, and their profiles."""

    def __init__(self, batch: int, generator: Generator) -> None:
        self.batch, self.generator = batch, generator
        kind = pick(generator, WEIGHTS, batch)
        ranges = torch.tensor(list(RANGES.values()))[:, kind]  # [14, B, 2]
        drawn = ranges[..., 0] + uniform(generator, len(RANGES), batch) * (ranges[..., 1] - ranges[..., 0])
        self.length, self.width, self.height, belt, nose, self.cowl, rake, *rest = drawn
        self.roof_end, self.rear, deck, self.wheel, self.sill, self.front, self.back = rest
        fender = 2.09 * self.wheel + 0.06
        self.belt = torch.maximum(belt * self.height, fender + 0.06)
        self.nose, self.deck = nose * self.belt, torch.maximum(deck * self.belt, fender + 0.04)
        self.bonnet = torch.maximum(self.nose * 0.35 + self.belt * 0.65, fender)
        self.roof_start = self.cowl + rake
        self.roof_end = torch.maximum(self.roof_end, self.roof_start + 0.14)
        self.side = self.width / 2
        self.is_kind = {name: kind == number for number, name in enumerate(CARS)}
        self.blunt = uniform(generator, batch, low=0.74, high=0.88)

    def x(self, u: Tensor | float) -> Tensor:
        """Place along the car in metres."""
        return self.length * (0.5 - u)

    def chance(self, probability: float, *kinds: str) -> Tensor:
        """[B] true with the probability, for cars of these kinds only if any are named."""
        drawn = chance(self.generator, probability, self.batch)
        return drawn & torch.stack([self.is_kind[name] for name in kinds]).any(0) if kinds else drawn

    def between(self, low: float, high: float) -> Tensor:
        return uniform(self.generator, self.batch, low=low, high=high)

    def top(self, u: Tensor) -> Tensor:
        """Height of the body [B, S]: bonnet, window sill, boot."""
        knots = (0.0, 0.02, 0.5 * self.cowl, self.cowl, self.cowl + 0.06, self.rear, 1.0)
        values = (self.nose * 0.93, self.nose, self.bonnet, self.belt * 0.985, self.belt, self.belt * 1.02, self.deck)
        return self._profile(u, knots, values)

    def half(self, u: Tensor) -> Tensor:
        """Half the width of the body [B, S]."""
        knots = (0.0, 0.015, 0.05, 0.12, 0.25, 0.75, 0.92, 0.975, 1.0)
        values = (self.blunt * 0.93, self.blunt, 0.5 * self.blunt + 0.48, 0.97, 1.0, 1.0, 0.965, 0.93, 0.86)
        return self.side[:, None] * self._profile(u, knots, values)

    def _profile(self, u: Tensor, knots: Sequence[Length], values: Sequence[Length]) -> Tensor:
        """Smooth steps from knot to knot, [B, S]."""
        knots, values = ([torch.as_tensor(item).expand(self.batch)[:, None] for item in row] for row in (knots, values))
        total = values[0].expand_as(u)
        for number in range(1, len(knots)):
            share = ((u - knots[number - 1]) / (knots[number] - knots[number - 1])).clamp(0, 1)
            total = total + share * (values[number] - values[number - 1])
        return total


def add_cars(kit: Kit, generator: Generator) -> None:
    """Draws a car for each of the kit's objects and adds its parts, slots as in SLOTS."""
    car = _Car(kit.batch, generator)
    _add_body(kit, car)
    _add_cabin(kit, car)
    _add_wheels(kit, car)
    _add_face(kit, car)
    _add_tail(kit, car)
    _add_extras(kit, car)


def car_paint(batch: int, generator: Generator) -> Paint:
    """Paints [B, 9] of lacquer, glass, tyres, chrome and lamps."""
    usual = from_table(COLOURS, pick(generator, (1, 1.5, 2, 3, 3, 3, 2), batch)) * (
        1 + 0.1 * normal(generator, batch, 1)
    )
    bright = saturated(batch, generator)
    bright = bright - 0.7 * bright.amin(-1, keepdim=True) * chance(generator, 0.6, batch, 1)
    bright = bright * (uniform(generator, batch, 1, low=0.65) / bright.amax(-1, keepdim=True)).clamp(min=1)
    body = torch.where(chance(generator, 0.45, batch, 1), usual, bright)
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
        colour,
        (colour * 0.8).clamp(0, 1),
        torch.zeros(batch, count, dtype=torch.long),
        torch.full((batch, count), 6.0),
        gloss,
        torch.eye(3)[0].expand(batch, count, 3),
        uniform(generator, batch, high=20.0),
    )


def _add_body(kit: Kit, car: _Car) -> None:
    """Everything below the windows: rings along the car, open above the wheels."""
    u, gap = _stations(car)
    x = car.x(0.0)[:, None] - car.length[:, None] * u
    sill = car.sill[:, None] + 0.06 * (0.06 - u).clamp(min=0) / 0.06 + 0.1 * (u - 0.93).clamp(min=0) / 0.07
    bottom = sill
    for axle in (car.front, car.back):
        reach = car.wheel[:, None] * 1.09
        away = (x - car.x(axle)[:, None]).abs()
        arch = car.wheel[:, None] + (reach.square() - away.square()).clamp(min=0).sqrt()
        bottom = torch.where(away <= reach, torch.maximum(arch, bottom), bottom)
    top, half = car.top(u), car.half(u)
    share = torch.tensor(_RING_Z)
    height = sill[..., None] + (top - sill)[..., None] * share  # [B, S, 16]
    row = torch.arange(len(share)).sub(2).clamp(0, 9)
    lift = torch.minimum(0.04 * row, (top - bottom)[..., None] * row / 9)
    height = torch.maximum(height, bottom[..., None] + lift)
    height[..., :3] = bottom[..., None]
    across = torch.tensor(_RING_Y)
    crown = car.between(0.01, 0.05)[:, None, None] * (1 - across.square()) * (share == 1)
    left = torch.stack([x[..., None].expand_as(height), half[..., None] * across, height + crown], -1)
    right = left[:, :, 1:-1].flip(2) * torch.tensor([1.0, -1.0, 1.0])
    grid = torch.cat([left, right], 2)  # [B, S, 30, 3]
    kit.hull(_body_slots(car, gap, grid.shape[2]), grid)
    high = car.nose * 0.88
    floor = (car.x(0.5), 0.0, (car.sill + high) / 2)
    kit.box(DARK, floor, (car.length * 0.42, car.side - 0.3, (high - car.sill) / 2))


def _stations(car: _Car) -> tuple[Tensor, Tensor]:
    """Places u [B, S] of the rings from nose to tail, and which of the cells behind them are gaps beside doors."""
    plain = torch.tensor(_CURVE).expand(car.batch, -1)
    angle = torch.linspace(0, torch.pi, 13).cos()
    reach = (car.wheel * 1.09 / car.length)[:, None]
    arches = [axle[:, None] + reach * torch.cat([angle, angle[[0, -1]] * 1.004]) for axle in (car.front, car.back)]
    middle = (car.cowl + car.rear) / 2 + 0.02
    doors = torch.stack([car.cowl + 0.045, middle, car.rear - 0.1], 1)
    doors[:, 2] = torch.where(car.is_kind["pickup"] | car.is_kind["sports"], middle, doors[:, 2])
    gap = _GAP / car.length[:, None]
    u = torch.cat([plain, *arches, doors - gap, doors + gap], 1)
    is_gap = torch.zeros_like(u, dtype=torch.bool)
    is_gap[:, -6:-3] = True
    u, order = u.clamp(0, 1).sort(1)
    return u, is_gap.gather(1, order)


def _body_slots(car: _Car, gap: Tensor, ring: int) -> Tensor:
    """Paints [B, S - 1, 30] of the body's cells."""
    half = ring // 2
    rows = torch.full((car.batch, half), BODY)
    rows[:, :2] = DARK
    cladding = car.chance(0.5, "SUV", "pickup") | car.chance(0.12)
    rows[:, 2:_LIP] = torch.where(cladding | car.chance(0.2), TRIM, BODY)[:, None]
    rows[:, _LIP : _LIP + 1] = torch.where(cladding, TRIM, BODY)[:, None]
    two_tone = car.chance(0.08)
    rows[:, 2 : _STRIP + 1] = torch.where(two_tone[:, None], SECOND, rows[:, 2 : _STRIP + 1])
    rows[:, _STRIP] = torch.where(car.chance(0.12), TRIM, rows[:, _STRIP])
    rows[:, _STRIPE] = torch.where(car.chance(0.12, "sports", "hatchback", "saloon"), SECOND, BODY)
    cells = rows[:, None].expand(-1, gap.shape[1] - 1, -1).clone()
    sides = torch.zeros(half, dtype=torch.bool)
    sides[list(_SIDE)] = True
    cells = torch.where(gap[:, :-1, None] & sides, DARK, cells)
    return torch.cat([cells, cells.flip(2)], 2)


def _add_cabin(kit: Kit, car: _Car) -> None:
    """Windows and roof: rings around the cabin, from the sill of the windows upwards."""
    share = torch.tensor([-1.0, -0.92, -0.5, 0.0, 0.5, 0.92])
    posts = _posts(car)  # [B, 9], 0 front .. 1 rear
    corner = torch.zeros(car.batch, 1)
    front = torch.cat([corner + share], 1)
    sides = posts.shape[1]
    along = torch.cat([torch.zeros_like(front), posts, torch.ones_like(front), posts.flip(1)], 1)
    across = torch.cat([front, torch.ones_like(posts), -front, -torch.ones_like(posts)], 1)
    bow = 0.05 * (1 - across.square()) * ((along < 0.01).float() - (along > 0.99).float())
    waist = car.half((car.cowl + car.rear)[:, None] / 2)[:, 0] * car.between(0.87, 0.92)
    roof = waist * torch.where(car.is_kind["van"], car.between(0.86, 0.94), car.between(0.72, 0.82))
    low = (car.belt - 0.05, car.belt + 0.03)
    edge = car.height - car.between(0.07, 0.1)
    levels = []
    for rise, inset in ((0.0, 1.0), (0.06, 1.0), (0.86, 1.0), (0.97, 1.0), (1.0, 0.93), (1.03, 0.75), (1.045, 0.4)):
        start = car.cowl + rise * (car.roof_start - car.cowl)
        end = car.rear + rise * (car.roof_end - car.rear)
        swell = 0.06 * min(rise, 1.0) * (1 - min(rise, 1.0)) * 4 * 0.3
        side = (waist + min(rise, 1.0) * (roof - waist)) * (1 + swell)
        u = ((start + end) / 2)[:, None] + (end - start)[:, None] * (along - 0.5) * inset
        narrow = 1 - 0.07 * (along - 0.35).clamp(min=0) - 0.06 * (0.2 - along).clamp(min=0)
        x = car.x(0.0)[:, None] - car.length[:, None] * u + bow * min(1.0, 1.2 - rise)
        y = side[:, None] * narrow * across * inset
        z = low[0] + (edge - low[0]) * rise
        z = z[:, None] - 0.05 * rise**2 * ((along - 0.45) / 0.55).square() * inset
        levels.append(torch.stack([x, y, z], -1))
    grid = torch.stack(levels, 1)
    kit.hull(_cabin_slots(car, sides, len(levels)), grid)


def _posts(car: _Car) -> Tensor:
    """Where along the cabin's side the posts between the windows begin and end, [B, 9] in 0..1."""
    usual = torch.tensor([0.0, 0.05, 0.44, 0.48, 0.8, 0.83, 0.93, 0.97, 1.0])
    coupe = torch.tensor([0.0, 0.06, 0.58, 0.61, 0.86, 0.88, 0.9, 0.95, 1.0])
    van = torch.tensor([0.0, 0.06, 0.3, 0.34, 0.6, 0.64, 0.93, 0.97, 1.0])
    two = (car.is_kind["sports"] | car.chance(0.3, "hatchback"))[:, None]
    posts = torch.where(two, coupe, torch.where(car.is_kind["van"][:, None], van, usual))
    shift = torch.zeros_like(posts)
    shift[:, 2:6] = car.between(-0.03, 0.03)[:, None]
    return posts + shift


def _cabin_slots(car: _Car, sides: int, levels: int) -> Tensor:
    """Paints [B, levels - 1, M] of the cabin's cells."""
    front = 6
    count = 2 * (front + sides)
    cells = torch.full((car.batch, levels - 1, count), BODY)
    roof = torch.where(car.chance(0.08), SECOND, torch.where(car.chance(0.06), TRIM, BODY))
    cells[:, 3:] = roof[:, None, None]
    window = torch.zeros(car.batch, count, dtype=torch.bool)
    window[:, 1:5] = True
    window[:, front + sides + 1 : front + sides + 5] = ~car.chance(0.3, "van")[:, None]
    closed = car.chance(0.5, "van")
    for segment, present in ((1, True), (3, ~closed), (5, ~closed & ~car.chance(0.4))):
        window[:, front + segment] = present
        window[:, count - 1 - segment - 1] = present
    cells[:, 1] = torch.where(window, GLASS, cells[:, 1])
    post = torch.zeros(count, dtype=torch.bool)
    post[[front + 2, front + 4, count - 4, count - 6]] = True
    black = car.chance(0.5)[:, None] & post & ~window & ~closed[:, None]
    cells[:, 1] = torch.where(black, TRIM, cells[:, 1])
    return cells


def _add_wheels(kit: Kit, car: _Car) -> None:
    radius, broad = car.wheel, car.between(0.17, 0.24)
    outer = car.side - 0.02
    rim = radius * car.between(0.58, 0.72)
    spokes = car.chance(0.75)
    spun = car.between(0.0, 1.2)
    for axle in (car.front, car.back):
        x = car.x(axle)

        def disc(slot: int, first: Tensor, last: Tensor, size: Tensor, **rest: Tensor) -> None:
            kit.rod(slot, (x, first, radius), (x, last, radius), size, round=True, mirror=True, **rest)  # noqa: B023

        disc(DARK, outer - broad, outer - 0.02, radius)
        disc(DARK, outer - 0.03, outer, radius * 0.94)
        disc(METAL, outer - 0.03, outer + 0.004, rim)
        disc(DARK, outer - 0.03, outer + 0.007, rim * 0.86, present=spokes)
        disc(METAL, outer - 0.03, outer + 0.014, rim * 0.22)
        for number in range(5):
            angle = spun + number * 2 * torch.pi / 5
            tip = (x + rim * 0.9 * angle.cos(), outer + 0.004, radius + rim * 0.9 * angle.sin())
            kit.rod(METAL, (x, outer + 0.006, radius), tip, rim * 0.13, mirror=True, present=spokes)


def _add_face(kit: Kit, car: _Car) -> None:
    """Lamps, grille, bumper and number plate of the front."""
    x, side = car.x(0.0), car.side * car.blunt
    lamp, high = car.between(0.13, 0.27), car.between(0.05, 0.1)
    level = car.nose * car.between(0.84, 0.9)
    round_lamps = car.chance(0.15)
    turn = rotation_about(2, car.between(0.3, 0.6))
    place = (x - 0.1, side - lamp * 0.8, level)
    kit.box(LAMP, place, (0.1, lamp, high), radius=0.04, turn=_lifted(turn, car), present=~round_lamps, mirror=True)
    start = (x - 0.15, side - 0.12, level)
    kit.rod(LAMP, start, (x + 0.01, side - 0.12, level), high * 1.2, present=round_lamps, mirror=True, round=True)
    wide, tall = side * car.between(0.3, 0.6), car.between(0.04, 0.1)
    place = (x - 0.01, 0.0, car.nose * car.between(0.76, 0.84))
    kit.box(METAL, place, (0.02, wide + 0.02, tall + 0.02), radius=0.02, present=car.chance(0.5))
    kit.box(DARK, (place[0] + 0.008, 0.0, place[2]), (0.02, wide, tall), radius=0.015, present=car.chance(0.85))
    low = car.sill + car.between(0.1, 0.16)
    slot_low = (x - 0.02, 0.0, low)
    trim = car.chance(0.3)
    bumper = (0.1, side * 1.02, car.between(0.08, 0.13))
    for slot, present in ((TRIM, trim), (BODY, ~trim & car.chance(0.6))):
        kit.box(slot, (x - 0.07, 0.0, low + 0.03), bumper, radius=0.07, present=present)
    kit.box(
        DARK, (x + 0.014, 0.0, low), (0.02, side * car.between(0.4, 0.8), 0.04), radius=0.015, present=car.chance(0.7)
    )
    kit.box(PLATE, (x + 0.035, 0.0, low + 0.1), (0.006, 0.25, 0.055), radius=0.004, present=car.chance(0.4))
    fog = car.chance(0.4)
    kit.rod(LAMP, (slot_low[0], side * 0.78, low), (x + 0.02, side * 0.78, low), 0.05, present=fog, mirror=True)


def _lifted(turn: Tensor, car: _Car) -> Tensor:
    """The lamps lean back with the bonnet."""
    return turn @ rotation_about(1, -car.between(0.1, 0.5))


def _add_tail(kit: Kit, car: _Car) -> None:
    """Lamps, bumper, plate and exhausts of the rear."""
    x, side = car.x(1.0), car.side * 0.86
    tall = car.chance(0.4, "hatchback", "estate", "SUV", "van", "pickup")
    high = torch.where(tall, car.between(0.12, 0.22), car.between(0.06, 0.1))
    wide = torch.where(tall, car.between(0.06, 0.1), car.between(0.13, 0.28))
    level = torch.minimum(car.deck, car.belt) - 0.08 - high
    turn = rotation_about(2, -car.between(0.2, 0.5))
    kit.box(RED, (x + 0.07, side - wide * 0.85, level), (0.08, wide, high), radius=0.03, turn=turn, mirror=True)
    low = car.sill + car.between(0.14, 0.2)
    trim = car.chance(0.3)
    bumper = (0.1, side * 1.03, car.between(0.08, 0.13))
    for slot, present in ((TRIM, trim), (BODY, ~trim & car.chance(0.6))):
        kit.box(slot, (x + 0.07, 0.0, low + 0.06), bumper, radius=0.07, present=present)
    plate = torch.where(car.chance(0.5), level, low + 0.08)
    kit.box(PLATE, (x - 0.032, 0.0, plate), (0.006, 0.25, 0.055), radius=0.004, present=car.chance(0.5))
    kit.box(DARK, (x - 0.012, 0.0, low - 0.02), (0.02, side * 0.6, 0.05), radius=0.015, present=car.chance(0.4))
    pipe, place = car.chance(0.5), side * car.between(0.4, 0.75)
    kit.rod(METAL, (x + 0.3, place, low - 0.07), (x - 0.05, place, low - 0.07), 0.04, present=pipe, mirror=True)


def _add_extras(kit: Kit, car: _Car) -> None:
    """Mirrors, handles, spoilers, rails and the pickup's bed."""
    x = car.x(car.cowl + 0.06)
    size = (0.055, 0.09, 0.06)
    body = car.chance(0.7)
    for slot, present in ((BODY, body), (TRIM, ~body)):
        kit.box(slot, (x, car.side + 0.07, car.belt + 0.08), size, radius=0.045, present=present, mirror=True)
    kit.rod(TRIM, (x, car.side - 0.12, car.belt + 0.03), (x, car.side + 0.03, car.belt + 0.06), 0.025, mirror=True)
    handles = car.chance(0.6)
    for u in ((car.cowl + car.rear) / 2 - 0.02, car.rear - 0.14):
        place = (car.x(u), car.side * 0.975, car.belt - 0.14 * (car.belt - car.sill))
        kit.box(METAL, place, (0.08, 0.02, 0.014), radius=0.01, present=handles, mirror=True)
    _add_spoilers(kit, car)
    rails = car.chance(0.5, "estate", "SUV")
    ends = [(car.x(u), car.side * 0.6, car.height - 0.05) for u in (car.roof_start + 0.1, car.roof_end - 0.05)]
    kit.rod(METAL, ends[0], ends[1], 0.02, present=rails, mirror=True)
    bed = car.is_kind["pickup"]
    rear = car.rear + 0.015
    place = (car.x((rear + 0.985) / 2), 0.0, car.deck + 0.03)
    kit.box(DARK, place, (car.length * (0.97 - rear) / 2, car.side * 0.8, 0.03), present=bed)
    for u, half in ((0.985, 0.015),):
        kit.box(BODY, (car.x(u), 0.0, car.deck - 0.02), (car.length * half, car.side * 0.82, 0.07), present=bed)


def _add_spoilers(kit: Kit, car: _Car) -> None:
    wide = car.side * car.between(0.62, 0.72)
    roof = car.chance(0.45, "hatchback", "SUV", "estate")
    place = (car.x(car.roof_end + 0.01), 0.0, car.height - 0.115)
    body = car.chance(0.6)
    for slot, present in ((BODY, body), (TRIM, ~body)):
        kit.box(slot, place, (0.13, wide, 0.018), radius=0.015, sag=-0.01, present=roof & present)
    wing = car.chance(0.35, "sports") | car.chance(0.1, "saloon")
    rise = car.between(0.04, 0.22)
    top = (car.x(0.965), 0.0, car.deck + rise)
    for slot, present in ((BODY, body), (TRIM, ~body)):
        kit.box(slot, top, (0.12, car.side * 0.78, 0.015), radius=0.012, present=wing & present)
    kit.box(TRIM, (top[0], car.side * 0.5, car.deck + rise / 2), (0.05, 0.015, rise / 2), present=wing, mirror=True)
