"""The lacquered part of a car: a hull of rings along the car, and one of rings around its cabin.

`cars.add_cars` calls `add_body` and `add_cabin`. x forward, y left, z up, metres.

Legend: B objects, S stations of the body, M points of a ring; u: place along the car, 0 at the nose .. 1 at the tail.
"""

import torch
from torch import Tensor

from pipelines.synthetic.objects.car_measures import BODY, DARK, GLASS, INTERIOR, SECOND, TRIM, Car
from pipelines.synthetic.objects.kit import Kit

# y in half widths and height (0 at the bottom, 1 at the top) of a ring's points, from the middle of the floor upwards
_RING_Y = (0.0, 0.8, 0.93, 0.96, 0.985, 1.0, 1.0, 0.985, 0.965, 0.945, 0.9, 0.8, 0.46, 0.3, 0.12, 0.0)
_RING_Z = (0.0, 0.0, 0.0, 0.06, 0.14, 0.34, 0.42, 0.6, 0.72, 0.84, 0.95, 1.0, 1.0, 1.0, 1.0, 1.0)
_BOXY_Y = (0.0, 0.85, 0.96, 0.985, 1.0, 1.0, 1.0, 1.0, 0.995, 0.99, 0.98, 0.93, 0.55, 0.3, 0.12, 0.0)  # with edges
# with a shoulder above hollow doors, and bulging like a barrel
_SCULPTED_Y = (0.0, 0.8, 0.95, 0.965, 0.95, 0.95, 0.975, 1.0, 0.985, 0.94, 0.87, 0.76, 0.44, 0.3, 0.12, 0.0)
_BULGING_Y = (0.0, 0.72, 0.84, 0.88, 0.925, 0.985, 1.0, 0.98, 0.945, 0.9, 0.83, 0.7, 0.44, 0.3, 0.12, 0.0)
_LIP, _STRIP, _SIDE, _STRIPE = 2, 5, slice(2, 10), 13  # first points of the ring's cells with paints of their own
_FLOOR = slice(12, None)  # points of the ring that go down in a cockpit or a bed
# stations along every car, u
_CURVE = (0.0, 0.006, 0.015, 0.03, 0.05, 0.08, 0.12, 0.17, 0.23, 0.29, 0.35, 0.41, 0.47, 0.53, 0.59, 0.65, 0.71, 0.77,
          0.83, 0.88, 0.92, 0.95, 0.97, 0.985, 0.995, 1.0)  # fmt: skip
_GAP = 0.005  # half of the gap beside a door, m
_SCREEN = (-1.0, -0.92, -0.5, 0.0, 0.5, 0.92)  # across the windscreen, in half widths
_POSTS = 9  # points along a side of the cabin
# height of the cabin's rings (0 window sill .. 1 edge of the roof) and their size
_LEVELS = ((0.0, 1.0), (0.06, 1.0), (0.86, 1.0), (0.97, 1.0), (1.0, 0.93), (1.03, 0.75), (1.045, 0.4))


def add_body(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds everything below the windows: rings along the car, raised to arches above the wheels. A ring from the front:

     .--------.     crown: the middle is a little higher; under no roof and in beds it is deep below
    (          )
    |__________|    sill, or the arch of a wheel
    """
    u, gap = _stations(car)
    sill = car.sill[:, None] + (0.06 - u).clamp(min=0) + 1.4 * (u - 0.93).clamp(min=0)
    bottom, top, half = _raise_over_wheels(car, u, sill), car.top(u), car.half(u)
    share = torch.tensor(_RING_Z)
    across = _mix_profiles(car)[:, None]  # [B, 1, 16]
    row = torch.arange(len(share)).sub(2).clamp(0, 9)
    lift = torch.minimum(0.04 * row, (top - bottom)[..., None] * row / 9)  # above the arches the rings are squeezed
    height = torch.maximum(sill[..., None] + (top - sill)[..., None] * share, bottom[..., None] + lift)
    height[..., :3] = bottom[..., None]
    crown = (car.between(0.01, 0.07) * (1 - 0.6 * car.boxy))[:, None, None] * (1 - across.square()) * (share == 1)
    flare = car.between(-0.01, 0.045)[:, None] * (bottom > sill + 0.02)
    x = car.x(u)[..., None] + _lean_ends(car, u, share)
    y = half[..., None] * across + flare[..., None] * (share > 0.05) * (share < 0.7) * across
    deep = _find_recess(car, u)
    depth = torch.minimum(0.45 * (top - sill), top - bottom - 0.03).clamp(min=0.02)
    sunk = (top - depth)[..., None].expand_as(height[..., _FLOOR])
    height = height + crown
    height[..., _FLOOR] = torch.where(deep[..., None], sunk, height[..., _FLOOR])
    y[..., 12] = torch.where(deep, y[..., 11] - 0.02, y[..., 12])
    left = torch.stack([x, y, height], -1)  # [B, S, 16, 3]
    right = left[:, :, 1:-1].flip(2) * torch.tensor([1.0, -1.0, 1.0])
    gap &= ~kit.coarse[:, None]  # of every second station, gaps would be as wide as doors
    kit.add_hull(_body_slots(car, gap, deep), torch.cat([left, right], 2), present=present)
    high = torch.minimum(car.nose * 0.88, car.sill + 0.35 * (car.nose - car.sill))
    floor = (car.x(0.5), 0.0, (car.sill + high) / 2)
    half_width = torch.where(car.fenders, car.side * 0.6, car.side - 0.3)
    kit.add_box(DARK, floor, (car.length * 0.42, half_width, (high - car.sill) / 2), present=present)


def _mix_profiles(car: Car) -> Tensor:
    """y [B, 16] of the rings' points in half widths: plain, with edges, sculpted, bulging, or between these."""
    profile = torch.lerp(torch.tensor(_RING_Y), torch.tensor(_BOXY_Y), car.boxy[:, None])
    for other, most in ((_SCULPTED_Y, 1.0), (_BULGING_Y, 0.8)):
        share = car.between(0.0, most) * car.chance(0.4)
        profile = torch.lerp(profile, torch.tensor(other), share[:, None])
    return profile


def _lean_ends(car: Car, u: Tensor, share: Tensor) -> Tensor:
    """How far forward [B, S, 16] the points of the rings are moved, so that nose and tail are not upright planes."""
    nose = (1 - u / 0.09).clamp(min=0)[..., None]
    tail = ((u - 0.91) / 0.09).clamp(min=0)[..., None]
    rake, chin = (car.between(*ends)[:, None, None] for ends in ((-0.04, 0.16), (0.0, 0.09)))
    rear = car.between(-0.05, 0.1)[:, None, None]
    low = (0.35 - share).clamp(min=0) / 0.35
    return -nose * (rake * (share - 0.3).clamp(min=0) + chin * low) + tail * (
        rear * (share - 0.4).clamp(min=0) + 0.06 * low
    )


def _find_recess(car: Car, u: Tensor) -> Tensor:
    """Which stations [B, S] are in a cockpit without a roof or in the bed of a pickup."""
    cockpit, bed = _recesses(car)
    return (cockpit[0] < u) & (u < cockpit[1]) & car.topless[:, None] | (bed[0] < u) & (u < bed[1]) & car.is_kind[
        "pickup"
    ][:, None]


def _recesses(car: Car) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """First and last places u [B, 1] of cockpits and of beds."""
    cockpit = (car.cowl + 0.07)[:, None], torch.maximum(car.rear - 0.03, car.cowl + 0.25)[:, None]
    return cockpit, ((car.rear + 0.02)[:, None], torch.full_like(car.rear, 0.975)[:, None])


def _raise_over_wheels(car: Car, u: Tensor, sill: Tensor) -> Tensor:
    """Lower edge [B, S] of the body at the places `u` [B, S]: the sill [B, S], raised to arches above the wheels."""
    reach = (car.wheel * car.clearance)[:, None]
    for axle in (car.front, car.back):
        away = (car.x(u) - car.x(axle)[:, None]).abs()
        arch = car.wheel[:, None] + (reach.square() - away.square()).clamp(min=0).sqrt()
        sill = torch.where((away <= reach) & ~car.fenders[:, None], torch.maximum(arch, sill), sill)
    return sill


def _stations(car: Car) -> tuple[Tensor, Tensor]:
    """Places u [B, S] of the rings from nose to tail, and which cells behind them are gaps beside doors [B, S] bool."""
    plain = torch.tensor(_CURVE).expand(car.batch, -1)
    angle = torch.linspace(0, torch.pi, 13).cos()
    reach = (car.wheel * car.clearance / car.length)[:, None]
    arches = [axle[:, None] + reach * torch.cat([angle, angle[[0, -1]] * 1.004]) for axle in (car.front, car.back)]
    middle = (car.cowl + car.rear) / 2 + 0.02
    doors = torch.stack([car.cowl + 0.045, middle, car.rear - 0.1], 1)
    two = car.is_kind["pickup"] | car.is_kind["sports"] | car.topless | car.chance(0.3)
    doors[:, 2] = torch.where(two, middle, doors[:, 2])
    gap = _GAP / car.length[:, None] * torch.where(car.chance(0.3), 0.0, car.between(0.6, 1.6))[:, None]
    edges = [end + shift for ends in _recesses(car) for end in ends for shift in (-0.001, 0.001)]
    u = torch.cat([plain, *arches, *edges, doors - gap, doors + gap], 1)
    is_gap = torch.zeros_like(u, dtype=torch.bool)
    is_gap[:, -6:-3] = gap > 0
    u, order = u.clamp(0, 1).sort(1)
    return u, is_gap.gather(1, order)


def _body_slots(car: Car, gap: Tensor, deep: Tensor) -> Tensor:
    """Paints [B, S - 1, 30] of the body's cells; gap, deep: [B, S] bool, beside doors and in cockpits and beds."""
    rows = torch.full((car.batch, len(_RING_Y) - 1), BODY)
    rows[:, :2] = DARK
    cladding = car.chance(0.5, "SUV", "pickup", "off-roader") | car.chance(0.12)
    rows[:, _LIP] = torch.where(cladding | car.chance(0.2), TRIM, BODY)
    rows[:, _LIP + 1] = torch.where(cladding, TRIM, BODY)
    low = slice(_LIP, _STRIP + 1)
    rows[:, low] = torch.where(car.chance(0.08)[:, None], SECOND, rows[:, low])
    rows[:, _STRIP] = torch.where(car.chance(0.12), TRIM, rows[:, _STRIP])
    rows[:, _STRIPE] = torch.where(car.chance(0.2, "sports", "hatchback", "muscle", "racing", "coupe"), SECOND, BODY)
    cells = rows[:, None].expand(-1, gap.shape[1] - 1, -1).clone()
    cells[..., _SIDE] = torch.where(gap[:, :-1, None], DARK, cells[..., _SIDE])
    inside = (deep[:, :-1] | deep[:, 1:])[..., None]
    cells[..., 11:] = torch.where(inside, INTERIOR, cells[..., 11:])
    return torch.cat([cells, cells.flip(2)], 2)


def add_cabin(kit: Kit, car: Car, present: Tensor) -> None:
    """Adds windows and roof: rings around the cabin, from the lower edge of the windows upwards."""
    along, across = _plan(car)
    waist = car.half((car.cowl + car.rear)[:, None] / 2)[:, 0] * torch.lerp(
        car.between(0.86, 0.92), car.between(0.9, 0.97), car.boxy
    )
    upright = car.is_kind["van"] | car.is_kind["minibus"] | car.is_kind["off-roader"] | car.is_kind["vintage"]
    roof = waist * torch.where(upright, car.between(0.86, 0.97), car.between(0.7, 0.84))
    low, edge = car.belt - 0.05, car.height - car.between(0.05, 0.1)
    bow = (0.09 - 0.07 * car.boxy)[:, None] * (1 - across.square()) * ((along < 0.01).float() - (along > 0.99).float())
    narrow = 1 - (0.07 * (along - 0.35).clamp(min=0) + 0.06 * (0.2 - along).clamp(min=0)) * (1.3 - car.boxy)[:, None]
    arch = car.between(0.03, 0.14)[:, None] * (1.2 - car.boxy)[:, None]
    levels = []
    for rise, inset in _LEVELS:
        start = car.cowl + rise * (car.roof_start - car.cowl)
        end = car.rear + rise * (car.roof_end - car.rear)
        u = ((start + end) / 2)[:, None] + (end - start)[:, None] * (along - 0.5) * inset
        x = car.x(u) + bow * min(1.0, 1.2 - rise)
        wall = min(rise, 1.0)
        side = torch.lerp(waist, roof, wall) * (1 + 0.07 * wall * (1 - wall))
        height = (low + (edge - low) * rise)[:, None] - arch * rise**2 * ((along - 0.45) / 0.55).square() * inset
        levels.append(torch.stack([x, side[:, None] * narrow * across * inset, height], -1))
    kit.add_hull(_cabin_slots(car), torch.stack(levels, 1), present=present)


def _plan(car: Car) -> tuple[Tensor, Tensor]:
    """A ring around the cabin from above: windscreen, left side, rear window, right side.

    Returns:
        along [B, 30], 0 at the windscreen .. 1 at the rear window; across [B, 30], -1 right .. 1 left.
    """
    posts = _posts(car)
    screen = torch.tensor(_SCREEN).expand(car.batch, -1)
    along = torch.cat([torch.zeros_like(screen), posts, torch.ones_like(screen), posts.flip(1)], 1)
    across = torch.cat([screen, torch.ones_like(posts), -screen, -torch.ones_like(posts)], 1)
    return along, across


def _posts(car: Car) -> Tensor:
    """Where along the cabin's side the posts between the windows begin and end, [B, 9] in 0..1."""
    usual = torch.tensor([0.0, 0.05, 0.44, 0.48, 0.8, 0.83, 0.93, 0.97, 1.0])
    coupe = torch.tensor([0.0, 0.06, 0.58, 0.61, 0.86, 0.88, 0.9, 0.95, 1.0])
    van = torch.tensor([0.0, 0.06, 0.3, 0.34, 0.6, 0.64, 0.93, 0.97, 1.0])
    even = torch.tensor([0.0, 0.03, 0.24, 0.26, 0.5, 0.52, 0.74, 0.76, 1.0])
    two = car.is_kind["sports"] | car.is_kind["coupe"] | car.is_kind["muscle"] | car.is_kind["racing"]
    two = (two | car.chance(0.3, "hatchback", "toy", "city car", "vintage"))[:, None]
    posts = torch.where(two, coupe, torch.where(car.is_kind["van"][:, None], van, usual))
    posts = torch.where((car.is_kind["minibus"] | car.is_kind["limousine"])[:, None], even, posts)
    shift = torch.zeros_like(posts)
    shift[:, 2:6] = car.between(-0.03, 0.03)[:, None]
    return posts + shift


def _cabin_slots(car: Car) -> Tensor:
    """Paints [B, 6, 30] of the cabin's cells."""
    screen, sides = len(_SCREEN), _POSTS
    count = 2 * (screen + sides)
    cells = torch.full((car.batch, len(_LEVELS) - 1, count), BODY)
    cloth = car.chance(0.3, "vintage", "off-roader")
    roof = torch.where(car.chance(0.08) | cloth, SECOND, torch.where(car.chance(0.06), TRIM, BODY))
    cells[:, 3:] = roof[:, None, None]
    cells[:, 4:] = torch.where(car.chance(0.06), GLASS, cells[:, 4, 0])[:, None, None]
    closed = car.chance(0.5, "van")
    window = torch.zeros(car.batch, count, dtype=torch.bool)
    window[:, 1 : screen - 1] = True
    window[:, screen + sides + 1 : 2 * screen + sides - 1] = ~car.chance(0.3, "van")[:, None]
    buses = car.is_kind["minibus"] | car.is_kind["limousine"]
    for segment, present in ((1, True), (3, ~closed), (5, ~closed & ~car.chance(0.4)), (7, buses)):
        window[:, screen + segment] = present
        window[:, count - 2 - segment] = present
    post = torch.zeros(count, dtype=torch.bool)
    post[[screen + 2, screen + 4, count - 4, count - 6]] = True
    black = (car.chance(0.5) & ~closed)[:, None] & post
    cells[:, 1] = torch.where(window, GLASS, torch.where(black, TRIM, BODY))
    return cells
