"""Weighted sums over a lattice of integer neighbours: the primitive of local attention and Gaussian resampling.

In: a feature map, positions and weights. Out: the weighted sums. Two forms of the same signature: torch, for every
device, and Triton, for CUDA.

B batch, C channels, H, W size of the source, h, w size of the flow, U x V lattice of neighbours, N = B*h*w positions.
Positions are x, y in pixels of the source; pixel centres are integers.
"""

import importlib.util
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

# Looked up once: torch.compile can't trace the search for a package.
HAS_TRITON = importlib.util.find_spec("triton") is not None


def split_positions(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Positions [B,h,w] -> integer parts and fractions in 0..1 (x0, y0, fx, fy), [B,h,w] each.

    The integer parts count as constants for the gradient.
    """
    x0, y0 = x.detach().floor(), y.detach().floor()
    return x0, y0, x - x0, y - y0


def bilinear_weights(fx: Tensor, fy: Tensor) -> Tensor:
    """Fractions fx, fy [B,h,w] -> bilinear weights [B,h,w,2,2] of the four neighbours, indexed by row, then column."""
    columns, rows = torch.stack([1 - fx, fx], dim=-1), torch.stack([1 - fy, fy], dim=-1)  # [B,h,w,2]
    return rows[..., :, None] * columns[..., None, :]  # [B,h,w,2,2]


def can_run_triton(source: Tensor, *lattice: Sequence[int]) -> str | None:
    """The reason why the Triton form can't be used for a source [B,C,H,W] and a lattice; None if it can."""
    if source.device.type != "cuda":
        return f"the tensor is on {source.device.type}, but Triton needs CUDA"
    if source.dtype == torch.float64:
        return "Triton sums in float32, but the tensor is float64"
    if source.numel() >= 2**31:
        return "the tensor is too large for indices of 32 bits"
    if not all(isinstance(axis, range) and axis.step == 1 for axis in lattice):
        return "the steps of the lattice are not 1"
    if not HAS_TRITON:
        return "the Python package triton is not installed"
    return None


def can_fuse(x: Tensor) -> bool:
    """Whether Triton kernels that have no gradient can take the place of several operations on x [B,C,H,W]."""
    return not torch.is_grad_enabled() and can_run_triton(x) is None


def sum_neighbours(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: Sequence[int], rows: Sequence[int]
) -> Tensor:
    """sum_{u,v} weights[..., u, v] * source[:, :, y0 + rows[u], x0 + columns[v]], indices clamped one by one.

    The neighbours are summed while they are read, so there is never a tensor of U*V*C*h*w values. Differentiable in
    source and weights. Runs as a Triton kernel where possible, see `can_run_triton`.

    Args:
        source: [B,C,H,W].
        x0, y0: [B,h,w] base positions, floats with integral values; infinite ones are clamped too.
        weights: [B,h,w,U,V].
        columns, rows: V and U offsets from the base position in pixels.

    Returns:
        [B,C,h,w]; summed in the precision of the weights, returned in that of the source.
    """
    if isinstance(columns, range) and isinstance(rows, range) and can_run_triton(source, columns, rows) is None:
        from models.ops.neighbours_triton import sum_neighbours_triton

        return sum_neighbours_triton(source, x0, y0, weights, columns=columns, rows=rows)
    return sum_neighbours_torch(source, x0, y0, weights, columns=columns, rows=rows)


def sum_neighbours_torch(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: Sequence[int], rows: Sequence[int]
) -> Tensor:
    """`sum_neighbours` in plain torch, for any device."""
    batch, channels, height, width = source.shape
    row_index = _neighbour_indices(y0, rows, height)  # [B,h,w,U]
    column_index = _neighbour_indices(x0, columns, width)  # [B,h,w,V]
    first = torch.arange(batch, device=source.device, dtype=torch.int32)[:, None, None, None] * (height * width)
    index = (first + row_index * width)[..., :, None] + column_index[..., None, :]  # [B,h,w,U,V]
    # In the precision of the weights: embedding_bag has no gradient for half precision on CUDA.
    table = source.to(weights.dtype).permute(0, 2, 3, 1).reshape(-1, channels).contiguous()  # [B*H*W,C]
    bags = F.embedding_bag(
        index.flatten(0, 2).flatten(1),  # [N,U*V]
        table,
        per_sample_weights=weights.flatten(0, 2).flatten(1),
        mode="sum",
    )  # [N,C]
    return bags.view(batch, *x0.shape[1:], channels).permute(0, 3, 1, 2).to(source.dtype)  # [B,C,h,w]


def _neighbour_indices(base: Tensor, offsets: Sequence[int], size: int) -> Tensor:
    """Indices [...,len(offsets)], int32, of the neighbours of base [...], clamped to 0..size-1."""
    reach = max(abs(offset) for offset in offsets) + 1
    near = base.clamp(-reach, size + reach).to(torch.int32)  # keeps far or infinite positions inside int32
    steps = torch.tensor(offsets, device=base.device, dtype=torch.int32)
    return (near[..., None] + steps).clamp_(0, size - 1)
