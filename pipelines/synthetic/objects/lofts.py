"""Bodies lofted through rounded cross-sections: noses, fuselages, hoods, hulls of boats.

The modules of cars and assemblies call `add_loft`.

Legend: B objects, S stations, M points of a ring.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.synthetic.objects.kit import Kit, Length


def add_loft(
    kit: Kit,
    slot: int,
    stations: Sequence[Sequence[Length]],
    *,
    square: Length = 3.0,
    sides: int = 16,
    side: Length = 0.0,
    present: Tensor | None = None,
    mirror: bool = False,
) -> None:
    """Adds a body along x.

    Args:
        stations: x, half width, lower and upper height of each cross-section.
        square: 2 makes ellipses, larger numbers make rounded rectangles.
        side: y of the middle.
    """
    if present is not None and not present.any():
        return
    rows = torch.stack([kit.stack(station) for station in stations], 1)  # [B, S, 4]
    x, half, low, high = rows[..., None].unbind(2)  # [B, S, 1]
    angle = (torch.arange(sides) + 0.5) * (2 * torch.pi / sides) - torch.pi / 2
    power = 2 / torch.as_tensor(square, dtype=torch.float32).expand(kit.batch)[:, None, None]
    across, up = (value.sign() * value.abs().clamp(min=1e-6) ** power for value in (angle.cos(), angle.sin()))
    middle = torch.as_tensor(side, dtype=torch.float32).expand(kit.batch)[:, None, None]
    y = middle + half * across
    z = (low + high) / 2 + (high - low) / 2 * up
    grid = torch.stack([x.expand_as(y), y, z.expand_as(y)], -1)
    kit.add_hull(torch.tensor(slot), grid, present=present)
    if mirror:
        kit.add_hull(torch.tensor(slot), grid * torch.tensor([1.0, -1.0, 1.0]), present=present)
