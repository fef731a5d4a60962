"""Upright walls along a line on the floor: backs that run around a seat, curved sofas, tubs.

The modules of chairs and sofas call `add_wall`. x forward, y left, z up.

Legend: B objects, N points of the line.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.objects.kit import Kit

# across (1 outside) and up (1 top) of a wall's cross-section with rounded upper edges
_SECTION = (
    (-1.0, 0.0), (-1.0, 0.5), (-1.0, 0.9), (-0.75, 0.97), (-0.3, 1.0), (0.3, 1.0), (0.75, 0.97), (1.0, 0.9),
    (1.0, 0.5), (1.0, 0.0),
)  # fmt: skip


def add_wall(
    kit: Kit, slot: int, line: Tensor, thick: Tensor, bottom: Tensor, top: Tensor, *, lean: Tensor | float = 0.0,
    present: Tensor | None = None,
) -> None:  # fmt: skip
    """Adds a wall along a line.

    Args:
        line: [B, N, 2] x, y of its middle; its outside is to the left of the direction.
        thick: [B] thickness.
        bottom, top: [B, N] heights.
        lean: [B] how far outwards it leans per height, a number or [B].
    """
    if present is not None and not present.any():
        return
    step = torch.cat([line[:, 1:2] - line[:, :1], line[:, 2:] - line[:, :-2], line[:, -1:] - line[:, -2:-1]], 1)
    outside = normalize(torch.stack([-step[..., 1], step[..., 0]], -1), dim=-1)
    across, up = torch.tensor(_SECTION).unbind(1)
    height = bottom[..., None] + (top - bottom)[..., None] * up  # [B, N, M]
    lean = torch.as_tensor(lean, dtype=torch.float32).reshape(-1, 1, 1)
    reach = thick[:, None, None] / 2 * across + lean * (height - bottom[..., None])
    place = line[:, :, None] + reach[..., None] * outside[:, :, None]
    kit.add_hull(torch.tensor(slot), torch.cat([place, height[..., None]], -1), present=present)


def line_around(half_x: Tensor, half_y: Tensor, *, roundness: Tensor, points: int = 17, reach: float = 1.0) -> Tensor:
    """A line [B, points, 2] around the back of a seat, from its right front over its back to its left front.

    half_x, half_y: [B] half of the seat's sizes; roundness: [B] 2 ellipse .. 8 rectangle; reach: share of the sides
    that it covers.
    """
    angle = torch.linspace(-reach, reach, points) * torch.pi / 2 + torch.pi / 2
    across, along = angle.cos(), angle.sin()  # from +1 to -1, and 0 .. 1 .. 0
    power = 2 / roundness[:, None]
    y = across.sign() * across.abs().clamp(min=1e-4).pow(power)
    x = along.abs().clamp(min=1e-4).pow(power)
    return torch.stack([half_x[:, None] * (1 - 2 * x), -half_y[:, None] * y], -1)
