"""Triton form of `raster_torch.draw_torch`: one pass over the triangles, without lists of candidates.

Imported by `raster` for CUDA tensors only. The operations and their order are those of the PyTorch form, and no two are
fused, so that both give the same bits.

Most triangles of a person cover a few pixels: each lane of a program draws one of them, pixel after pixel. Then the
program draws its large triangles one after the other, each with all its lanes.

Legend: T triangles of the list, t triangles and p pixels that a program draws at once, N pictures, H, W size.
"""

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from pipelines.synthetic.rendering.raster_torch import FLATTEST, NUMBER_BITS, SLACK

TRIANGLES = 32  # of a program: a warp has as many lanes, and no lane waits for the triangles of other warps
SMALL = 64  # pixels in the box of a triangle that one lane draws
PIXELS = 256  # of a large triangle at once

_FLATTEST, _SLACK, _NUMBER_BITS = tl.constexpr(FLATTEST), tl.constexpr(SLACK), tl.constexpr(NUMBER_BITS)


@triton.jit
def _find_edge(x1, y1, x2, y2):
    """Columns and rows from one corner to the next, and their cross product."""
    across, down = x2 - x1, y2 - y1
    return across, down, down * x1 - across * y1


@triton.jit
def _square(across, down):
    return across * across + down * down


@triton.jit
def _draw_block(
    best, pixel, nearness, triangles, picture, two_sided, count, number,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, SMALL: tl.constexpr, PIXELS: tl.constexpr, LARGE: tl.constexpr,
):  # fmt: skip
    """Draws those of the triangles `number` [t, 1] that are large or not, `PIXELS` of each at once.

    Returns the pixels in the largest box of them all.
    """
    there = number < count
    i = tl.load(triangles + number * 3, mask=there, other=0)
    j = tl.load(triangles + number * 3 + 1, mask=there, other=0)
    k = tl.load(triangles + number * 3 + 2, mask=there, other=0)
    x0, y0 = tl.load(pixel + i * 2), tl.load(pixel + i * 2 + 1)
    x1, y1 = tl.load(pixel + j * 2), tl.load(pixel + j * 2 + 1)
    x2, y2 = tl.load(pixel + k * 2), tl.load(pixel + k * 2 + 1)
    left = tl.maximum(tl.ceil(tl.minimum(tl.minimum(x0, x1), x2)), 0.0)
    top = tl.maximum(tl.ceil(tl.minimum(tl.minimum(y0, y1), y2)), 0.0)
    right = tl.minimum(tl.floor(tl.maximum(tl.maximum(x0, x1), x2)), WIDTH - 1.0)
    bottom = tl.minimum(tl.floor(tl.maximum(tl.maximum(y0, y1), y2)), HEIGHT - 1.0)
    x0, y0, x1, y1, x2, y2 = x0 - left, y0 - top, x1 - left, y1 - top, x2 - left, y2 - top
    across0, down0, cross0 = _find_edge(x1, y1, x2, y2)
    across1, down1, cross1 = _find_edge(x2, y2, x0, y0)
    across2, down2, cross2 = _find_edge(x0, y0, x1, y1)
    doubled = cross0 + cross1 + cross2
    longest = tl.maximum(tl.maximum(_square(across0, down0), _square(across1, down1)), _square(across2, down2))
    both = tl.load(two_sided + number, mask=there, other=0) != 0
    seen = tl.where(both, tl.abs(doubled), -doubled) > longest * _FLATTEST
    seen = seen & there & (right >= left) & (bottom >= top)
    scale = tl.div_rn(tl.full(doubled.shape, 1.0, tl.float32), tl.where(seen, doubled, 1.0))
    a0, b0, c0 = -down0 * scale, across0 * scale, cross0 * scale
    a1, b1, c1 = -down1 * scale, across1 * scale, cross1 * scale
    a2, b2, c2 = -down2 * scale, across2 * scale, cross2 * scale
    n0, n1, n2 = tl.load(nearness + i), tl.load(nearness + j), tl.load(nearness + k)
    da, db, dc = a0 * n0 + a1 * n1 + a2 * n2, b0 * n0 + b1 * n1 + b2 * n2, c0 * n0 + c1 * n1 + c2 * n2
    columns = tl.where(seen, right - left, 0.0).to(tl.int32) + 1
    rows = tl.where(seen, bottom - top, 0.0).to(tl.int32) + 1
    column, row = tl.where(seen, left, 0.0).to(tl.int32), tl.where(seen, top, 0.0).to(tl.int32)
    base = tl.load(picture + number, mask=there, other=0).to(tl.int64) * (HEIGHT * WIDTH) + row * WIDTH + column
    all_areas = tl.where(seen, columns * rows, 0)
    area = tl.where((all_areas > SMALL) == LARGE, all_areas, 0)
    for start in range(0, tl.max(area), PIXELS):  # type: ignore[arg-type]
        step = start + tl.arange(0, PIXELS)[None, :]  # [1, p]
        y = step // columns
        x = step - y * columns
        px, py = x.to(tl.float32), y.to(tl.float32)
        inside = (step < area) & (a0 * px + b0 * py + c0 >= -_SLACK)
        inside = inside & (a1 * px + b1 * py + c1 >= -_SLACK) & (a2 * px + b2 * py + c2 >= -_SLACK)
        bits = (da * px + db * py + dc).to(tl.int32, bitcast=True)
        code = tl.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
        packed = (code.to(tl.int64) << _NUMBER_BITS) | number.to(tl.int64)
        tl.atomic_max(best + base + y * WIDTH + x, packed, mask=inside, sem="relaxed")
    return tl.max(all_areas)


@triton.jit
def _draw(
    best, pixel, nearness, triangles, picture, two_sided, count,
    HEIGHT: tl.constexpr, WIDTH: tl.constexpr, TRIANGLES: tl.constexpr, SMALL: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    first = tl.program_id(0) * TRIANGLES
    number = first + tl.arange(0, TRIANGLES)[:, None]
    largest = _draw_block(
        best, pixel, nearness, triangles, picture, two_sided, count, number,
        HEIGHT, WIDTH, SMALL, PIXELS=1, LARGE=False,  # type: ignore[arg-type]
    )  # fmt: skip
    if largest > SMALL:
        for offset in range(TRIANGLES):
            single = first + offset + tl.zeros((1, 1), tl.int32)
            _draw_block(
                best, pixel, nearness, triangles, picture, two_sided, count, single,
                HEIGHT, WIDTH, SMALL, PIXELS, LARGE=True,  # type: ignore[arg-type]
            )  # fmt: skip


def draw_triton(
    best: Tensor, pixel: Tensor, nearness: Tensor, triangles: Tensor, picture: Tensor, two_sided: Tensor,
    size: tuple[int, int],
) -> None:  # fmt: skip
    """`raster_torch.draw_torch` for CUDA tensors."""
    if not len(triangles):
        return
    lists = [each.contiguous() for each in (pixel, nearness, triangles, picture, two_sided.to(torch.int8))]
    sizes = (len(triangles), *size, TRIANGLES, SMALL, PIXELS)
    options: dict[str, Any] = {"num_warps": 1, "enable_fp_fusion": False}
    _draw[(triton.cdiv(len(triangles), TRIANGLES),)](best, *lists, *sizes, **options)  # type: ignore[call-arg]
