"""PyTorch form of drawing triangles, for every device; `raster_triton` does the same arithmetic in the same order.

Called by `raster`. A handful of operations on flat lists: the boxes of the triangles, then every pixel in them.

Legend: T triangles of the list, C candidates (a pixel and a triangle), N pictures, H, W size.
"""

import torch
from torch import Tensor

from pipelines.synthetic.tensors import constant

EMPTY = -(1 << 63)  # packed value of a pixel without a triangle
SLACK = 1e-5  # of barycentric coordinates, so that rounding leaves no gap between neighbours
FLATTEST = 4e-6  # twice a triangle's area over its longest side squared; below it is nothing but rounding
NUMBER_BITS = 32  # for the triangle's number in the packed integer, the lower ones
CANDIDATES = 1 << 16  # at once; more don't fit into a CPU's cache


def draw_torch(
    best: Tensor, pixel: Tensor, nearness: Tensor, triangles: Tensor, picture: Tensor, two_sided: Tensor,
    size: tuple[int, int],
) -> None:  # fmt: skip
    """Raises `best` [N * H * W] int64 to the packed nearness and number of the triangles, see `rasterise_triangles`."""
    height, width = size
    corner = pixel.T.index_select(1, triangles.T.flatten()).view(2, 3, -1)  # [2, 3, T]
    limit = constant(((width - 1,), (height - 1,)), pixel.device)
    low, high = corner.amin(1).ceil().clamp(min=0), torch.minimum(corner.amax(1).floor(), limit)
    chosen = (high >= low).all(0).nonzero()[:, 0]
    corner, low, high = corner[..., chosen], low[:, chosen], high[:, chosen]
    plane, seen = _find_planes(corner - low[:, None], nearness[triangles[chosen].T], two_sided[chosen])
    chosen, plane = chosen[seen], plane[:, seen]
    column, row = low[:, seen].long()
    across, down = (high - low)[:, seen].long() + 1
    first = (picture[chosen] * height + row) * width + column
    area = across * down
    bounds = area.cumsum(0)
    start = 0
    while start < len(area):
        done = int(bounds[start - 1]) if start else 0
        end = max(int(torch.searchsorted(bounds, done + CANDIDATES, right=True)), start + 1)
        part = slice(start, end)
        _draw_boxes(best, plane[:, part], chosen[part], first[part], across[part], area[part], width)
        start = end


def order_floats(bits: Tensor) -> Tensor:
    """Integers int32 in the order of the floats with these bits, and the other way round."""
    return torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def _find_planes(corner: Tensor, nearness: Tensor, two_sided: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of the three corners and nearness, all linear in x and y, and what is seen [T].

    corner: [2, 3, T] x and y; nearness: [3, T].

    Returns:
        [12, T] = (a, b, c) four times, value = a x + b y + c; [T] bool.
    """
    (x1, y1), (x2, y2) = corner.roll(-1, 1), corner.roll(-2, 1)  # [3, T] each
    across, down = x2 - x1, y2 - y1
    cross = down * x1 - across * y1
    doubled = cross[0] + cross[1] + cross[2]
    longest = (across * across + down * down).amax(0)
    seen = torch.where(two_sided, doubled.abs(), -doubled) > FLATTEST * longest
    scale = 1 / torch.where(seen, doubled, 1.0)
    # weight of a corner = a x + b y + c, which is 1 there and 0 on the opposite edge
    weights = torch.stack([-down * scale, across * scale, cross * scale], 1)  # [3, 3, T]
    shares = weights * nearness[:, None]
    return torch.cat([weights.flatten(0, 1), shares[0] + shares[1] + shares[2]]), seen


def _draw_boxes(
    best: Tensor, plane: Tensor, number: Tensor, first: Tensor, across: Tensor, area: Tensor, width: int
) -> None:
    """Raises `best` [N * H * W] in the boxes of some triangles.

    plane: [12, T], x and y count from the box; number: [T] in the list; first: [T] pixels where the boxes begin;
    across, area: [T] columns and pixels of them.
    """
    row = torch.arange(len(number), device=best.device).repeat_interleave(area)  # [C]
    within = torch.arange(len(row), device=best.device) - (area.cumsum(0) - area).index_select(0, row)
    across = across.index_select(0, row)
    y = within // across
    x = within - y * across
    a0, b0, c0, a1, b1, c1, a2, b2, c2, da, db, dc = plane.index_select(1, row)
    px, py = x.to(plane.dtype), y.to(plane.dtype)
    weights = a0 * px + b0 * py + c0, a1 * px + b1 * py + c1, a2 * px + b2 * py + c2
    inside = ((weights[0] >= -SLACK) & (weights[1] >= -SLACK) & (weights[2] >= -SLACK)).nonzero()[:, 0]
    code = order_floats((da * px + db * py + dc).view(torch.int32))
    packed = (code.long() << NUMBER_BITS) | number.index_select(0, row)
    target = first.index_select(0, row) + y * width + x
    best.scatter_reduce_(0, target.index_select(0, inside), packed.index_select(0, inside), "amax")
