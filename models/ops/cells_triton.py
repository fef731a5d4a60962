"""Which positions read which pixels: positions sorted by their cell, and what the other Triton kernels share.

A position reads U x V neighbours (cell row - (U-1) + u, cell column - (V-1) + v), each clamped to the image. Its cell
is clamped too, to 0..H+U-2 and 0..W+V-2, where all neighbours are the same border pixels already. So a pixel (r, c) is
read, clamping apart, from the cell rows r..r+U-1 and in each of them from the cell columns c..c+V-1, which are next to
each other once the positions are sorted. Its gradient is a sum over them, in an order that is always the same.

In: positions. Out: their order. Used by `models.ops.neighbours_triton` and `models.ops.attention_triton`.

B batch, H, W size of the source, h, w size of the flow, U x V lattice of neighbours, N = B*h*w positions.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

CHUNK = 2048  # positions that a program looks at together while it searches a row
GROUP = 64  # positions of a row that it compares with as many others while it sorts
TILES = {4: (2, 2), 8: (2, 4), 16: (4, 4), 32: (4, 8)}  # rows and columns of positions that a program handles
PROGRAMS = 512  # that keep a GPU busy
GATHER_TILE = 2  # rows and columns of a program that waits for what it reads rather than computes


class Lattice(NamedTuple):
    """The neighbours that every position reads, and of what."""

    first_row: int
    """Offset of the first row of neighbours from the floor of the position."""

    first_column: int
    """The same for columns."""

    height: int
    """H."""

    width: int
    """W."""

    rows: int
    """U."""

    columns: int
    """V."""

    relative: bool
    """Whether positions are flow, relative to the pixel grid."""


class Places(NamedTuple):
    """Positions sorted by the cell that they are in."""

    order: Tensor
    """[N] int32, flat indices of positions."""

    cell_columns: Tensor
    """[N] int32, the columns of their cells."""

    starts: Tensor
    """[B*(H+U-1)*(W+V-1)+1] int32, the place in `order` where the positions of each cell start; at the end N."""


def tile_of(batch: int, height: int, width: int) -> tuple[int, int, int]:
    """Rows and columns of positions for one program, fewer where there are few, and the number of programs."""
    share = batch * height * width // PROGRAMS
    rows, columns = TILES[min(max(triton.next_power_of_2(share), 4), 32)]
    return rows, columns, batch * triton.cdiv(height, rows) * triton.cdiv(width, columns)


def gather_tile_of(batch: int, height: int, width: int, channels: int, *, values: int) -> tuple[int, int, int, int]:
    """As `tile_of`, small tiles whatever the batch, and the warps with which each thread has so many `values`."""
    side = GATHER_TILE
    warps = max(triton.next_power_of_2(channels) * side**2 // (32 * values), 1)
    return side, side, batch * triton.cdiv(height, side) * triton.cdiv(width, side), warps


@triton.jit
def find_tile(height, width, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Image, row, column and flat index of the positions of this program, and whether to store what belongs to them.

    Those beyond the edge of the map stand for positions at its edge, so that all can be read.
    """
    across, down = tl.cdiv(width, COLUMNS), tl.cdiv(height, ROWS)
    image = tl.program_id(0) // (across * down)
    tile = tl.program_id(0) % (across * down)
    place = tl.arange(0, ROWS * COLUMNS)
    row = tile // across * ROWS + place // COLUMNS
    column = tile % across * COLUMNS + place % COLUMNS
    there = (row < height) & (column < width)
    row, column = tl.minimum(row, height - 1), tl.minimum(column, width - 1)
    return image, row, column, (image * height + row) * width + column, there


@triton.jit
def read_rows(pointers, c, C: tl.constexpr):
    """Rows of C channels as float32, 0 where c is beyond."""
    if c.shape[0] == C:
        return tl.load(pointers).to(tl.float32)
    else:  # noqa: RET505  (Triton knows no statements after a return)
        return tl.load(pointers, mask=(c < C)[None, :], other=0.0).to(tl.float32)


@triton.jit
def find_cell(position, first, SIZE: tl.constexpr, COUNT: tl.constexpr):
    """Cells along one axis of SIZE pixels, of positions that read COUNT neighbours from `first` on."""
    # Clamped as floats, so that far positions stay inside int32; rounding down is exact near the image.
    near = tl.minimum(tl.maximum(tl.floor(position) + first, 1.0 - COUNT), SIZE - 1.0)
    return near.to(tl.int32) + (COUNT - 1)


@triton.jit
def find_neighbour(cell, step, SIZE: tl.constexpr, COUNT: tl.constexpr):
    """Pixels along one axis that the neighbours number `step` are, clamped to the image."""
    return tl.minimum(tl.maximum(cell - (COUNT - 1) + step, 0), SIZE - 1)


@triton.jit
def _sort(
    positions, found, found_columns, order, columns, starts, height, width,
    stride_b, stride_c, stride_y, stride_x, first_row, first_column,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, RELATIVE: tl.constexpr,
    CELLS: tl.constexpr, CHUNK: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    """Sort the positions whose cell is in one row of one image; `found` and `found_columns` [N] are scratch memory."""
    down, across = HEIGHT + ROWS - 1, WIDTH + COLUMNS - 1
    image, wanted = tl.program_id(0) // down, tl.program_id(0) % down
    per_image = height * width
    vertical = positions + image * stride_b + stride_c
    horizontal = positions + image * stride_b
    begin = image * per_image  # where the positions of this row begin: after those of all rows above
    for first in range(0, per_image, CHUNK):
        place = first + tl.arange(0, CHUNK)
        row, column, there = place // width, place % width, place < per_image
        y = tl.load(vertical + row * stride_y + column * stride_x, mask=there, other=0.0) + row * RELATIVE
        above = there & (find_cell(y, first_row, HEIGHT, ROWS) < wanted)
        begin += tl.sum(above.to(tl.int32), axis=0)
    end = begin
    for first in range(0, per_image, CHUNK):
        place = first + tl.arange(0, CHUNK)
        row, column, there = place // width, place % width, place < per_image
        y = tl.load(vertical + row * stride_y + column * stride_x, mask=there, other=0.0) + row * RELATIVE
        chosen = there & (find_cell(y, first_row, HEIGHT, ROWS) == wanted)
        x = tl.load(horizontal + row * stride_y + column * stride_x, mask=chosen, other=0.0) + column * RELATIVE
        target = end + tl.cumsum(chosen.to(tl.int32), axis=0) - 1
        tl.store(found + target, image * per_image + place, mask=chosen)
        tl.store(found_columns + target, find_cell(x, first_column, WIDTH, COLUMNS), mask=chosen)
        end += tl.sum(chosen.to(tl.int32), axis=0)
    tl.debug_barrier()  # other threads of this program read what was stored
    cell = tl.arange(0, CELLS)
    start = begin + tl.zeros((CELLS,), tl.int32)
    for first in range(begin, end, GROUP):
        a = first + tl.arange(0, GROUP)
        column_a = tl.load(found_columns + a, mask=a < end, other=across)
        start += tl.sum((column_a[:, None] < cell[None, :]).to(tl.int32), axis=0)
        rank = begin + tl.zeros((GROUP,), tl.int32)
        for other in range(begin, end, GROUP):
            b = other + tl.arange(0, GROUP)
            column_b = tl.load(found_columns + b, mask=b < end, other=across)
            left = column_b[None, :] < column_a[:, None]
            earlier = (column_b[None, :] == column_a[:, None]) & (b[None, :] < a[:, None])
            rank += tl.sum((left | earlier).to(tl.int32), axis=1)
        tl.store(order + rank, tl.load(found + a, mask=a < end, other=0), mask=a < end)
        tl.store(columns + rank, column_a, mask=a < end)
    # The last entry of `starts`, N, belongs to no cell.
    last = tl.where(tl.program_id(0) == tl.num_programs(0) - 1, across + 1, across)
    tl.store(starts + tl.program_id(0) * across + cell, start, mask=cell < last)


def sort_positions(positions: Tensor, lattice: Lattice) -> Places:
    """Sort positions [B,2,h,w] by image, row of their cell, column of their cell, and place."""
    batch, _, h, w = positions.shape
    count, across = batch * h * w, lattice.width + lattice.columns - 1
    programs = batch * (lattice.height + lattice.rows - 1)
    found, found_columns, order, cell_columns = positions.new_empty((4, count), dtype=torch.int32).unbind()
    starts = positions.new_empty(programs * across + 1, dtype=torch.int32)
    _sort[(programs,)](
        positions, found, found_columns, order, cell_columns, starts, h, w, *positions.stride(), *lattice,
        triton.next_power_of_2(across + 1), CHUNK, GROUP,
    )  # fmt: skip
    return Places(order, cell_columns, starts)
