"""The steps of local attention in the paper's literal form, the reference for `models.ops.local_attention`.

They store the k*k times larger tensors that the fast form avoids (official format, section 4). Used by tests and by
`benchmarks/attention.py`. B batch, C channels, H, W size of the source, h, w size of the flow, k kernel size; flow is
backward flow in pixels of the source map, channel 0 = x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.neighbours import bilinear_weights, split_positions, sum_neighbours
from models.ops.sampling import check_flow


def extract_blocks(source: Tensor, flow: Tensor, kernel_size: int) -> Tensor:
    """The k x k patches of source [B,C,H,W] around the positions of flow [B,2,h,w], side by side: [B,C,k*h,k*w].

    The taps of a patch are at -(k//2) to (k-1)//2 pixels from its position. Raises ValueError if the shapes don't fit
    together.
    """
    check_flow(source, flow)
    x, y = tap_positions(flow, kernel_size)
    x0, y0, fx, fy = split_positions(x, y)
    return sum_neighbours(source, x0, y0, bilinear_weights(fx, fy), columns=range(2), rows=range(2))


def tap_positions(flow: Tensor, kernel_size: int) -> tuple[Tensor, Tensor]:
    """Absolute positions x, y [B,k*h,k*w] of the taps of flow [B,2,h,w], added in the authors' order.

    That is (flow + tap) + position.
    """
    flow = flow if flow.dtype == torch.float64 else flow.float()
    batch, _, height, width = flow.shape
    taps, columns, rows = (
        torch.arange(size, device=flow.device, dtype=flow.dtype) for size in (kernel_size, width, height)
    )
    taps = taps - kernel_size // 2
    x = flow[:, 0, :, None, :, None] + taps + columns[:, None]  # [B,h,1,w,k]
    y = flow[:, 1, :, None, :, None] + taps[:, None, None] + rows[:, None, None, None]  # [B,h,k,w,1]
    x, y = torch.broadcast_tensors(x, y)
    size = (batch, kernel_size * height, kernel_size * width)
    return x.reshape(size), y.reshape(size)


def reshape_attention(attention: Tensor) -> Tensor:
    """Attention weights [B,k*k,h,w] -> [B,1,k*h,k*w]: channel r*k+s goes to row r, column s of its patch.

    Raises ValueError if the number of channels is not a square.
    """
    kernel_size = round(attention.shape[1] ** 0.5)
    if kernel_size**2 != attention.shape[1]:
        raise ValueError(f"the number of weights per position must be a square, got {attention.shape[1]}")
    return F.pixel_shuffle(attention, kernel_size)
