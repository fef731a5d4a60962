"""Vessels, planes, boats and animals.

`assemblies.add_assemblies` calls these functions with the objects that they are for. Paints are numbered 0 to 5
and have no meaning. x forward, y left, z up.

Legend: B objects; tensors without a shape are [B].
"""

import math

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.lofts import add_loft
from pipelines.synthetic.objects.paths import make_arc, make_path
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotation_about


def add_vessels(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Bottles, vases, bowls, pots and cups: turned bodies, some with a handle, a spout, a lid."""
    batch = kit.batch
    count = 9
    radius = (0.15 + 0.35 * uniform(generator, batch, count)).cumsum(1) / torch.arange(1, count + 1)  # changes slowly
    radius = radius + 0.12 * torch.sin(uniform(generator, batch, 1, high=6.3) + torch.linspace(0, 4, count))
    neck = uniform(generator, batch, low=0.3, high=1.2)[:, None] * (torch.linspace(0, 1, count) > 0.65)
    radius = (radius * torch.where(neck > 0, neck, 1.0)).clamp(min=0.05)
    tall = uniform(generator, batch, low=0.3, high=1.3)
    profile = [(radius[:, 0] * 0.85, 0.0)] + [(radius[:, n], tall * (n + 0.3) / count) for n in range(count)]
    open_ = chance(generator, 0.6, batch)
    rim = radius[:, -1]
    inner = [
        (rim * 0.88, tall * (count - 0.6) / count),
        (rim * 0.8, tall * torch.where(open_, 0.4, 0.97)),
        (0.01, tall * torch.where(open_, 0.38, 1.0)),
    ]
    kit.add_lathe(0, (0.0, 0.0, 0.0), [*profile, *inner], sides=26, present=present)
    handle = present & chance(generator, 0.4, batch)
    middle = radius[:, count // 2]
    arc = make_arc(
        (-middle * 0.9, 0.0, tall * 0.5), (-1, 0, 0), (0, 0, 1), (middle * 0.8, tall * 0.3), (-1.5, 1.5), batch=batch
    )
    kit.add_tube(1, arc, 0.035, present=handle)
    spout = present & chance(generator, 0.2, batch)
    path = make_path(
        [(middle * 0.7, 0.0, tall * 0.4), (middle * 1.4, 0.0, tall * 0.55), (middle * 1.8, 0.0, tall * 0.95)],
        batch,
        rounds=2,
    )
    kit.add_tube(1, path, 0.04, present=spout)
    lid = present & ~open_ & chance(generator, 0.5, batch)
    cap = [(rim * 1.05, 0.0), (rim * 1.05, 0.03), (rim * 0.5, 0.08), (0.04, 0.09), (0.05, 0.14), (0.01, 0.16)]
    kit.add_lathe(2, (0.0, 0.0, tall * 0.97), cap, present=lid)


def add_planes(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Aeroplanes: a fuselage, wings, a tail, engines."""
    batch = kit.batch
    radius = uniform(generator, batch, low=0.09, high=0.16)
    stations = [
        (x, radius * share, radius * low, radius * high)
        for x, share, low, high in (
            (1.0, 0.08, -0.15, 0.0),
            (0.93, 0.5, -0.6, 0.4),
            (0.8, 0.95, -1.0, 0.95),
            (0.2, 1.0, -1.0, 1.0),
            (-0.4, 0.95, -0.9, 1.0),
            (-0.97, 0.15, 0.3, 0.7),
        )
    ]
    add_loft(kit, 0, stations, square=2.0, present=present)
    span, sweep = uniform(generator, batch, low=0.7, high=1.3), uniform(generator, batch, low=0.0, high=0.6)
    chord, rise = uniform(generator, batch, low=0.2, high=0.45), uniform(generator, batch, low=-0.7, high=0.9) * radius
    _add_wing(kit, 1, (0.25 + chord / 2, rise), span, chord, sweep, present)
    tail = uniform(generator, batch, low=0.25, high=0.45)
    _add_wing(kit, 2, (torch.full_like(chord, -0.75), 0.6 * radius), tail, chord * 0.55, sweep * 0.5, present)
    rings = []
    for z, x, long in ((0.2, -0.7, 0.3), (0.9, -0.85, 0.16)):
        across = torch.tensor([-1.0, -0.3, 1.0, 1.0, -0.3, -1.0]) * long / 2 + x - 0.1
        y = torch.tensor([0.01, 0.014, 0.004, -0.004, -0.014, -0.01])
        level = radius[:, None] * z + 0.25 * (z > 0.5)
        rings.append(torch.stack([across.expand(batch, -1), y.expand(batch, -1), level.expand(-1, 6)], -1))
    kit.add_hull(torch.tensor(2), torch.stack(rings, 1), present=present)
    jets = present & chance(generator, 0.6, batch)
    for share in (0.35, 0.6):
        x = 0.3 - sweep * span * share + chord * 0.3
        ends = (x, span * share, rise - 0.06), (x - 0.22, span * share, rise - 0.06)
        kit.add_rod(
            3,
            *ends,
            0.06,
            end_radius=0.045,
            present=jets & ((share < 0.5) | chance(generator, 0.4, batch)),
            mirror=True,
            round=True,
        )
    nose = present & ~jets
    kit.add_box(4, (1.0, 0.0, -0.05 * radius), (0.01, 0.25, 0.02), radius=0.008, present=nose)
    for x, y in ((0.6, 0.0), (0.1, 0.12)):
        wheel = (x, y - 0.02, -radius - 0.1), (x, y + 0.02, -radius - 0.1)
        kit.add_rod(5, *wheel, 0.045, present=present, mirror=True)
        kit.add_rod(5, (x, y, -radius - 0.1), (x, y, -radius * 0.8), 0.012, present=present, mirror=True)


def _add_wing(
    kit: Kit, slot: int, root: tuple[Tensor, Tensor], span: Tensor, chord: Tensor, sweep: Tensor, present: Tensor
) -> None:
    """A tapered wing on either side from its root (front edge x, z)."""
    rings = []
    across, thick = (
        torch.tensor([0.0, -0.4, -1.0, -1.0, -0.4, 0.0]),
        torch.tensor([0.0, 0.06, 0.005, -0.005, -0.03, 0.0]),
    )
    for share in (0.0, 1.0):
        long = chord * (1 - 0.6 * share)
        x = (root[0] - sweep * span * share)[:, None] + long[:, None] * across
        z = (root[1] + 0.06 * share * span)[:, None] + long[:, None] * thick
        rings.append(torch.stack([x, (span * share)[:, None].expand_as(x), z], -1))
    grid = torch.stack(rings, 1)
    for sign in (1.0, -1.0):
        kit.add_hull(torch.tensor(slot), grid * torch.tensor([1.0, sign, 1.0]), present=present)


def add_boats(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Boats and ships: a hull, a deck with houses, funnels, a mast with a sail."""
    batch = kit.batch
    beam, deep = uniform(generator, batch, low=0.14, high=0.35), uniform(generator, batch, low=0.12, high=0.3)
    sheer = uniform(generator, batch, low=0.0, high=0.12)
    stations = [
        (x, beam * share, -deep * low, sheer * rise)
        for x, share, low, rise in (
            (1.0, 0.03, 0.1, 1.0),
            (0.8, 0.45, 0.75, 0.8),
            (0.4, 0.9, 1.0, 0.3),
            (-0.3, 1.0, 1.0, 0.0),
            (-0.9, 0.85, 0.9, 0.2),
            (-1.0, 0.8, 0.7, 0.25),
        )
    ]
    add_loft(kit, 0, stations, square=3.0, present=present)
    house = present & chance(generator, 0.7, batch)
    x, half = uniform(generator, batch, low=-0.6, high=0.2), uniform(generator, batch, low=0.12, high=0.35)
    tall = uniform(generator, batch, low=0.06, high=0.16)
    kit.add_box(1, (x, 0.0, tall), (half, beam * 0.7, tall), radius=0.03, taper=-0.1, present=house)
    kit.add_box(2, (x + 0.02, 0.0, tall * 1.2), (half * 0.98, beam * 0.71, tall * 0.3), radius=0.01, present=house)
    kit.add_box(
        1,
        (x, 0.0, tall * 2.5),
        (half * 0.6, beam * 0.5, tall * 0.6),
        radius=0.02,
        present=house & chance(generator, 0.5, batch),
    )
    kit.add_rod(
        3,
        (x - half * 0.4, 0.0, tall),
        (x - half * 0.5, 0.0, tall * 5),
        0.04,
        present=house & chance(generator, 0.4, batch),
    )
    mast = present & (~house | chance(generator, 0.3, batch))
    high = uniform(generator, batch, low=0.8, high=1.7)
    kit.add_rod(3, (0.1, 0.0, 0.0), (0.1, 0.0, high), 0.016, present=mast)
    sail = torch.stack(
        [
            torch.stack(
                [
                    torch.stack([torch.full_like(high, a), torch.full_like(high, side), high * b + 0.12], -1)
                    for a, b in ((0.07, 0.0), (-0.7, 0.02), (0.07, 0.9))
                ],
                1,
            )
            for side in (0.006, -0.006)
        ],
        1,
    )
    kit.add_hull(torch.tensor(4), torch.cat([sail, sail[:, :, -1:]], 2), present=mast)


def add_animals(kit: Kit, generator: Generator, present: Tensor) -> None:
    """Four legs, a body, a neck, a head with ears, a tail."""
    batch = kit.batch
    leg, fat = uniform(generator, batch, low=0.25, high=0.8), uniform(generator, batch, low=0.12, high=0.28)
    thick = fat * uniform(generator, batch, low=0.18, high=0.35)
    high = leg + fat
    stations = [
        (x, fat * share, high - fat * share, high + fat * share)
        for x, share in ((0.6, 0.3), (0.5, 0.75), (0.2, 1.0), (-0.2, 0.95), (-0.5, 0.9), (-0.62, 0.4))
    ]
    add_loft(kit, 0, stations, square=2.2, present=present)
    for x in (0.42, -0.45):
        ends = (x, fat * 0.55, 0.0), (x, fat * 0.6, high)
        kit.add_rod(0, *ends, thick * 0.7, end_radius=thick * 1.2, present=present, mirror=True)
        kit.add_rod(1, (x + 0.02, fat * 0.55, 0.0), (x + 0.02, fat * 0.55, 0.05), thick, present=present, mirror=True)
    rise, reach = uniform(generator, batch, low=0.0, high=0.7), uniform(generator, batch, low=0.15, high=0.35)
    neck = make_path(
        [
            (0.45, 0.0, high + fat * 0.3),
            (0.55 + reach * 0.4, 0.0, high + rise * 0.5),
            (0.6 + reach * 0.6, 0.0, high + fat * 0.5 + rise),
        ],
        batch,
        rounds=1,
    )
    kit.add_tube(0, neck, fat * 0.45, present=present)
    head, long = fat * uniform(generator, batch, low=0.45, high=0.7), uniform(generator, batch, low=0.12, high=0.35)
    x, z = 0.6 + reach * 0.6, high + fat * 0.5 + rise
    stations = [
        (x - head, head * 0.5, z - head * 0.5, z + head * 0.6),
        (x, head, z - head * 0.8, z + head),
        (x + long * 0.5, head * 0.75, z - head * 0.8, z + head * 0.5),
        (x + long, head * 0.45, z - head * 0.8, z),
    ]
    add_loft(kit, 0, stations, square=2.2, present=present)
    turn = rotation_about(0, torch.full_like(x, 0.4))
    kit.add_box(
        2,
        (x - head * 0.4, head * 0.7, z + head * 1.1),
        (0.02, head * 0.25, head * 0.45),
        radius=0.018,
        turn=turn,
        present=present,
        mirror=True,
    )
    kit.add_rod(
        3,
        (x + head * 0.5, head * 0.72, z + head * 0.3),
        (x + head * 0.52, head * 0.82, z + head * 0.32),
        head * 0.13,
        present=present,
        mirror=True,
    )
    path = make_path(
        [(-0.58, 0.0, high + fat * 0.3), (-0.8, 0.0, high + fat * 0.5), (-0.9, 0.0, high - fat)], batch, rounds=2
    )
    kit.add_tube(0, path, fat * 0.12, present=present & chance(generator, 0.8, batch))
    hoop = make_arc(
        (0.52, 0.0, high + fat * 0.45),
        (0, 1, 0),
        (0.3, 0, 0.6),
        (fat * 0.55, fat * 0.8),
        (0.0, 2 * math.pi),
        batch=batch,
    )
    kit.add_tube(4, hoop, 0.02, normal=(1.0, 0.0, -0.3), present=present & chance(generator, 0.2, batch))
