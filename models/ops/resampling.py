"""Gaussian resampling (official format, section 4): a warp over k x k neighbours, whose gradient reaches further.

In: a feature map and a flow. Out: the warped map. Used by the sampling-correctness loss of the paper.

B batch, C channels, H, W size of the source, h, w size of the flow, k kernel size. Flow is backward flow in pixels of
the source map, channel 0 = x.
"""

import torch
from torch import Tensor

from models.ops.neighbours import split_positions, sum_neighbours
from models.ops.sampling import check_flow, flowed_positions


def gaussian_resample(
    source: Tensor, flow: Tensor, *, kernel_size: int = 4, dilation: int = 1, sigma: float = 2.0
) -> Tensor:
    """Read the source at position + flow, with normalised Gaussian weights of k x k neighbours.

    Args:
        source: [B,C,H,W]; its border pixels continue beyond the border.
        flow: [B,2,h,w].
        kernel_size: k, an even number.
        dilation: step between neighbours in pixels.
        sigma: standard deviation of the weights in pixels.

    Returns:
        [B,C,h,w].

    Raises:
        ValueError: k is odd or not positive, or the shapes don't fit together.
    """
    check_flow(source, flow)
    if kernel_size < 2 or kernel_size % 2:
        raise ValueError(f"kernel_size must be even and positive, got {kernel_size}")
    offsets = range((1 - kernel_size // 2) * dilation, kernel_size // 2 * dilation + 1, dilation)
    x0, y0, fx, fy = split_positions(*flowed_positions(flow))
    columns, rows = _gaussian_weights(fx, offsets, sigma), _gaussian_weights(fy, offsets, sigma)
    return sum_neighbours(source, x0, y0, rows[..., :, None] * columns[..., None, :], columns=offsets, rows=offsets)


def _gaussian_weights(fraction: Tensor, offsets: range, sigma: float) -> Tensor:
    """Normalised weights [B,h,w,k] of the neighbours floor + offset along one axis; fraction: [B,h,w] in 0..1."""
    distance = torch.tensor(offsets, device=fraction.device, dtype=fraction.dtype) - fraction[..., None]
    weights = torch.exp(-(distance**2) / (2 * sigma**2))
    return weights / weights.sum(dim=-1, keepdim=True)
