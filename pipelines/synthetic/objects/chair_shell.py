"""Seat and back of a chair from one sheet: bent plywood, plastic or cloth in a frame.

`chairs.add_chairs` calls `add_shell`. x forward, y left, z up, metres.

Legend: B objects, S stations across the chair, M points of a ring, N points along the sheet.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.objects.chair_measures import METAL, SEAT, Chair
from pipelines.synthetic.objects.kit import Kit

_ACROSS = (-1.0, -0.96, -0.7, -0.35, 0.0, 0.35, 0.7, 0.96, 1.0)  # stations in half widths
_BEND, _STRAIGHT = 8, 5  # points along the bend and along the seat and the back


def add_shell(kit: Kit, chair: Chair) -> None:
    """A sheet from the front of the seat to the top of the back of one-piece chairs, some with tubes along its sides.

         |
         |
    .___/        from the side; a cross-section may be dished towards the sitter
    """
    path = _sample_path(chair)  # [B, N, 2] x, z
    step = torch.cat([path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1)
    normal = normalize(torch.stack([step[..., 1], -step[..., 0]], -1), dim=-1)
    thick = chair.between(0.01, 0.045)[:, None, None]
    ring = torch.cat([path + normal * thick / 2, (path - normal * thick / 2).flip(1)], 1)  # [B, M, 2]
    along = torch.linspace(0, 1, path.shape[1])
    along = torch.cat([along, along.flip(0)])
    across = torch.tensor(_ACROSS)[:, None]
    narrow = 1 - chair.between(-0.05, 0.25)[:, None, None] * along.square()
    round_top = 1 - 0.25 * chair.chance(0.5)[:, None, None] * ((along - 0.85) / 0.15).clamp(min=0).square()
    y = chair.width[:, None, None] / 2 * across * narrow * round_top
    dish = chair.between(0.0, 0.06)[:, None, None] * across.square()
    facing = torch.cat([-normal, -normal.flip(1)], 1)[:, None]  # to the sitter
    outline = ring[:, None] + dish[..., None] * facing  # [B, S, M, 2]
    grid = torch.stack([outline[..., 0], y, outline[..., 1]], -1)
    kit.add_hull(torch.tensor(SEAT), grid, present=chair.one_piece)
    edge = y[:, -1] + 0.005
    held = chair.one_piece & chair.chance(0.4)
    for start in range(0, path.shape[1] - 1, 2):
        ends = [(path[:, at, 0], edge[:, at], path[:, at, 1]) for at in (start, start + 2)]
        kit.add_rod(METAL, ends[0], ends[1], 0.013, present=held, mirror=True)


def _sample_path(chair: Chair) -> Tensor:
    """Points [B, N, 2] (x, z) along the middle of the sheet, from the front of the seat to the top of the back."""
    radius = chair.between(0.05, 0.16)  # of the bend
    lean = chair.between(0.0, 0.12)  # of the seat, radians
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
