"""Triton form of local attention up to its second layer: sampling, adding and the leaky ReLU as one kernel each way.

Used by `models.ops.local_attention` for CUDA tensors. Sums are in float32, features in any precision.

B batch, C channels, A hidden channels, H, W size of the source, h, w size of the flow, k kernel size, N = B*h*w
positions. Flow is backward flow in pixels of the source map, channel 0 = x, in float32. Features are channels-last.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.ops.cells_triton import Lattice, Places, find_neighbour, find_tile, read_rows, tile_of
from models.ops.neighbours_triton import collect, from_rows, read_cells, to_rows


@triton.jit
def _read_corners(table, image, cell_row, cell_column, c, A: tl.constexpr, HEIGHT: tl.constexpr, WIDTH: tl.constexpr):
    """The four neighbours [positions, channels] of each position: above left, above right, below left, below right."""
    above = (image * HEIGHT + find_neighbour(cell_row, 0, HEIGHT, 2)) * (WIDTH * A)
    below = (image * HEIGHT + find_neighbour(cell_row, 1, HEIGHT, 2)) * (WIDTH * A)
    above, below = table + (above[:, None] + c[None, :]), table + (below[:, None] + c[None, :])
    left = (find_neighbour(cell_column, 0, WIDTH, 2) * A)[:, None]
    right = (find_neighbour(cell_column, 1, WIDTH, 2) * A)[:, None]
    return (
        read_rows(above + left, c, A),
        read_rows(above + right, c, A),
        read_rows(below + left, c, A),
        read_rows(below + right, c, A),
    )


@triton.jit
def _sample(
    table, target, flow, result, height, width, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    A: tl.constexpr, BLOCK_A: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr, SLOPE: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, fx, fy = read_cells(
        flow, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_A)
    inside = there[:, None] & (c < A)[None, :]
    place = n[:, None] * A + c[None, :]
    a, b, d, e = _read_corners(table, image, cell_row, cell_column, c, A, HEIGHT, WIDTH)
    fx, fy = fx[:, None], fy[:, None]
    hidden = read_rows(target + place, c, A)
    hidden += (1.0 - fy) * ((1.0 - fx) * a + fx * b) + fy * ((1.0 - fx) * d + fx * e)
    hidden = tl.where(hidden > 0, hidden, hidden * SLOPE)
    tl.store(result + place, hidden.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _sample_backward(
    table, flow, result, upstream, grad_target, grad_flow, weights, height, width,
    stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    A: tl.constexpr, BLOCK_A: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr, SLOPE: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, fx, fy = read_cells(
        flow, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_A)
    inside = there[:, None] & (c < A)[None, :]
    place = n[:, None] * A + c[None, :]
    hidden = read_rows(result + place, c, A)
    grad = read_rows(upstream + place, c, A)
    grad = tl.where(hidden > 0, grad, grad * SLOPE)
    tl.store(grad_target + place, grad.to(grad_target.dtype.element_ty), mask=inside)
    a, b, d, e = _read_corners(table, image, cell_row, cell_column, c, A, HEIGHT, WIDTH)
    along_x = tl.sum(grad * ((1.0 - fy)[:, None] * (b - a) + fy[:, None] * (e - d)), axis=1)
    along_y = tl.sum(grad * ((1.0 - fx)[:, None] * (d - a) + fx[:, None] * (e - b)), axis=1)
    at = grad_flow + (image * 2 * height + row) * width + column
    tl.store(at, along_x, mask=there)
    tl.store(at + height * width, along_y, mask=there)
    # Folded, see `fold`: at the border one of both neighbours is outside, and the other takes everything.
    x = tl.where(cell_column == 0, 1.0, tl.where(cell_column == WIDTH, 0.0, fx))
    y = tl.where(cell_row == 0, 1.0, tl.where(cell_row == HEIGHT, 0.0, fy))
    tl.store(weights + n * 4, (1.0 - y) * (1.0 - x), mask=there)
    tl.store(weights + n * 4 + 1, (1.0 - y) * x, mask=there)
    tl.store(weights + n * 4 + 2, y * (1.0 - x), mask=there)
    tl.store(weights + n * 4 + 3, y * x, mask=there)


class _Sample(torch.autograd.Function):
    """projected [B,H+k-1,W+k-1,A], target [B,h,w,A], flow [B,2,h,w] -> [B,h,w,A]."""

    @staticmethod
    def forward(ctx, projected, target, flow, places, lattice, slope):
        batch, height, width, hidden = target.shape
        result = torch.empty_like(target)
        rows, columns, programs = tile_of(batch, height, width)
        _sample[(programs,)](
            projected, target, flow, result, height, width, *flow.stride(), *lattice,
            hidden, triton.next_power_of_2(hidden), rows, columns, slope,
        )  # fmt: skip
        ctx.save_for_backward(projected, flow, result)
        ctx.places, ctx.lattice, ctx.slope = places, lattice, slope
        return result

    @staticmethod
    def backward(ctx, *grads):
        projected, flow, result = ctx.saved_tensors
        batch, height, width, hidden = result.shape
        grad_target, grad_flow = torch.empty_like(result), flow.new_empty(flow.shape)
        weights = flow.new_empty(batch * height * width, 4)
        rows, columns, programs = tile_of(batch, height, width)
        _sample_backward[(programs,)](
            projected, flow, result, grads[0].contiguous(), grad_target, grad_flow, weights,
            height, width, *flow.stride(), *ctx.lattice,
            hidden, triton.next_power_of_2(hidden), rows, columns, ctx.slope,
        )  # fmt: skip
        # What arrives at the target's half arrives at the source's half, too: they are added.
        grad_projected = ctx.places and collect(grad_target, weights, ctx.places, projected, ctx.lattice)
        return grad_projected, grad_target, grad_flow, None, None, None


def sample_hidden_triton(
    projected: Tensor, target: Tensor, flow: Tensor, *, kernel: int, places: Places | None, slope: float
) -> Tensor:
    """leaky_relu(target + projected sampled at the flowed positions): the input of the second layer.

    Args:
        projected: [B,A,H+k-1,W+k-1], see `models.ops.local_attention.project_source`.
        target: [B,A,h,w], its other half.
        flow: [B,2,h,w] float32.
        kernel: k.
        places: `sort_flow`; None if no gradient of `projected` is needed.

    Returns:
        [B,A,h,w].
    """
    after = (kernel - 1) // 2  # see `local_attention`
    lattice = Lattice(after, after, *projected.shape[-2:], 2, 2, relative=True)
    rows = to_rows(projected), to_rows(target)
    return from_rows(_Sample.apply(*rows, flow, places, lattice, slope))  # type: ignore[arg-type]
