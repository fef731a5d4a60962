"""Sampling a map at flowed positions.

B batch, C channels, H, W size of the source, h, w size of the flow (and of the result).
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def flowed_positions(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Absolute sampling positions x, y [B,h,w] of a backward flow [B,2,h,w] in pixels; never below float32."""
    flow = flow if flow.dtype == torch.float64 else flow.float()
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)
    return flow[:, 0] + columns, flow[:, 1] + rows[:, None]


def sample_at(source: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples [B,C,h,w] of source [B,C,H,W] at pixel positions x, y [B,h,w] of the replicate-extended source.

    Positions keep their own precision (float32 or float64) even where the source is half precision or autocast is on.
    """
    height, width = source.shape[-2:]
    # A single row or column has one value only: any finite scale is right there.
    grid = torch.stack([x * (2 / max(width - 1, 1)) - 1, y * (2 / max(height - 1, 1)) - 1], dim=-1)  # [B,h,w,2]
    with torch.autocast(device_type=source.device.type, enabled=False):
        samples = F.grid_sample(source.to(grid.dtype), grid, padding_mode="border", align_corners=True)
    return samples.to(source.dtype)


def warp(source: Tensor, flow: Tensor) -> Tensor:
    """Read source [B,C,H,W] at position + flow; flow [B,2,h,w] in source pixels, channel 0 = x. Returns [B,C,h,w].

    Outside the source its border pixels continue. Raises ValueError where the shapes don't fit.
    """
    check_flow(source, flow)
    return sample_at(source, *flowed_positions(flow))


def check_flow(source: Tensor, flow: Tensor) -> None:
    """Raise ValueError unless flow [B,2,h,w] can address source [B,C,H,W]."""
    if source.ndim != 4 or flow.ndim != 4 or flow.shape[1] != 2 or source.shape[0] != flow.shape[0]:
        raise ValueError(f"need source [B,C,H,W] and flow [B,2,h,w], got {tuple(source.shape)} and {tuple(flow.shape)}")
    if 0 in source.shape[-2:]:
        raise ValueError(f"the source has no pixels to sample: {tuple(source.shape)}")
