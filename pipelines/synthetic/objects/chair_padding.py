"""Thick backs of armchairs, wing chairs, club chairs and tubs.

`chair_back.add_back` calls `add_padding`. x forward, y left, z up, metres.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import BACK, FRAME, SEAT, Chair
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.walls import add_wall, line_around


def add_padding(kit: Kit, chair: Chair, turn: Tensor, present: Tensor) -> None:
    """Thick backs: with a loose cushion, with wings, or as a wall that runs around the seat.

    turn: [B, 3, 3] from lying flat to leaning back; present: [B] bool, the chairs with a separate back.
    """
    pillow, wing = chair.has("backrest", "pillow"), chair.has("backrest", "wing")
    wall = present & chair.has("backrest", "wrap")
    thick = chair.between(0.09, 0.18)
    padded = present & (pillow | wing)
    half = (chair.back + chair.thick) / 2
    size = (half, chair.width / 2 + 0.04, thick / 2)
    kit.add_box(
        SEAT,
        chair.place_on_back(chair.back - half, -thick / 2 + 0.03),
        size,
        radius=thick * chair.between(0.15, 0.48),
        turn=turn,
        bend=chair.between(-0.02, 0.04),
        puff=0.01,
        present=padded,
    )
    loose = padded & chair.chance(0.6)
    size = (chair.back * 0.42, chair.width * 0.45, thick * 0.4)
    kit.add_box(
        BACK,
        chair.place_on_back(chair.back * 0.55, thick * 0.4),
        size,
        radius=thick * 0.3,
        turn=turn,
        puff=0.03,
        present=loose,
    )
    tall = chair.back * chair.between(0.3, 0.36)
    x, _, z = chair.place_on_back(chair.back - tall, 0.08)
    size = (tall, 0.03, chair.between(0.09, 0.14))
    kit.add_box(
        SEAT,
        (x, chair.width / 2 + 0.02, z),
        size,
        radius=0.028,
        turn=turn,
        present=present & wing,
        mirror=True,
    )
    _add_wall(kit, chair, wall)


def _add_wall(kit: Kit, chair: Chair, present: Tensor) -> None:
    """A wall around the seat, lower at its front; above high seats it stands on rods."""
    if not present.any():
        return
    line = line_around(chair.depth / 2 + 0.03, chair.width / 2 + 0.02, roundness=chair.between(2.0, 6.0))
    along = ((chair.depth[:, None] / 2 - line[..., 0]) / chair.depth[:, None]).clamp(0, 1)  # 0 front .. 1 back
    front = chair.between(0.35, 1.0)[:, None]
    top = chair.height[:, None] + chair.back[:, None] * (front + (1 - front) * along.pow(2))
    open_ = chair.height > 0.5
    bottom = torch.where(open_, chair.height + chair.back * 0.4, chair.height - chair.thick)[:, None].expand_as(top)
    thick = torch.where(chair.soft, chair.between(0.07, 0.17), 0.03)
    add_wall(kit, SEAT, line, thick, bottom, top, lean=chair.between(0.0, 0.15), present=present)
    for number in (4, 8, 12):
        start = (line[:, number, 0], line[:, number, 1], chair.height - 0.02)
        ends = (line[:, number, 0], line[:, number, 1], bottom[:, number] + 0.03)
        kit.add_rod(FRAME, start, ends, 0.01, present=present & open_)
