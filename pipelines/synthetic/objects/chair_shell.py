"""Seat and back of a chair from one sheet: plywood, plastic, cloth in a frame, wires - or a bag of beans.

`chairs.add_chairs` calls `add_shell` and `add_bag`. x forward, y left, z up, metres.

Legend: B objects, S stations across the chair, M points of a ring, N points along the sheet.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.objects.chair_measures import FRAME, METAL, SEAT, Chair
from pipelines.synthetic.objects.kit import Kit

_ACROSS = (-1.0, -0.96, -0.8, -0.55, -0.3, 0.0, 0.3, 0.55, 0.8, 0.96, 1.0)  # stations in half widths
_BEND, _STRAIGHT = 8, 5  # points along the bend and along the seat and the back


def add_shell(kit: Kit, chair: Chair) -> None:
    """A sheet from the front of the seat to the top of the back of one-piece chairs.

         |
         |
    .___/        from the side; a cross-section may be dished towards the sitter, that of a bucket is
    """
    sling, bucket, wires = (chair.has("seat", name) for name in ("sling", "bucket", "wires"))
    present = chair.has("seat", "shell") | sling | bucket | wires
    if not present.any():
        return
    path = _sample_path(chair, sling)  # [B, N, 2] x, z
    step = torch.cat([path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1)
    normal = normalize(torch.stack([step[..., 1], -step[..., 0]], -1), dim=-1)
    thick = torch.where(sling, 0.008, torch.where(chair.soft, chair.between(0.03, 0.08), chair.between(0.008, 0.03)))
    thick = thick[:, None, None]
    half = path.shape[1]
    along = torch.linspace(0, 1, half)
    across = torch.tensor(_ACROSS)[:, None]
    narrow = 1 - (chair.between(-0.05, 0.25) * ~sling)[:, None, None] * along.square()
    rounded = torch.where(bucket, chair.between(0.25, 0.6), 0.25 * chair.chance(0.5) * ~sling)[:, None, None]
    round_top = (1 - rounded * ((along - 0.75) / 0.25).clamp(min=0).square()) * (
        1 - 0.7 * rounded * ((0.18 - along) / 0.18).clamp(min=0).square()
    )
    y = chair.width[:, None, None] / 2 * across * narrow * round_top  # [B, S, N]
    depth = torch.where(bucket, chair.between(0.07, 0.2), chair.between(0.0, 0.06))
    depth = torch.where(sling, -chair.between(0.0, 0.03), depth)[:, None, None]
    waist = torch.where(bucket[:, None, None], 0.5 + 0.5 * torch.sin(torch.pi * along.clamp(0.05, 0.95)), 1.0)
    dish = depth * across.square() * waist
    middle = path[:, None] + dish[..., None] * normal[:, None]  # [B, S, N, 2]
    spread = normal[:, None] * thick[..., None] / 2
    outline = torch.cat([middle + spread, (middle - spread).flip(2)], 2)
    grid = torch.stack([outline[..., 0], torch.cat([y, y.flip(2)], 2), outline[..., 1]], -1)
    kit.add_hull(torch.tensor(SEAT), grid, present=present & ~wires)
    edge = torch.stack([middle[:, -1, :, 0], y[:, -1] + 0.004, middle[:, -1, :, 1]], -1)
    held = present & ~bucket & ~wires & (chair.chance(0.3) | sling)
    kit.add_tube(METAL, edge, chair.between(0.008, 0.018), sides=6, present=held, mirror=True)
    for at in (1, half // 2 + 2, half - 2):
        ends = [(edge[:, at, 0], sign * edge[:, at, 1], edge[:, at, 2] - 0.004) for sign in (-1, 1)]
        kit.add_rod(METAL, ends[0], ends[1], 0.009, present=held & sling)
    _add_wires(kit, torch.stack([middle[..., 0], y, middle[..., 1]], -1), wires)


def _add_wires(kit: Kit, grid: Tensor, present: Tensor) -> None:
    """A net of thin rods in the place of the sheet's points [B, S, N, 3], with a stronger rim."""
    if not present.any():
        return
    for row in range(grid.shape[1]):
        radius = 0.007 if row in (0, grid.shape[1] - 1) else 0.003
        kit.add_tube(METAL, grid[:, row], radius, sides=4, present=present)
    for column in range(0, grid.shape[2], 2):
        radius = 0.007 if column in (0, grid.shape[2] - 1) else 0.003
        kit.add_tube(METAL, grid[:, :, column], radius, normal=(0.6, 0.0, 0.8), sides=4, present=present)


def _sample_path(chair: Chair, sling: Tensor) -> Tensor:
    """Points [B, N, 2] (x, z) along the middle of the sheet, from the front of the seat to the top of the back."""
    radius = torch.where(sling, chair.between(0.03, 0.1), chair.between(0.05, 0.16))  # of the bend
    lean = chair.between(0.0, 0.12) + 0.15 * sling * (chair.tilt > 0.4)  # of the seat, radians
    first, last = torch.pi + lean, torch.pi / 2 + chair.tilt  # directions at seat and back
    turn = torch.linspace(0, 1, _BEND)
    share = torch.cat([torch.zeros(_STRAIGHT), turn, torch.ones(_STRAIGHT)])
    heading = first[:, None] + (last - first)[:, None] * share  # [B, N]
    seat = ((chair.depth - radius) / _STRAIGHT)[:, None].expand(-1, _STRAIGHT)
    bend = (radius * 1.4 / _BEND)[:, None].expand(-1, _BEND)
    back = ((chair.back - radius * 0.7) / _STRAIGHT)[:, None].expand(-1, _STRAIGHT)
    length = torch.cat([seat, bend, back], 1)
    step = torch.stack([heading.cos() * length, heading.sin() * length], -1)
    front = torch.stack([chair.depth / 2, chair.height], -1)
    lip = front + torch.tensor([0.03, -0.025])
    return torch.cat([torch.stack([lip, front], 1), front[:, None] + step.cumsum(1)], 1)[:, :-1]


def add_bag(kit: Kit, chair: Chair) -> None:
    """A soft bag on the floor: wide below, drawn to one side above."""
    present = chair.has("seat", "bag")
    if not present.any():
        return
    tall = chair.height + chair.back * chair.between(0.5, 1.0)
    shape = (
        (0.0, 0.75),
        (0.02, 0.9),
        (0.12, 1.0),
        (0.3, 1.0),
        (0.5, 0.86),
        (0.7, 0.6),
        (0.85, 0.4),
        (0.95, 0.2),
        (1.0, 0.05),
    )
    angle = torch.arange(24) * (2 * torch.pi / 24)
    lean = chair.between(0.0, 0.5)[:, None]
    dent = chair.between(0.0, 0.35)[:, None]
    rings = []
    for rise, share in shape:
        wobble = 1 + 0.03 * torch.sin(5 * angle + 9 * rise)
        front = 1 - dent * torch.cos(angle).clamp(min=0) * (rise > 0.4) * rise
        x = chair.depth[:, None] / 2 * share * angle.cos() * wobble * front - lean * chair.depth[:, None] * rise**2 / 2
        y = (chair.width[:, None] / 2 * share * wobble * angle.sin()).expand_as(x)
        rings.append(torch.stack([x, y, (tall[:, None] * rise).expand_as(x)], -1))
    kit.add_hull(torch.tensor(SEAT), torch.stack(rings, 1), present=present)
    kit.add_rod(
        FRAME,
        (-lean[:, 0] * chair.depth / 2, 0.0, tall * 0.98),
        (-lean[:, 0] * chair.depth / 2, 0.0, tall * 1.04),
        0.02,
        present=present & chair.chance(0.5),
    )
