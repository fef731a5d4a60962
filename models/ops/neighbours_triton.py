"""Triton form of `models.ops.neighbours.sum_neighbours`, and what local attention shares with it.

Imported for CUDA tensors only. Both directions gather: forward, each position sums what it reads; backward, each pixel
of the source sums over the positions that read it, which are sorted for that (`models.ops.cells_triton`). There are no
atomics, so results are the same in every run.

B batch, C channels, H, W size of the source, h, w size of the flow, U x V lattice of neighbours, N = B*h*w positions.
Tables are maps as rows of channels, [B*H*W,C].
"""

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
    read_position,
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
    positions, image, row, column, there, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
):  # fmt: skip
    """Cell row and column of positions, and their fractions in x and y."""
    x = read_position(positions, image, row, column, there, stride_b, stride_y, stride_x, column * RELATIVE)
    y = read_position(positions + stride_c, image, row, column, there, stride_b, stride_y, stride_x, row * RELATIVE)
    cell_row, cell_column = find_cell(y, first_row, HEIGHT, ROWS), find_cell(x, first_column, WIDTH, COLUMNS)
    return cell_row, cell_column, x - tl.floor(x), y - tl.floor(y)


@triton.jit
def weigh_and_sum(
    table, weights, image, cell_row, cell_column, n, there, c, C: tl.constexpr,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Sums [positions, channels] over the neighbours in table [B*H*W,C], with weights [N,U*V]."""
    inside = there[:, None] & (c < C)[None, :]
    total = tl.zeros((n.shape[0], c.shape[0]), tl.float32)
    for u in tl.static_range(ROWS):
        line = (image * HEIGHT + find_neighbour(cell_row, u, HEIGHT, ROWS)) * WIDTH
        for v in tl.static_range(COLUMNS):
            weight = tl.load(weights + n * (ROWS * COLUMNS) + (u * COLUMNS + v), mask=there, other=0.0)
            pixel = line + find_neighbour(cell_column, v, WIDTH, COLUMNS)
            value = tl.load(table + pixel[:, None] * C + c[None, :], mask=inside, other=0.0)
            total += weight[:, None] * value.to(tl.float32)
    return total


@triton.jit
def spread(
    taps, weights, cell_row, cell_column, fx, fy, n, there, scale, TAPS_Y: tl.constexpr, TAPS_X: tl.constexpr,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Weights [N,TAPS_Y*TAPS_X] of bilinear taps -> scale times the weights [N,U*V] of neighbours, folded.

    Tap i lies between the neighbours i and i+1. Folded: what neighbours beyond the border would weigh is added to the
    border pixel that they are clamped to, so that the weight of a neighbour inside the image is that of its pixel.
    First along y, then along x; this program's share of `weights` holds what is in between.
    """
    q = tl.arange(0, BLOCK)
    base = n[:, None] * (ROWS * COLUMNS)
    u, j = q // TAPS_X, q % TAPS_X
    inside = there[:, None] & (u < ROWS)[None, :]
    total = tl.zeros((n.shape[0], BLOCK), tl.float32)
    for i in tl.static_range(TAPS_Y):
        share = _share(cell_row, fy, i, u, HEIGHT, ROWS)
        total += share * tl.load(
            taps + n[:, None] * (TAPS_Y * TAPS_X) + i * TAPS_X + j[None, :], mask=inside, other=0.0
        )
    tl.store(weights + base + q[None, :], total, mask=inside)
    tl.debug_barrier()  # other threads of this program read what was stored
    u, v = q // COLUMNS, q % COLUMNS
    inside = there[:, None] & (u < ROWS)[None, :]
    total = tl.zeros((n.shape[0], BLOCK), tl.float32)
    for i in tl.static_range(TAPS_X):
        share = _share(cell_column, fx, i, v, WIDTH, COLUMNS)
        total += share * tl.load(weights + base + (u * TAPS_X + i)[None, :], mask=inside, other=0.0)
    tl.debug_barrier()
    tl.store(weights + base + q[None, :], total * scale, mask=inside)
    tl.debug_barrier()


@triton.jit
def _share(cell, fraction, tap: tl.constexpr, step, SIZE: tl.constexpr, COUNT: tl.constexpr):
    """Share [positions, steps] of a tap along one axis that neighbour number `step` receives."""
    first = find_neighbour(cell, tap, SIZE, COUNT) - cell + (COUNT - 1)
    second = find_neighbour(cell, tap + 1, SIZE, COUNT) - cell + (COUNT - 1)
    near = tl.where(first[:, None] == step[None, :], 1.0 - fraction[:, None], 0.0)
    return near + tl.where(second[:, None] == step[None, :], fraction[:, None], 0.0)


@triton.jit
def correlate(
    table, products, upstream, image, cell_row, cell_column, n, there, c, C: tl.constexpr,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Store products [N,U*V] of upstream [positions, channels] and the neighbours: the gradient of the weights."""
    inside = there[:, None] & (c < C)[None, :]
    for u in tl.static_range(ROWS):
        line = (image * HEIGHT + find_neighbour(cell_row, u, HEIGHT, ROWS)) * WIDTH
        for v in tl.static_range(COLUMNS):
            pixel = line + find_neighbour(cell_column, v, WIDTH, COLUMNS)
            value = tl.load(table + pixel[:, None] * C + c[None, :], mask=inside, other=0.0)
            product = tl.sum(upstream * value.to(tl.float32), axis=1)
            tl.store(products + n * (ROWS * COLUMNS) + (u * COLUMNS + v), product, mask=there)


@triton.jit
def _forward(
    table, positions, weights, result, height, width, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, _, _ = read_cells(
        positions, image, row, column, there, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_C)
    total = weigh_and_sum(
        table, weights, image, cell_row, cell_column, n, there, c, C, HEIGHT, WIDTH, ROWS, COLUMNS
    )  # fmt: skip
    inside = there[:, None] & (c < C)[None, :]
    tl.store(result + n[:, None] * C + c[None, :], total.to(result.dtype.element_ty), mask=inside)


@triton.jit
def _backward(
    table, positions, weights, upstream, products, folded, height, width,
    stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr, BLOCK_Q: tl.constexpr,
):  # fmt: skip
    image, row, column, n, there = find_tile(height, width, TILE_H, TILE_W)
    cell_row, cell_column, _, _ = read_cells(
        positions, image, row, column, there, stride_b, stride_c, stride_y, stride_x, first_row, first_column,
        HEIGHT, WIDTH, ROWS, COLUMNS, RELATIVE,
    )  # fmt: skip
    whole = tl.zeros((TILE_H * TILE_W,), tl.float32)  # neighbours are taps without fractions
    spread(
        weights, folded, cell_row, cell_column, whole, whole, n, there, 1.0, ROWS, COLUMNS,
        HEIGHT, WIDTH, ROWS, COLUMNS, BLOCK_Q,
    )  # fmt: skip
    c = tl.arange(0, BLOCK_C)
    inside = there[:, None] & (c < C)[None, :]
    gradient = tl.load(upstream + n[:, None] * C + c[None, :], mask=inside, other=0.0).to(tl.float32)
    correlate(
        table, products, gradient, image, cell_row, cell_column, n, there, c, C, HEIGHT, WIDTH, ROWS, COLUMNS
    )  # fmt: skip


@triton.jit
def _collect(
    upstream, weights, order, cell_columns, starts, result,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr, UNROLL: tl.constexpr,
):  # fmt: skip
    """Gradient [B*H*W,C] of the table: each pixel sums upstream [N,C] of the positions that read it.

    With folded weights [N,U*V]: see `spread`.
    """
    down, across = HEIGHT + ROWS - 1, WIDTH + COLUMNS - 1
    image, row, column, pixel, there = find_tile(HEIGHT, WIDTH, TILE_H, TILE_W)
    c = tl.arange(0, BLOCK_C)
    total = tl.zeros((TILE_H * TILE_W, BLOCK_C), tl.float32)
    for below in range(ROWS):  # cell rows row + below
        cell = (image * down + row + below) * across + column
        begin = tl.load(starts + cell, mask=there, other=0)
        end = tl.load(starts + cell + COLUMNS, mask=there, other=0)
        for first in range(0, tl.max(end - begin, axis=0), UNROLL):
            for step in tl.static_range(UNROLL):
                place = begin + first + step
                chosen = place < end
                n = tl.load(order + place, mask=chosen, other=0)
                cell_column = tl.load(cell_columns + place, mask=chosen, other=0)
                at = weights + n * (ROWS * COLUMNS) + (ROWS - 1 - below) * COLUMNS + column - cell_column + COLUMNS - 1
                weight = tl.load(at, mask=chosen, other=0.0)
                inside = chosen[:, None] & (c < C)[None, :]
                value = tl.load(upstream + n[:, None] * C + c[None, :], mask=inside, other=0.0)
                total += weight[:, None] * value.to(tl.float32)
    inside = there[:, None] & (c < C)[None, :]
    tl.store(result + pixel[:, None] * C + c[None, :], total.to(result.dtype.element_ty), mask=inside)


def collect(upstream: Tensor, weights: Tensor, places: Places, like: Tensor, lattice: Lattice) -> Tensor:
    """Gradient of a source [B,H,W,C] that is `like` this one, from what positions have read of it.

    upstream: [B,h,w,C], contiguous; weights: [N,U*V] float32, folded; places: sorted with a lattice of the same cells.
    """
    batch, height, width, channels = like.shape
    result = torch.empty_like(like)
    rows, columns, programs = tile_of(batch, height, width)
    _collect[(programs,)](
        upstream, weights, *places, result, height, width, lattice.rows, lattice.columns,
        channels, triton.next_power_of_2(channels), rows, columns, UNROLL,
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
            channels, triton.next_power_of_2(channels), rows, columns, triton.next_power_of_2(weights.shape[1]),
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
