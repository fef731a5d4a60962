"""Gaussian resampling: a warp that looks at more than four neighbours, so that its gradient reaches further.

B batch, C channels, H, W size of the source, h, w size of the flow, k kernel size.
"""

import torch
from torch import Tensor

from models.ops.neighbours import split_positions, sum_neighbours
from models.ops.sampling import check_flow, flowed_positions


def gaussian_resample(
    source: Tensor, flow: Tensor, *, kernel_size: int = 4, dilation: int = 1, sigma: float = 2.0
) -> Tensor:
    """Source [B,C,H,W] read at position + flow [B,2,h,w] (pixels) with k x k normalised Gaussian weights -> [B,C,h,w].

    Used by the sampling-correctness loss of the paper. Raises ValueError for an odd kernel or shapes that don't fit.
    """
    check_flow(source, flow)
    if kernel_size < 2 or kernel_size % 2:
        raise ValueError(f"the kernel must be even and positive, got {kernel_size}")
    offsets = range((1 - kernel_size // 2) * dilation, kernel_size // 2 * dilation + 1, dilation)
    x0, y0, fx, fy = split_positions(*flowed_positions(flow))
    columns, rows = _gaussian(fx, offsets, sigma), _gaussian(fy, offsets, sigma)
    return sum_neighbours(source, x0, y0, rows[..., :, None] * columns[..., None, :], columns=offsets, rows=offsets)


def _gaussian(fraction: Tensor, offsets: range, sigma: float) -> Tensor:
    """Normalised weights [B,h,w,k] of the neighbours floor+offset along one axis."""
    distance = torch.tensor(offsets, device=fraction.device, dtype=fraction.dtype) - fraction[..., None]
    weights = torch.exp(-(distance**2) / (2 * sigma**2))
    return weights / weights.sum(dim=-1, keepdim=True)
