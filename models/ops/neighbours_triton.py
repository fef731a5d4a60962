"""Triton form of `models.ops.neighbours.sum_neighbours`: one pass forward and one backward, without intermediates.

Imported by `sum_neighbours` for CUDA tensors only. B batch, C channels, H, W size of the source, h, w size of the
flow, U x V lattice of neighbours, N = B*h*w positions. The table is the source as [B*H*W,C], row-major.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

POSITIONS = 32  # that one program sums


@triton.jit
def _row(x, y, image, row, column, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """Table row of the neighbour (row, column) of each position x, y, clamped to the image."""
    r = tl.minimum(tl.maximum(y + row, 0), HEIGHT - 1)
    c = tl.minimum(tl.maximum(x + column, 0), WIDTH - 1)
    return (image * HEIGHT + r) * WIDTH + c


@triton.jit
def _forward(
    table, xs, ys, weights, result, count, per_image, row0, row_step, column0, column_step,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    c = tl.arange(0, BLOCK_C)
    there = n < count
    inside = there[:, None] & (c < CHANNELS)[None, :]
    image = n // per_image
    x, y = tl.load(xs + n, mask=there, other=0), tl.load(ys + n, mask=there, other=0)
    total = tl.zeros((BLOCK, BLOCK_C), tl.float32)
    for u in range(ROWS):
        for v in range(COLUMNS):
            weight = tl.load(weights + n * (ROWS * COLUMNS) + u * COLUMNS + v, mask=there, other=0.0)
            row = _row(x, y, image, row0 + u * row_step, column0 + v * column_step, HEIGHT, WIDTH)
            value = tl.load(table + row[:, None] * CHANNELS + c[None, :], mask=inside, other=0.0)
            total += weight[:, None] * value.to(tl.float32)
    tl.store(result + n[:, None] * CHANNELS + c[None, :], total.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _backward(
    table, xs, ys, weights, grad, grad_table, grad_weights, count, per_image, row0, row_step, column0, column_step,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    c = tl.arange(0, BLOCK_C)
    there = n < count
    inside = there[:, None] & (c < CHANNELS)[None, :]
    image = n // per_image
    x, y = tl.load(xs + n, mask=there, other=0), tl.load(ys + n, mask=there, other=0)
    upstream = tl.load(grad + n[:, None] * CHANNELS + c[None, :], mask=inside, other=0.0).to(tl.float32)
    for u in range(ROWS):
        for v in range(COLUMNS):
            place = n * (ROWS * COLUMNS) + u * COLUMNS + v
            weight = tl.load(weights + place, mask=there, other=0.0)
            row = _row(x, y, image, row0 + u * row_step, column0 + v * column_step, HEIGHT, WIDTH)
            at = row[:, None] * CHANNELS + c[None, :]
            value = tl.load(table + at, mask=inside, other=0.0).to(tl.float32)
            tl.store(grad_weights + place, tl.sum(upstream * value, axis=1), mask=there)
            tl.atomic_add(grad_table + at, weight[:, None] * upstream, mask=inside)


class _SumNeighbours(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, xs, ys, weights, lattice, size):
        result = torch.empty(weights.shape[0], table.shape[1], device=table.device, dtype=table.dtype)
        ctx.save_for_backward(table, xs, ys, weights)
        ctx.lattice, ctx.size = lattice, size
        _forward[_grid(weights)](table, xs, ys, weights, result, *_sizes(table, weights, lattice, size))
        return result

    @staticmethod
    def backward(ctx, *grads):
        table, xs, ys, weights = ctx.saved_tensors
        grad_table = torch.zeros(table.shape, device=table.device, dtype=torch.float32)
        grad_weights = torch.empty_like(weights)
        sizes = _sizes(table, weights, ctx.lattice, ctx.size)
        grad = grads[0].contiguous()
        _backward[_grid(weights)](table, xs, ys, weights, grad, grad_table, grad_weights, *sizes)
        return grad_table.to(table.dtype), None, None, grad_weights, None, None


def _grid(weights: Tensor) -> tuple[int]:
    return (triton.cdiv(weights.shape[0], POSITIONS),)


def _sizes(table: Tensor, weights: Tensor, lattice: tuple[range, range], size: tuple[int, int, int]) -> tuple:
    rows, columns = lattice
    height, width, per_image = size
    channels = table.shape[1]
    block = triton.next_power_of_2(channels)
    steps = rows.start, rows.step, columns.start, columns.step
    return weights.shape[0], per_image, *steps, height, width, channels, block, len(rows), len(columns), POSITIONS


def sum_neighbours_triton(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: range, rows: range
) -> Tensor:
    """`models.ops.neighbours.sum_neighbours` for CUDA tensors; sums in float32.

    source [B,C,H,W]; x0, y0 [B,h,w] floats with integral values; weights [B,h,w,U,V]; columns, rows: V and U offsets
    with a constant step -> [B,C,h,w].
    """
    _, channels, height, width = source.shape
    reach = max(abs(rows[0]), abs(rows[-1]), abs(columns[0]), abs(columns[-1])) + 1
    xs = x0.clamp(-reach, width + reach).to(torch.int32).flatten()
    ys = y0.clamp(-reach, height + reach).to(torch.int32).flatten()
    table = source.permute(0, 2, 3, 1).reshape(-1, channels)  # [B*H*W,C]
    flat = weights.float().flatten(0, 2).flatten(1).contiguous()  # [N,U*V]
    size = height, width, x0.shape[1] * x0.shape[2]
    result = _SumNeighbours.apply(table.contiguous(), xs, ys, flat, (rows, columns), size)
    # [N,C] -> [B,C,h,w]
    return result.view(*x0.shape, channels).permute(0, 3, 1, 2)  # type: ignore[union-attr]
