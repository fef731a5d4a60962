"""Sampling a map at the positions that a flow points to.

In: a map and a flow or positions. Out: the sampled map. Used by the other ops, the networks and the training losses.

B batch, C channels, H, W size of the source, h, w size of the flow and of the result. Flow is backward flow in pixels
of the source map, channel 0 = x; positions are x, y in pixels of the source; pixel centres are integers.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def flowed_positions(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Absolute positions x, y [B,h,w] of a flow [B,2,h,w], in float32 or, for a float64 flow, in float64."""
    flow = flow if flow.dtype == torch.float64 else flow.float()
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)
    return flow[:, 0] + columns, flow[:, 1] + rows[:, None]


def sample_at(source: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples [B,C,h,w] of source [B,C,H,W] at positions x, y [B,h,w]; border pixels continue outside.

    Positions keep their own precision even if the source is half precision or autocast is on.
    """
    height, width = source.shape[-2:]
    # A single row or column has the same value everywhere, so any finite scale will do.
    grid = torch.stack([x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1], dim=-1)  # [B,h,w,2]
    with torch.autocast(device_type=source.device.type, enabled=False):
        samples = F.grid_sample(source.to(grid.dtype), grid, padding_mode="border", align_corners=True)
    return samples.to(source.dtype)


def warp(source: Tensor, flow: Tensor) -> Tensor:
    """Read source [B,C,H,W] at position + flow [B,2,h,w] -> [B,C,h,w]; border pixels continue outside.

    Raises:
        ValueError: the shapes don't fit together, or the source is empty.
    """
    check_flow(source, flow)
    return sample_at(source, *flowed_positions(flow))


def check_flow(source: Tensor, flow: Tensor) -> None:
    """Raise ValueError unless source is [B,C,H,W] with pixels, and flow [B,2,h,w]."""
    if source.ndim != 4 or flow.ndim != 4 or flow.shape[1] != 2 or source.shape[0] != flow.shape[0]:
        raise ValueError(
            f"expected source [B,C,H,W] and flow [B,2,h,w], got {tuple(source.shape)} and {tuple(flow.shape)}"
        )
    if 0 in source.shape[-2:]:
        raise ValueError(f"the source has no pixels to sample: {tuple(source.shape)}")
