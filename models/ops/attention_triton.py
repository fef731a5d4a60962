"""Triton form of local attention after its second layer: softmax, weights of neighbours and sum as one kernel each way.

The softmax weighs k*k bilinear taps, which share their fractions: they are spread over the (k+1)^2 neighbours. Used by
`models.ops.local_attention` for CUDA tensors. Sums are in float32, features in any precision.

B batch, C channels, A hidden channels, H, W size of the source, h, w size of the flow, k kernel size, N = B*h*w
positions. Flow is backward flow in pixels of the source map, channel 0 = x, in float32. Features are channels-last.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.ops.cells_triton import Lattice, Places, find_tile, gather_tile_of, read_rows, sort_positions, tile_of
from models.ops.neighbours_triton import collect, correlate, fold, from_rows, read_cells, to_rows, weigh_and_sum


@triton.jit
def _attend(
    table, logits, flow, result, attention, weights, logit_b, logit_t, logit_y, logit_x,
    height, width, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
    K: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_Q: tl.constexpr, SOFTMAX: tl.constexpr, SLOPE: tl.constexpr,
    FOLD: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, fx, fy = read_cells(
        flow, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    t = tl.arange(0, BLOCK_T)[None, :]
    at = logits + ((image * logit_b + row * logit_y + column * logit_x)[:, None] + t * logit_t)
    logit = tl.load(at, mask=t < K * K, other=float("-inf")).to(tl.float32)
    if SOFTMAX:
        taps = tl.exp(logit - tl.max(logit, axis=1)[:, None])
        taps = taps / tl.sum(taps, axis=1)[:, None]
    else:
        taps = tl.where(logit > 0, logit, logit * SLOPE)
    tl.store(attention + (n[:, None] * (K * K) + t), taps, mask=there[:, None] & (t < K * K))
    tl.debug_barrier()  # threads of this program read what others of it have stored
    q = tl.arange(0, BLOCK_Q)[None, :]
    u, v = q // COLUMNS, q % COLUMNS
    # Neighbour (u, v) belongs to the taps (u, v), (u, v-1), (u-1, v) and (u-1, v-1).
    at = attention + (n[:, None] * (K * K) + u * K + v)
    a = tl.load(at, mask=(u < K) & (v < K), other=0.0)
    b = tl.load(at - 1, mask=(u < K) & (v > 0), other=0.0)
    d = tl.load(at - K, mask=(u > 0) & (u < ROWS) & (v < K), other=0.0)
    e = tl.load(at - K - 1, mask=(u > 0) & (u < ROWS) & (v > 0), other=0.0)
    fx, fy = fx[:, None], fy[:, None]
    weight = ((1.0 - fy) * ((1.0 - fx) * a + fx * b) + fy * ((1.0 - fx) * d + fx * e)) / (K * K)
    tl.store(weights + (n[:, None] * (ROWS * COLUMNS) + q), weight, mask=there[:, None] & (u < ROWS))
    tl.debug_barrier()
    if FOLD:
        near_x = (cell_column < COLUMNS - 1) | (cell_column >= WIDTH)
        near_y = (cell_row < ROWS - 1) | (cell_row >= HEIGHT)
        if tl.max((near_x | near_y).to(tl.int32), axis=0) > 0:
            fold(weights, weights, cell_row, cell_column, n, there, HEIGHT, WIDTH, ROWS, COLUMNS, BLOCK_Q)
            tl.debug_barrier()
    c = tl.arange(0, BLOCK_C)
    total = weigh_and_sum(table, weights, image, cell_row, cell_column, n, c, C, HEIGHT, WIDTH, ROWS, COLUMNS)
    inside = there[:, None] & (c < C)[None, :]
    tl.store(result + (n[:, None] * C + c[None, :]), total.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _attend_backward(
    table, flow, attention, upstream, upstream_attention, products, grad_logits, grad_flow,
    height, width, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
    K: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_V: tl.constexpr, SOFTMAX: tl.constexpr, SLOPE: tl.constexpr,
    BOTH: tl.constexpr,
):  # fmt: skip
    """Gradients of logits [N,k*k] and flow; `products` [N,(k+1)^2] is scratch memory. BOTH: attention has one too."""
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, fx, fy = read_cells(
        flow, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_C)
    grad = read_rows(upstream + (n[:, None] * C + c[None, :]), c, C)
    correlate(
        table, products, grad, image, cell_row, cell_column, n, there, c, C, HEIGHT, WIDTH, ROWS, COLUMNS, BLOCK_V
    )  # fmt: skip
    tl.debug_barrier()  # threads of this program read what others of it have stored
    t = tl.arange(0, BLOCK_T)[None, :]
    inside = t < K * K
    at = products + (n[:, None] * (ROWS * COLUMNS) + t // K * COLUMNS + t % K)
    a = tl.load(at, mask=inside, other=0.0) / (K * K)
    b = tl.load(at + 1, mask=inside, other=0.0) / (K * K)
    d = tl.load(at + COLUMNS, mask=inside, other=0.0) / (K * K)
    e = tl.load(at + COLUMNS + 1, mask=inside, other=0.0) / (K * K)
    taps = tl.load(attention + (n[:, None] * (K * K) + t), mask=inside, other=0.0)
    along_x = tl.sum(taps * ((1.0 - fy)[:, None] * (b - a) + fy[:, None] * (e - d)), axis=1)
    along_y = tl.sum(taps * ((1.0 - fx)[:, None] * (d - a) + fx[:, None] * (e - b)), axis=1)
    at = grad_flow + (image * 2 * height + row) * width + column
    tl.store(at, along_x, mask=there)
    tl.store(at + height * width, along_y, mask=there)
    fx, fy = fx[:, None], fy[:, None]
    grad = (1.0 - fy) * ((1.0 - fx) * a + fx * b) + fy * ((1.0 - fx) * d + fx * e)
    if BOTH:
        grad += tl.load(upstream_attention + (n[:, None] * (K * K) + t), mask=inside, other=0.0)
    if SOFTMAX:
        grad -= tl.sum(taps * grad, axis=1)[:, None]
        grad *= taps
    else:
        grad = tl.where(taps > 0, grad, grad * SLOPE)
    grad = grad.to(grad_logits.dtype.element_ty)
    tl.store(grad_logits + (n[:, None] * (K * K) + t), grad, mask=there[:, None] & inside)


class _Attend(torch.autograd.Function):
    """source [B,H,W,C], logits [B,k*k,h,w], flow [B,2,h,w] -> [B,h,w,C] and attention [B,h,w,k*k]."""

    @staticmethod
    def forward(ctx, source, logits, flow, places, lattice, softmax, slope):
        (batch, taps, height, width), channels = logits.shape, source.shape[-1]
        kernel, neighbours = lattice.rows - 1, lattice.rows * lattice.columns
        result = source.new_empty(batch, height, width, channels)
        attention = flow.new_empty(batch, height, width, taps)
        weights = flow.new_empty(batch * height * width, neighbours)
        rows, columns, programs = tile_of(batch, height, width)
        _attend[(programs,)](
            source, logits, flow, result, attention, weights, *logits.stride(), height, width, *flow.stride(), *lattice,
            channels, triton.next_power_of_2(channels), rows, columns,
            kernel, triton.next_power_of_2(taps), triton.next_power_of_2(neighbours), softmax, slope,
            places is not None,
        )  # fmt: skip
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(source, flow, attention, weights)
        ctx.places, ctx.lattice, ctx.softmax, ctx.slope, ctx.precision = places, lattice, softmax, slope, logits.dtype
        return result, attention

    @staticmethod
    def backward(ctx, *grads):
        source, flow, attention, weights = ctx.saved_tensors
        (batch, height, width, taps), channels = attention.shape, source.shape[-1]
        upstream, upstream_attention = grads
        upstream = source.new_zeros(batch, height, width, channels) if upstream is None else upstream.contiguous()
        grad_logits = attention.new_empty(attention.shape, dtype=ctx.precision)
        grad_flow, products = flow.new_empty(flow.shape), torch.empty_like(weights)
        rows, columns, programs, warps = gather_tile_of(batch, height, width, channels, values=16)
        both = upstream_attention is not None
        _attend_backward[(programs,)](
            source, flow, attention, upstream, upstream_attention.contiguous() if both else attention, products,
            grad_logits, grad_flow, height, width, *flow.stride(), *ctx.lattice,
            channels, triton.next_power_of_2(channels), rows, columns,
            ctx.lattice.rows - 1, triton.next_power_of_2(taps), triton.next_power_of_2(ctx.lattice.columns),
            ctx.softmax, ctx.slope, both, num_warps=warps,
        )  # fmt: skip
        grad_source = ctx.places and collect(upstream, weights, ctx.places, source, ctx.lattice)
        return grad_source, from_rows(grad_logits), grad_flow, None, None, None, None


def attend_triton(
    source: Tensor, logits: Tensor, flow: Tensor, *, softmax: bool, places: Places | None, slope: float
) -> tuple[Tensor, Tensor]:
    """The average over the k*k taps around the flowed positions, weighted by the softmax of the logits.

    Args:
        source: [B,C,H,W].
        logits: [B,k*k,h,w].
        flow: [B,2,h,w] float32.
        softmax: False for the leaky ReLU instead.
        places: `sort_flow`; None if no gradient of `source` is needed.

    Returns:
        The result [B,C,h,w], and the attention weights [B,k*k,h,w] in float32.
    """
    lattice = _source_lattice((source.shape[2], source.shape[3]), round(logits.shape[1] ** 0.5))
    result, attention = _Attend.apply(to_rows(source), logits, flow, places, lattice, softmax, slope)  # type: ignore
    return from_rows(result), from_rows(attention)


def sort_flow(flow: Tensor, size: tuple[int, int], kernel: int) -> Places:
    """Flow [B,2,h,w] float32 into a source of this size, as the gradients of source and projected source need it."""
    return sort_positions(flow.detach(), _source_lattice(size, kernel))


def _source_lattice(size: tuple[int, int], kernel: int) -> Lattice:
    return Lattice(-(kernel // 2), -(kernel // 2), *size, kernel + 1, kernel + 1, relative=True)
