"""Padding that keeps the precision of a map.

In: a map. Out: the map with its border continued. Used by the blocks of the networks and by the local attention.

B batch, C channels, H, W size of the map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.neighbours import can_fuse


def pad(x: Tensor, before: int, after: int | None = None, *, mode: str, slope: float = 1.0) -> Tensor:
    """Add rows above and columns to the left, `before` of each, and `after` below and to the right.

    On the CPU, autocast would convert a map to float32 to pad it. On CUDA, torch would turn a channels-last map into a
    contiguous one.

    Args:
        x: [B,C,H,W].
        after: as many as `before` if None.
        mode: "reflect" or "replicate".
        slope: of a leaky ReLU to which the map is subjected first, 1 for none.

    Returns:
        [B,C,before+H+after,before+W+after].
    """
    after = before if after is None else after
    if can_fuse(x):
        from models.ops.pointwise_triton import pad_triton

        return pad_triton(x, before, after, reflect=mode == "reflect", slope=slope)
    x = x if slope == 1 else F.leaky_relu(x, slope)
    with torch.autocast(device_type=x.device.type, enabled=False):
        return F.pad(x, (before, after, before, after), mode=mode)
