"""Triangles to pixels in plain PyTorch: every pixel in the bounding box of every triangle is tried, the nearest wins.

In: projected vertices and triangles. Out: which triangle each pixel shows. `scene` calls both functions. The work is a
handful of operations on flat lists, so it runs on any device and in any batch. The winner is the maximum of (inverse
depth, triangle) packed into one integer, so the result does not depend on the order.

Legend: N vertices, T triangles, P pictures, C candidates (a pixel and a triangle), M points, H, W size.
"""

import torch
from torch import Tensor

CHUNK = 1 << 23  # candidates at once
_ID_BITS = 32  # for the triangle's number in the packed integer
_SLACK = 1e-5  # of barycentric coordinates, so that rounding leaves no gap between neighbours
_FLATTEST = 4e-6  # twice a triangle's area over its longest side squared; below it is nothing but rounding


def rasterise(
    pixel: Tensor, depth: Tensor, triangles: Tensor, picture: Tensor, size: tuple[int, int, int]
) -> tuple[Tensor, Tensor]:
    """Nearest triangle [P, H, W] int64 (-1 for none) and inverse depth [P, H, W] (0 for none) at the pixel centres.

    Args:
        pixel: [N, 2] positions (x, y) of the vertices.
        depth: [N] their positive distances along the line of sight.
        triangles: [T, 3] vertices; a triangle is seen only where it turns counter-clockwise (y down), not edge-on.
        picture: [T] picture that a triangle belongs to.
        size: (P, H, W).
    """
    pictures, height, width = size
    plane, low, high, seen = _planes(pixel, 1 / depth, triangles, height, width)
    chosen = seen.nonzero()[:, 0]
    low, extent = low[chosen], (high - low)[chosen] + 1
    area = extent[:, 0] * extent[:, 1]
    bounds = area.cumsum(0)
    best = torch.zeros(pictures * height * width, dtype=torch.int64, device=pixel.device)
    start, total = 0, int(bounds[-1]) if len(bounds) else 0
    for limit in range(CHUNK, total + CHUNK, CHUNK):
        end = int(torch.searchsorted(bounds, limit, right=True)) if limit < total else len(area)
        end = max(end, min(start + 1, len(area)))
        part = slice(start, end)
        _draw(best, plane, chosen[part], low[part], extent[part], area[part], picture, (height, width))
        start = end
    found = best > 0
    inverse = (best >> _ID_BITS).to(torch.int32).view(torch.float32)
    index = torch.where(found, best & (2**_ID_BITS - 1), -1)
    return index.view(size), torch.where(found, inverse, 0.0).view(size)


def _planes(
    pixel: Tensor, inverse: Tensor, triangles: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Edge and depth planes [T, 12] = (a, b, c) four times, boxes low, high [T, 2] in pixels, and what is seen [T].

    pixel: [N, 2]; inverse: [N] inverse depths; triangles: [T, 3].
    """
    corner = pixel[triangles]  # [T, 3, 2]
    limit = corner.new_tensor([width - 1, height - 1])
    low, high = corner.amin(1).ceil().clamp(min=0), torch.minimum(corner.amax(1).floor(), limit)
    corner = corner - low[:, None]
    following, last = corner.roll(-1, 1), corner.roll(-2, 1)
    edge = last - following
    cross = edge[..., 1] * following[..., 0] - edge[..., 0] * following[..., 1]
    doubled = cross.sum(1, keepdim=True)
    seen = doubled[:, 0] < -_FLATTEST * edge.square().sum(-1).amax(1)
    scale = 1 / torch.where(seen[:, None], doubled, 1.0)
    # weight of a corner = a x + b y + c, which is 1 there and 0 on the opposite edge; x, y count from the box
    weights = torch.stack([-edge[..., 1] * scale, edge[..., 0] * scale, cross * scale], -1)  # [T, 3, 3]
    depth = (weights * inverse[triangles][..., None]).sum(1)
    seen = seen & (high >= low).all(-1)
    return torch.cat([weights.flatten(1), depth], -1), low.long(), high.long(), seen


def _draw(
    best: Tensor, plane: Tensor, chosen: Tensor, low: Tensor, extent: Tensor, area: Tensor, picture: Tensor,
    size: tuple[int, int],
) -> None:  # fmt: skip
    """Raises `best` [P * H * W] to the packed depth and number of the triangles `chosen` [n] in their boxes.

    plane: [T, 12]; low, extent: [n, 2] corner and size of the boxes; area: [n] their pixels; picture: [T].
    """
    row = torch.arange(len(chosen), device=best.device).repeat_interleave(area)  # [C]
    within = torch.arange(len(row), device=best.device) - (area.cumsum(0) - area)[row]
    across = extent[row, 0]
    x, y = within % across, within // across
    triangle = chosen[row]
    a0, b0, c0, a1, b1, c1, a2, b2, c2, da, db, dc = plane[triangle].unbind(-1)
    px, py = x.to(plane.dtype), y.to(plane.dtype)
    weights = torch.stack([a0 * px + b0 * py + c0, a1 * px + b1 * py + c1, a2 * px + b2 * py + c2])
    inside = (weights >= -_SLACK).all(0)
    depth = (da * px + db * py + dc).clamp(min=1e-6)
    packed = (depth.view(torch.int32).long() << _ID_BITS) | triangle
    target = (picture[triangle] * size[0] + low[row, 1] + y) * size[1] + low[row, 0] + x
    best.scatter_reduce_(0, target[inside], packed[inside], "amax")


def barycentric_weights(pixel: Tensor, depth: Tensor, corners: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Perspective-correct weights [M, 3] of the three vertices `corners` [M, 3] at the pixel positions x, y [M].

    pixel: [N, 2] and depth: [N] of all vertices.
    """
    corner = pixel[corners]
    offset = corner - torch.stack([x, y], -1)[:, None]
    following, last = offset.roll(-1, 1), offset.roll(-2, 1)
    share = following[..., 0] * last[..., 1] - following[..., 1] * last[..., 0]
    share = share / depth[corners]
    return share / share.sum(-1, keepdim=True)
