"""Weighted sum over a lattice of integer neighbours: the primitive under local attention and Gaussian resampling.

B batch, C channels, H, W size of the source, h, w size of the flow, U x V lattice of neighbours, N = B*h*w positions.
"""

import importlib.util
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def split_positions(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Positions [B,h,w] -> integer parts and fractions (x0, y0, fx, fy); the floor is constant for the gradient."""
    x0, y0 = x.detach().floor(), y.detach().floor()
    return x0, y0, x - x0, y - y0


def bilinear_weights(fx: Tensor, fy: Tensor) -> Tensor:
    """Fractions [B,h,w] -> weights [B,h,w,2,2] of the four neighbours, rows first."""
    columns, rows = torch.stack([1 - fx, fx], dim=-1), torch.stack([1 - fy, fy], dim=-1)  # [B,h,w,2]
    return rows[..., :, None] * columns[..., None, :]


def can_run_triton(source: Tensor, *lattice: Sequence[int]) -> str | None:
    """Why the Triton form can't take this source and lattice; None if it can."""
    if source.device.type != "cuda":
        return f"the tensor is on {source.device.type}, Triton needs CUDA"
    if source.dtype == torch.float64:
        return "sums in float32, float64 asked for"
    if not all(isinstance(axis, range) for axis in lattice):
        return "the lattice has no constant step"
    if importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    return None


def sum_neighbours(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: Sequence[int], rows: Sequence[int]
) -> Tensor:
    """sum_{u,v} weights[..., u, v] * source[:, :, y0 + rows[u], x0 + columns[v]] with clamped indices -> [B,C,h,w].

    source [B,C,H,W]; x0, y0 [B,h,w] integral floats; weights [B,h,w,U,V]. The U*V neighbours are summed while they
    are read, so no tensor of U*V*C*h*w values exists. Differentiable in source and weights. The sum is taken in the
    precision of the weights and returned in that of the source. Runs as a Triton kernel where `can_run_triton`.
    """
    if isinstance(columns, range) and isinstance(rows, range) and can_run_triton(source, columns, rows) is None:
        from models.ops.neighbours_triton import sum_neighbours_triton

        return sum_neighbours_triton(source, x0, y0, weights, columns=columns, rows=rows)
    return sum_neighbours_torch(source, x0, y0, weights, columns=columns, rows=rows)


def sum_neighbours_torch(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: Sequence[int], rows: Sequence[int]
) -> Tensor:
    """`sum_neighbours` on any device."""
    batch, channels, height, width = source.shape
    row_index = _clamped(y0, rows, height)  # [B,h,w,U]
    column_index = _clamped(x0, columns, width)  # [B,h,w,V]
    first = torch.arange(batch, device=source.device, dtype=torch.int32)[:, None, None, None] * (height * width)
    index = (first + row_index * width)[..., :, None] + column_index[..., None, :]  # [B,h,w,U,V]
    # Half precision has no gradient on CUDA here, and the positions' precision is in the weights.
    table = source.to(weights.dtype).permute(0, 2, 3, 1).reshape(-1, channels).contiguous()  # [B*H*W,C]
    bags = F.embedding_bag(
        index.flatten(0, 2).flatten(1),  # [N,U*V]
        table,
        per_sample_weights=weights.flatten(0, 2).flatten(1),
        mode="sum",
    )  # [N,C]
    return bags.view(batch, *x0.shape[1:], channels).permute(0, 3, 1, 2).to(source.dtype)  # [B,C,h,w]


def _clamped(base: Tensor, offsets: Sequence[int], size: int) -> Tensor:
    """Integer neighbours of base [...] -> [...,len(offsets)], int32, clamped to 0..size-1."""
    reach = max(abs(offset) for offset in offsets) + 1
    near = base.clamp(-reach, size + reach).to(torch.int32)  # keeps far or infinite positions inside int32
    steps = torch.tensor(offsets, device=base.device, dtype=torch.int32)
    return (near[..., None] + steps).clamp_(0, size - 1)
