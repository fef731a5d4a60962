"""The ops as loops over pixels, the slowest and plainest references, and random inputs for them.

B batch, C channels, H, W size of the source, h, w size of the flow, k kernel size.
"""

import math
from itertools import product

import torch
from torch import Tensor

RANDOM = torch.Generator()  # tests/models/conftest.py seeds it before every test


def make_uniform(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Random values in [-1, 1)."""
    return torch.rand(*shape, dtype=torch.float64, generator=RANDOM).mul(2).sub(1).to(dtype)


def make_flow(*shape: int, spread: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """Flows in -spread..spread + 1 whose fractions stay away from integers, where bilinear sampling has kinks."""
    integers = (make_uniform(*shape) * spread).round()
    return (integers + 0.5 + 0.3 * make_uniform(*shape)).to(dtype)


def looped_blocks(source: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """The k x k patches of source [B,C,H,W] around the positions of flow [B,2,h,w] -> [B,C,k*h,k*w]."""
    (batch, channels), (height, width) = source.shape[:2], flow.shape[-2:]
    blocks = torch.zeros(batch, channels, kernel * height, kernel * width, dtype=source.dtype)
    taps = range(kernel)
    for b, c, j, i, r, s in product(range(batch), range(channels), range(height), range(width), taps, taps):
        x = i + float(flow[b, 0, j, i]) + s - kernel // 2
        y = j + float(flow[b, 1, j, i]) + r - kernel // 2
        blocks[b, c, kernel * j + r, kernel * i + s] = _bilinear(source[b, c], y, x)
    return blocks


def looped_resampling(source: Tensor, flow: Tensor, kernel: int, dilation: int, sigma: float) -> Tensor:
    """Gaussian resampling of source [B,C,H,W] by flow [B,2,h,w] -> [B,C,h,w]."""
    (batch, channels, height, width), (rows, columns) = source.shape, flow.shape[-2:]
    result = torch.zeros(batch, channels, rows, columns, dtype=source.dtype)
    steps = [f * dilation for f in range(1 - kernel // 2, kernel // 2 + 1)]
    for b, j, i in product(range(batch), range(rows), range(columns)):
        x, y = i + float(flow[b, 0, j, i]), j + float(flow[b, 1, j, i])
        total, value = 0.0, torch.zeros(channels, dtype=source.dtype)
        for v, u in product(steps, steps):
            row, column = math.floor(y) + v, math.floor(x) + u
            weight = math.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * sigma**2))
            value += weight * source[b, :, min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
            total += weight
        result[b, :, j, i] = value / total
    return result


def _bilinear(plane: Tensor, y: float, x: float) -> Tensor:
    """Value of a plane [H,W] at a position; border pixels continue outside."""
    height, width = plane.shape
    value = torch.zeros((), dtype=plane.dtype)
    for row, column in product((math.floor(y), math.floor(y) + 1), (math.floor(x), math.floor(x) + 1)):
        weight = (1 - abs(y - row)) * (1 - abs(x - column))
        value += weight * plane[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
    return value
