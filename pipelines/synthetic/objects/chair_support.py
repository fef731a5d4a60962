"""What chairs stand on: legs, sleds, stars of castors, pedestals, rockers, crossed frames, plinths, panels, wires.

`chairs.add_chairs` calls `add_support`. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import DARK, FRAME, METAL, PLINTH, Chair
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_arc, make_path, round_corners


def add_support(kit: Kit, chair: Chair) -> None:
    """The support that each chair has, up to the lower side of its seat."""
    block = chair.has("seat", "block")
    under = chair.height - torch.where(block, 0.9, 0.5) * chair.thick
    add_star(kit, chair, under, chair.has("support", "star"))
    _add_pedestals(kit, chair, under)
    _add_legs(kit, chair, under)
    _add_sleds(kit, chair, under)
    _add_cantilever(kit, chair, under)
    _add_crossed(kit, chair, under)
    _add_wires(kit, chair, under)
    _add_solid(kit, chair, under)


def _feet(chair: Chair) -> tuple[Tensor, Tensor, Tensor]:
    """Distance of the upper ends of legs from the middle along x and y, and how far feet stand outside of them."""
    inset = chair.between(0.015, 0.05)
    narrow = torch.where(chair.has("seat", "disc", "bucket"), 0.68, 1.0)
    splay = chair.between(-0.01, 0.12) * chair.chance(0.6) * chair.height
    return (chair.depth / 2 - inset) * narrow, (chair.width / 2 - inset) * narrow, splay


def _add_legs(kit: Kit, chair: Chair, under: Tensor) -> None:
    """Four legs, round, turned or square, some with rungs, some with rails below the seat, some on rockers."""
    kinds = ("legs", "turned", "square", "rockers")
    legs = chair.has("support", *kinds)
    if not legs.any():
        return
    x, y, splay = _feet(chair)
    square, turned = chair.has("support", "square"), chair.has("support", "turned")
    splay = splay * ~square
    thick = torch.where(chair.chance(0.3), chair.between(0.006, 0.011), chair.between(0.012, 0.026))
    tip = thick * chair.between(0.5, 1.0)
    foot_x, foot_y = x + splay * 1.2, y + splay
    low = torch.where(chair.has("support", "rockers"), 0.05, 0.0)
    slot, round_leg = FRAME, legs & ~square & ~turned
    for sign in (-1, 1):
        top, foot = (sign * x, y, under), (sign * foot_x, foot_y, low)
        kit.add_rod(slot, foot, top, tip, end_radius=thick, present=round_leg, mirror=True)
        half = (under - low) / 2
        kit.add_box(
            slot,
            (sign * x, y, low + half),
            (thick, thick, half),
            taper=0.15,
            radius=0.004,
            present=legs & square,
            mirror=True,
        )
        _add_turned(kit, chair, (sign * x, y), under, thick, legs & turned)
    rungs = legs & (chair.chance(0.35) | (chair.height > 0.55) | turned & chair.chance(0.5))
    level = under * chair.between(0.2, 0.6)
    rest = 1 - level / under
    at_x, at_y = x + splay * 1.2 * rest, y + splay * rest
    kit.add_rod(slot, (-at_x, at_y, level), (at_x, at_y, level), thick * 0.6, present=rungs, mirror=True)
    cross = chair.chance(0.4)
    for sign in (-1, 1):
        place = torch.where(cross, 0.0, sign * at_x)
        kit.add_rod(slot, (place, -at_y, level), (place, at_y, level), thick * 0.6, present=rungs)
    rails = legs & chair.chance(0.4) & chair.has("seat", "board", "cushion", "caned", "slats")
    tall = chair.between(0.02, 0.04)
    level = chair.height - chair.thick - tall
    for sign in (-1, 1):
        kit.add_box(slot, (sign * x, 0.0, level), (0.01, y, tall), radius=0.004, present=rails)
    kit.add_box(slot, (0.0, y, level), (x, 0.01, tall), radius=0.004, present=rails, mirror=True)
    rockers = chair.has("support", "rockers")
    points = [
        (sign * reach, foot_y, lift)
        for sign, reach, lift in (
            (-1, foot_x + 0.22, 0.1),
            (-1, foot_x * 0.7, 0.01),
            (1, foot_x * 0.7, 0.01),
            (1, foot_x + 0.14, 0.07),
        )
    ]
    path = make_path(points, chair.batch, rounds=2)
    kit.add_tube(slot, path, torch.clamp(thick, min=0.012), sides=6, present=rockers, mirror=True)


def _add_turned(
    kit: Kit, chair: Chair, place: tuple[Tensor, Tensor], top: Tensor, thick: Tensor, present: Tensor
) -> None:
    """Turned legs with rings and a foot."""
    shape = (
        (0.0, 0.55),
        (0.05, 0.75),
        (0.1, 0.45),
        (0.45, 1.0),
        (0.6, 0.7),
        (0.64, 1.1),
        (0.68, 0.7),
        (0.78, 1.2),
        (1.0, 1.2),
    )
    profile = [(thick * radius, top * share) for share, radius in shape]
    kit.add_lathe(FRAME, (*place, 0.0), profile, sides=9, present=present, mirror=True)


def _add_sleds(kit: Kit, chair: Chair, under: Tensor) -> None:
    """Bent tubes that run from the seat to the floor, along it and up again on either side."""
    present = chair.has("support", "sled")
    if not present.any():
        return
    x, y, splay = _feet(chair)
    radius = chair.between(0.007, 0.014)
    lean = chair.between(-0.03, 0.06)
    bottom = radius
    points = [(x - 0.02, y, under), (x + splay, y, bottom), (-x - splay - lean, y, bottom), (-x + 0.02, y, under)]
    path = make_path(points, chair.batch, rounds=0)
    kit.add_tube(METAL, _bevel(path), radius, sides=7, present=present, mirror=True)
    for share in (0.92, -0.92):
        place = share * x
        kit.add_rod(METAL, (place, -y, under - 0.005), (place, y, under - 0.005), radius, present=present)
    cross = present & chair.chance(0.5)
    kit.add_rod(METAL, (-x - splay, -y, bottom), (-x - splay, y, bottom), radius, present=cross)


def _bevel(path: Tensor, share: float = 0.18) -> Tensor:
    """Path [B, P, 3] with each inner corner replaced by a short bend: straight runs stay straight."""
    points = [path[:, :1]]
    for number in range(1, path.shape[1] - 1):
        here = path[:, number]
        before, after = path[:, number - 1] - here, path[:, number + 1] - here
        reach = share * torch.minimum(before.norm(dim=-1), after.norm(dim=-1))[:, None]
        ends = [here + reach * torch.nn.functional.normalize(way, dim=-1) for way in (before, after)]
        points.append(round_corners(torch.stack([ends[0], here, ends[1]], 1), 1))
    return torch.cat([*points, path[:, -1:]], 1)


def _add_cantilever(kit: Kit, chair: Chair, under: Tensor) -> None:
    """A tube on the floor that rises at the front only and carries the seat from there."""
    present = chair.has("support", "cantilever")
    if not present.any():
        return
    x, y = chair.depth / 2, chair.width / 2 - 0.01
    radius = chair.between(0.009, 0.016)
    lean = chair.between(0.0, 0.08)
    points = [
        (-x - 0.03, 0.0, radius),
        (-x - 0.03, y, radius),
        (x + lean, y, radius),
        (x, y, under),
        (-x * 0.9, y, under),
    ]
    path = _bevel(make_path(points, chair.batch), 0.14)
    normal = (0.0, 0.2, 1.0)
    kit.add_tube(METAL, path[:, :5], radius, normal=normal, sides=7, present=present, mirror=True)
    kit.add_tube(METAL, path[:, 4:], radius, sides=7, present=present, mirror=True)


def _add_crossed(kit: Kit, chair: Chair, under: Tensor) -> None:
    """Two frames on either side that cross, as under folding and deck chairs."""
    present = chair.has("support", "crossed")
    if not present.any():
        return
    x, y = chair.depth / 2, chair.width / 2
    thick = chair.between(0.008, 0.016)
    flat = chair.chance(0.5)
    for sign, side in ((1, y - 0.012), (-1, y - 0.04)):
        foot, top = (sign * (x + 0.05), side, 0.0), (-sign * x * 0.85, side, under)
        kit.add_rod(FRAME, foot, top, thick, present=present & ~flat, mirror=True)
        path = make_path([foot, top], chair.batch)
        kit.add_tube(FRAME, path, thick * 0.7, flat=2.2, sides=4, present=present & flat, mirror=True)
        place = sign * (x + 0.02)
        kit.add_rod(FRAME, (place, -side, 0.05), (place, side, 0.05), thick * 0.8, present=present)


def _add_wires(kit: Kit, chair: Chair, under: Tensor) -> None:
    """Thin rods that lean against each other under shells."""
    present = chair.has("support", "wires")
    if not present.any():
        return
    x, y = chair.depth * 0.48, chair.width * 0.42
    radius = chair.between(0.005, 0.009)
    wooden = chair.chance(0.5)
    for sign in (-1, 1):
        foot, inner = (sign * x, y, 0.0), (sign * x * 0.35, y * 0.45, under)
        leg = torch.where(wooden, radius * 2.2, radius)
        kit.add_rod(FRAME, foot, inner, leg, present=present, mirror=True)
        kit.add_rod(
            METAL,
            (sign * x * 0.8, y * 0.85, under * 0.3),
            (-sign * x * 0.2, y * 0.3, under),
            radius,
            present=present,
            mirror=True,
        )
        kit.add_rod(
            METAL,
            (sign * x * 0.75, y * 0.8, under * 0.38),
            (sign * x * 0.3, -y * 0.3, under * 0.9),
            radius,
            present=present,
            mirror=True,
        )
    kit.add_box(DARK, (0.0, 0.0, under), (x * 0.5, y * 0.5, 0.012), radius=0.01, present=present)


def _add_pedestals(kit: Kit, chair: Chair, under: Tensor) -> None:
    """A column on a plate, or one that flares like a trumpet."""
    plate, trumpet = chair.has("support", "pedestal"), chair.has("support", "trumpet")
    radius = chair.between(0.17, 0.26)
    thin = chair.between(0.02, 0.04)
    kit.add_rod(METAL, (0.0, 0.0, 0.0), (0.0, 0.0, 0.02), radius, end_radius=radius * 0.9, present=plate, round=True)
    kit.add_rod(METAL, (0.0, 0.0, 0.02), (0.0, 0.0, under), thin, present=plate)
    shape = (
        (1.0, 0.0),
        (1.0, 0.01),
        (0.8, 0.035),
        (0.45, 0.09),
        (0.22, 0.2),
        (0.15, 0.45),
        (0.17, 0.75),
        (0.3, 0.93),
        (0.6, 1.0),
    )
    profile = [(radius * share, under * height) for share, height in shape]
    kit.add_lathe(PLINTH, (0.0, 0.0, 0.0), profile, present=trumpet)
    ring = plate & (chair.height > 0.55) & chair.chance(0.6)
    if ring.any():
        hoop = make_arc(
            (0.0, 0.0, under * 0.35),
            (1, 0, 0),
            (0, 1, 0),
            (radius * 0.8, radius * 0.8),
            (0.0, 2 * math.pi),
            batch=chair.batch,
            points=19,
        )
        kit.add_tube(METAL, hoop, 0.011, normal=(0.0, 0.0, 1.0), sides=6, present=ring)
        kit.add_rod(METAL, (-radius * 0.8, 0.0, under * 0.35), (radius * 0.8, 0.0, under * 0.35), 0.009, present=ring)


def _add_solid(kit: Kit, chair: Chair, under: Tensor) -> None:
    """A plinth below the whole seat, or a panel on either side."""
    plinth, panels = chair.has("support", "plinth"), chair.has("support", "panels")
    gap = chair.between(0.0, 0.04)
    half = (chair.depth / 2 - gap, chair.width / 2 - gap, under / 2)
    kit.add_box(PLINTH, (0.0, 0.0, under / 2), half, radius=0.01, present=plinth)
    thick = chair.between(0.012, 0.04)
    half = (chair.depth / 2, thick, under / 2)
    kit.add_box(FRAME, (0.0, chair.width / 2 - thick, under / 2), half, radius=0.005, present=panels, mirror=True)
    half = (thick, chair.width / 2 - thick, under * 0.25)
    kit.add_box(FRAME, (0.0, 0.0, under * 0.7), half, radius=0.005, present=panels & chair.chance(0.5))


def add_star(kit: Kit, chair: Chair, under: Tensor, star: Tensor) -> None:
    """Four or five spokes on castors or plain feet and a column up to `under`, where `star` is true."""
    if not star.any():
        return
    reach = chair.between(0.24, 0.34)
    castors = chair.chance(0.75)
    foot = torch.where(castors, 0.075, 0.02)  # height of the spokes' tips
    hub = foot + chair.between(0.0, 0.06)
    four, bent = chair.chance(0.25), chair.chance(0.35)
    first = torch.pi * chair.chance(0.5)
    thick = chair.between(0.7, 1.2)
    for number in range(5):
        angle = first + 2 * math.pi * number / torch.where(four, 4.0, 5.0) + torch.where(four, torch.pi / 4, 0.0)
        present = star & ~(four & (number == 4))
        across, along = angle.cos(), angle.sin()
        tip = (reach * across, reach * along, foot)
        knee = (reach * 0.9 * across, reach * 0.9 * along, hub + 0.035)
        kit.add_rod(METAL, (0.0, 0.0, hub), tip, 0.024 * thick, end_radius=0.014, present=present & ~bent)
        kit.add_rod(METAL, (0.0, 0.0, hub + 0.03), knee, 0.016 * thick, end_radius=0.013, present=present & bent)
        kit.add_rod(METAL, knee, tip, 0.013, end_radius=0.011, present=present & bent)
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
