"""Triton form of `models.ops.neighbours.sum_neighbours`, and what local attention shares with it.

Imported for CUDA tensors only. Both directions gather: forward, each position sums what it reads; backward, each pixel
of the source sums over the positions that read it, which are sorted for that (`models.ops.cells_triton`). There are no
atomics, so results are the same in every run.

B batch, C channels, H, W size of the source, h, w size of the flow, U x V lattice of neighbours, N = B*h*w positions.
Tables are maps as rows of channels, [B*H*W,C].
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

from models.ops.cells_triton import (
    Lattice,
    Places,
    find_cell,
    find_neighbour,
    find_tile,
    gather_tile_of,
    read_rows,
    sort_positions,
    tile_of,
)

UNROLL = 2  # positions of a cell that are read at a time


def to_rows(x: Tensor) -> Tensor:
    """Map [B,C,H,W] -> [B,H,W,C], contiguous; a copy only if the map is not channels-last."""
    return x.permute(0, 2, 3, 1).contiguous()


def from_rows(rows: Tensor) -> Tensor:
    """[B,H,W,C] -> a map [B,C,H,W], channels-last."""
    return rows.permute(0, 3, 1, 2)


@triton.jit
def read_cells(
    positions, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
):  # fmt: skip
    """Cell row and column of positions, and their fractions in x and y."""
    at = positions + image * stride_b + row * stride_y + column * stride_x
    x, y = tl.load(at) + column * RELATIVE, tl.load(at + stride_c) + row * RELATIVE
    cell_row, cell_column = find_cell(y, first_row, HEIGHT, ROWS), find_cell(x, first_column, WIDTH, COLUMNS)
    return cell_row, cell_column, x - tl.floor(x), y - tl.floor(y)


@triton.jit
def weigh_and_sum(
    table, weights, image, cell_row, cell_column, n, c, C: tl.constexpr,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Sums [positions, channels] over the neighbours in table [B*H*W,C], with weights [N,U*V]."""
    total = tl.zeros((n.shape[0], c.shape[0]), tl.float32)
    for u in range(ROWS):
        line = (image * HEIGHT + find_neighbour(cell_row, u, HEIGHT, ROWS)) * (WIDTH * C)
        start = table + (line[:, None] + c[None, :])
        for v in tl.static_range(COLUMNS):
            weight = tl.load(weights + (n * (ROWS * COLUMNS) + u * COLUMNS + v))
            shift = find_neighbour(cell_column, v, WIDTH, COLUMNS) * C
            total += weight[:, None] * read_rows(start + shift[:, None], c, C)
    return total


@triton.jit
def correlate(
    table, products, upstream, image, cell_row, cell_column, n, there, c, C: tl.constexpr,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK_V: tl.constexpr,
):  # fmt: skip
    """Store products [N,U*V] of upstream [positions, channels] and the neighbours: the gradient of the weights."""
    place = tl.arange(0, BLOCK_V)
    inside = there[:, None] & (place < COLUMNS)[None, :]
    for u in range(ROWS):
        line = (image * HEIGHT + find_neighbour(cell_row, u, HEIGHT, ROWS)) * (WIDTH * C)
        start = table + (line[:, None] + c[None, :])
        row = tl.zeros((n.shape[0], BLOCK_V), tl.float32)
        for v in tl.static_range(COLUMNS):
            shift = find_neighbour(cell_column, v, WIDTH, COLUMNS) * C
            product = tl.sum(upstream * read_rows(start + shift[:, None], c, C), axis=1)
            row = tl.where(place[None, :] == v, product[:, None], row)
        tl.store(products + (n[:, None] * (ROWS * COLUMNS) + u * COLUMNS + place[None, :]), row, mask=inside)


@triton.jit
def fold(
    weights, folded, cell_row, cell_column, n, there,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Weights [N,U*V] of neighbours -> the same, where those beyond the border weigh nothing, `folded`.

    Their weight is added to the border pixel that they are clamped to, so that the weight of a neighbour inside the
    image is the weight of its pixel. `folded` may be `weights` itself.
    """
    q = tl.arange(0, BLOCK)
    u, v = (q // COLUMNS)[None, :], (q % COLUMNS)[None, :]
    inside = there[:, None] & (q < ROWS * COLUMNS)[None, :]
    base = n[:, None] * (ROWS * COLUMNS)
    total = tl.zeros((n.shape[0], BLOCK), tl.float32)
    for i in range(ROWS):
        target = find_neighbour(cell_row, i, HEIGHT, ROWS) - cell_row + (ROWS - 1)
        chosen = inside & (target[:, None] == u)
        total += tl.load(weights + (base + i * COLUMNS + v), mask=chosen, other=0.0)
    tl.debug_barrier()  # threads of this program read what others of it have stored
    tl.store(folded + (base + q[None, :]), total, mask=inside)
    tl.debug_barrier()
    total = tl.zeros((n.shape[0], BLOCK), tl.float32)
    for i in range(COLUMNS):
        target = find_neighbour(cell_column, i, WIDTH, COLUMNS) - cell_column + (COLUMNS - 1)
        chosen = inside & (target[:, None] == v)
        total += tl.load(folded + (base + u * COLUMNS + i), mask=chosen, other=0.0)
    tl.debug_barrier()
    tl.store(folded + (base + q[None, :]), total, mask=inside)


@triton.jit
def _forward(
    table, positions, weights, result, height, width, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, _, _ = read_cells(
        positions, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_C)
    total = weigh_and_sum(
        table, weights, image, cell_row, cell_column, n, c, C, HEIGHT, WIDTH, ROWS, COLUMNS
    )  # fmt: skip
    inside = there[:, None] & (c < C)[None, :]
    tl.store(result + (n[:, None] * C + c[None, :]), total.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _backward(
    table, positions, weights, upstream, products, folded, height, width,
    stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
    BLOCK_Q: tl.constexpr, BLOCK_V: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, _, _ = read_cells(
        positions, image, row, column, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    fold(weights, folded, cell_row, cell_column, n, there, HEIGHT, WIDTH, ROWS, COLUMNS, BLOCK_Q)
    c = tl.arange(0, BLOCK_C)
    gradient = read_rows(upstream + (n[:, None] * C + c[None, :]), c, C)
    correlate(
        table, products, gradient, image, cell_row, cell_column, n, there, c, C,
        HEIGHT, WIDTH, ROWS, COLUMNS, BLOCK_V,
    )  # fmt: skip


@triton.jit
def _collect(
    upstream, weights, order, cell_columns, starts, result,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr, UNROLL: tl.constexpr,
):  # fmt: skip
    """Gradient [B*H*W,C] of the table: each pixel sums upstream [N,C] of the positions that read it.

    The weights [N,U*V] are folded.
    """
    down, across = HEIGHT + ROWS - 1, WIDTH + COLUMNS - 1
    image, row, column, pixel, there = find_tile(HEIGHT, WIDTH, TILE_H, TILE_W)
    c = tl.arange(0, BLOCK_C)
    total = tl.zeros((TILE_H * TILE_W, BLOCK_C), tl.float32)
    for below in range(ROWS):  # cell rows row + below
        cell = starts + ((image * down + row + below) * across + column)
        begin, end = tl.load(cell), tl.load(cell + COLUMNS)
        for first in range(0, tl.max(end - begin, axis=0), UNROLL):
            for step in tl.static_range(UNROLL):
                place = begin + first + step
                chosen = place < end
                n = tl.load(order + place, mask=chosen, other=0)
                cell_column = tl.load(cell_columns + place, mask=chosen, other=0)
                # Neighbour (U-1 - below, column - cell_column + V-1) of the position is this pixel.
                at = n * (ROWS * COLUMNS) - cell_column + (column + (ROWS - below) * COLUMNS - 1)
                weight = tl.load(weights + at, mask=chosen, other=0.0)
                inside = chosen[:, None] & (c < C)[None, :]
                value = tl.load(upstream + (n[:, None] * C + c[None, :]), mask=inside, other=0.0)
                total += weight[:, None] * value.to(tl.float32)
    inside = there[:, None] & (c < C)[None, :]
    tl.store(result + (pixel[:, None] * C + c[None, :]), total.to(result.dtype.element_ty), mask=inside)


def collect(upstream: Tensor, weights: Tensor, places: Places, like: Tensor, lattice: Lattice) -> Tensor:
    """Gradient of a source [B,H,W,C] that is `like` this one, from what positions have read of it.

    upstream: [B,h,w,C], contiguous; weights: [N,U*V] float32, folded; places: sorted with a lattice of the same cells.
    """
    batch, height, width, channels = like.shape
    result = torch.empty_like(like)
    rows, columns, programs, warps = gather_tile_of(batch, height, width, channels, values=8)
    _collect[(programs,)](
        upstream, weights, *places, result, height, width, lattice.rows, lattice.columns,
        channels, triton.next_power_of_2(channels), rows, columns, UNROLL, num_warps=warps,
    )  # fmt: skip
    return result


class _SumNeighbours(torch.autograd.Function):
    """source [B,H,W,C], positions [B,2,h,w], weights [N,U*V] float32 -> [B,h,w,C]."""

    @staticmethod
    def forward(ctx, source, positions, weights, lattice):
        (batch, _, height, width), channels = positions.shape, source.shape[-1]
        result = source.new_empty(batch, height, width, channels)
        rows, columns, programs = tile_of(batch, height, width)
        _forward[(programs,)](
            source, positions, weights, result, height, width, *positions.stride(), *lattice,
            channels, triton.next_power_of_2(channels), rows, columns,
        )  # fmt: skip
        ctx.save_for_backward(source, positions, weights)
        ctx.lattice = lattice
        return result

    @staticmethod
    def backward(ctx, *grads):
        (source, positions, weights), lattice = ctx.saved_tensors, ctx.lattice
        (batch, _, height, width), channels = positions.shape, source.shape[-1]
        upstream = grads[0].contiguous()
        products, folded = torch.empty_like(weights), torch.empty_like(weights)
        rows, columns, programs = tile_of(batch, height, width)
        _backward[(programs,)](
            source, positions, weights, upstream, products, folded, height, width, *positions.stride(), *lattice,
            channels, triton.next_power_of_2(channels), rows, columns,
            triton.next_power_of_2(weights.shape[1]), triton.next_power_of_2(lattice.columns),
        )  # fmt: skip
        return collect(upstream, folded, sort_positions(positions, lattice), source, lattice), None, products, None


def sum_neighbours_triton(
    source: Tensor, x0: Tensor, y0: Tensor, weights: Tensor, *, columns: range, rows: range
) -> Tensor:
    """`models.ops.neighbours.sum_neighbours` for CUDA tensors; sums in float32.

    source [B,C,H,W]; x0, y0 [B,h,w] floats with integral values; weights [B,h,w,U,V]; columns, rows: V and U offsets
    with steps of 1 -> [B,C,h,w].
    """
    _, _, height, width = source.shape
    lattice = Lattice(rows[0], columns[0], height, width, len(rows), len(columns), relative=False)
    positions = torch.stack([x0, y0], dim=1).detach()  # [B,2,h,w]
    flat = weights.float().flatten(0, 2).flatten(1).contiguous()  # [N,U*V]
    return from_rows(_SumNeighbours.apply(to_rows(source), positions, flat, lattice))  # type: ignore[arg-type]
