"""Padding that keeps the precision of a map.

In: a map. Out: the map with its border continued. Used by the blocks of the networks and by the local attention.

B batch, C channels, H, W size of the map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def pad(x: Tensor, before: int, after: int | None = None, *, mode: str) -> Tensor:
    """Add rows above and columns to the left, `before` of each, and `after` below and to the right.

    On the CPU, autocast would convert a map to float32 to pad it.

    Args:
        x: [B,C,H,W].
        after: as many as `before` if None.
        mode: "reflect" or "replicate".

    Returns:
        [B,C,before+H+after,before+W+after].
    """
    after = before if after is None else after
    with torch.autocast(device_type=x.device.type, enabled=False):
        return F.pad(x, (before, after, before, after), mode=mode)
