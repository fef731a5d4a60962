"""Seat and back of a chair from one sheet: bent plywood, plastic or cloth in a frame.

Legend: B objects, S stations across the chair, M points of a ring, N points along the sheet.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.rendering.noise import chance, uniform

_ACROSS = (-1.0, -0.96, -0.7, -0.35, 0.0, 0.35, 0.7, 0.96, 1.0)
_BEND, _STRAIGHT = 8, 5  # points along the bend and along the seat and the back


def add_shell(
    kit: Kit, generator: Generator, sizes: dict[str, Tensor], *, slot: int, frame: int, present: Tensor
) -> None:
    """A sheet from the front of the seat to the top of the back, and for some of them the tubes that hold it."""
    batch = kit.batch
    path = _path(generator, sizes)  # [B, N, 2] x, z
    step = torch.cat([path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1)
    normal = normalize(torch.stack([step[..., 1], -step[..., 0]], -1), dim=-1)
    thick = uniform(generator, batch, 1, 1, low=0.01, high=0.045)
    ring = torch.cat([path + normal * thick / 2, (path - normal * thick / 2).flip(1)], 1)  # [B, M, 2]
    along = torch.linspace(0, 1, path.shape[1])
    along = torch.cat([along, along.flip(0)])
    across = torch.tensor(_ACROSS)[:, None]
    narrow = 1 - uniform(generator, batch, low=-0.05, high=0.25)[:, None, None] * along.square()
    round_top = 1 - 0.25 * chance(generator, 0.5, batch)[:, None, None] * ((along - 0.85) / 0.15).clamp(min=0).square()
    y = sizes["width"][:, None, None] / 2 * across * narrow * round_top
    dish = uniform(generator, batch, low=0.0, high=0.06)[:, None, None] * across.square()
    facing = torch.cat([-normal, -normal.flip(1)], 1)[:, None]  # to the sitter
    outline = ring[:, None] + dish[..., None] * facing
    kit.hull(torch.tensor(slot), torch.stack([outline[..., 0], y, outline[..., 1]], -1), present=present)
    edge = y[:, -1] + 0.005
    held = present & chance(generator, 0.4, batch)
    for start in range(0, path.shape[1] - 1, 2):
        ends = [(path[:, at, 0], edge[:, at], path[:, at, 1]) for at in (start, start + 2)]
        kit.rod(frame, ends[0], ends[1], 0.013, present=held, mirror=True)


def _path(generator: Generator, sizes: dict[str, Tensor]) -> Tensor:
    """Points [B, N, 2] (x, z) along the middle of the sheet, from the front of the seat to the top of the back."""
    batch = len(sizes["height"])
    tilt, radius = sizes["tilt"], uniform(generator, batch, low=0.05, high=0.16)
    lean = uniform(generator, batch, low=0.0, high=0.12)  # of the seat
    first, last = torch.pi + lean, torch.pi / 2 + tilt  # directions at seat and back
    turn = torch.linspace(0, 1, _BEND)
    share = torch.cat([torch.zeros(_STRAIGHT), turn, torch.ones(_STRAIGHT)])
    heading = first[:, None] + (last - first)[:, None] * share  # [B, N]
    seat = ((sizes["depth"] - radius) / _STRAIGHT)[:, None].expand(-1, _STRAIGHT)
    bend = (radius * 1.4 / _BEND)[:, None].expand(-1, _BEND)
    back = ((sizes["back"] - radius * 0.7) / _STRAIGHT)[:, None].expand(-1, _STRAIGHT)
    length = torch.cat([seat, bend, back], 1)
    step = torch.stack([heading.cos() * length, heading.sin() * length], -1)
    front = torch.stack([sizes["depth"] / 2, sizes["height"]], -1)
    lip = front + torch.tensor([0.03, -0.025])
    return torch.cat([torch.stack([lip, front], 1), front[:, None] + step.cumsum(1)], 1)[:, :-1]
