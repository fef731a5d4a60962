"""Triangles to pixels: which triangle each pixel shows, and how near it is.

In: projected vertices and triangles. Out: a `Raster`. `rasterise` draws a mesh in many poses, a picture of each;
`rasterise_triangles` draws a list of triangles into any pictures. `hits` interpolates over what they find.

Every pixel centre in the bounding box of every triangle is tried. The nearest wins: the maximum of (nearness, triangle)
packed into one integer, so the result depends neither on the order nor on the batch. Two forms do the same arithmetic
in the same order: PyTorch, for every device, and Triton, for CUDA.

Nearness is any value that grows towards the camera and is linear in the pixel: world z under an orthographic camera,
1 / distance under a perspective one. Pixels: x right, y down, centres at integers. For antialiasing, draw k x k samples
per pixel: vertices at `to_samples(pixel, k)` into a picture of k times the size.

Legend: N pictures, V vertices, F triangles of a mesh, T triangles of a list, C candidates (a pixel and a triangle),
H, W size.
"""

import importlib.util
from dataclasses import dataclass

import torch
from torch import Tensor

EMPTY = -(1 << 63)  # packed value of a pixel without a triangle
SLACK = 1e-5  # of barycentric coordinates, so that rounding leaves no gap between neighbours
FLATTEST = 4e-6  # twice a triangle's area over its longest side squared; below it is nothing but rounding
NUMBER_BITS = 32  # for the triangle's number in the packed integer
CANDIDATES = 1 << 16  # at once in the PyTorch form; more don't fit into a CPU's cache
TRIANGLES = 1 << 20  # at once of meshes; the PyTorch form needs about 300 bytes for each


@dataclass
class Raster:
    """What the pixel centres of N pictures show."""

    index: Tensor
    """[N, H, W] int32 triangle, -1 for none."""
    nearness: Tensor
    """[N, H, W] float32 of the surface there, -inf for none."""


def to_samples(pixel: Tensor, factor: int) -> Tensor:
    """Positions [..., 2] in pixels as positions in the grid with `factor` samples to a pixel in either direction."""
    return (pixel + 0.5) * factor - 0.5


def rasterise(
    pixel: Tensor,
    nearness: Tensor,
    triangles: Tensor,
    present: Tensor | None = None,
    *,
    size: tuple[int, int],
    two_sided: Tensor | None = None,
) -> Raster:
    """Draws a mesh in N poses, into a picture of each.

    Args:
        pixel: [N, V, 2] float32 positions (x, y) of the vertices.
        nearness: [N, V] float32.
        triangles: [F, 3] vertices; a triangle is seen where it turns counter-clockwise in the picture, not edge-on.
        present: [N, F] bool, the triangles that a picture has; all without it.
        size: (H, W).
        two_sided: [F] bool, the triangles that are seen from behind as well; none without it.
    """
    pictures, vertices = nearness.shape
    step = max(TRIANGLES // len(triangles), 1)
    parts = []
    for start in range(0, pictures, step):
        chunk = slice(start, start + step)
        count = len(nearness[chunk])
        if present is None:
            chosen = torch.arange(count * len(triangles), device=pixel.device)
        else:
            chosen = present[chunk].flatten().nonzero()[:, 0]
        picture, number = chosen // len(triangles), chosen % len(triangles)
        part = rasterise_triangles(
            pixel[chunk].flatten(0, 1),
            nearness[chunk].flatten(),
            triangles[number] + vertices * picture[:, None],
            picture,
            size=(count, *size),
            two_sided=None if two_sided is None else two_sided[number],
        )
        number = torch.cat([number, number.new_tensor([-1])]).to(torch.int32)  # -1 is the last
        parts.append(Raster(number[part.index], part.nearness))
    return Raster(torch.cat([part.index for part in parts]), torch.cat([part.nearness for part in parts]))


def rasterise_triangles(
    pixel: Tensor,
    nearness: Tensor,
    triangles: Tensor,
    picture: Tensor,
    *,
    size: tuple[int, int, int],
    two_sided: Tensor | None = None,
) -> Raster:
    """Draws a list of triangles.

    Args:
        pixel: [V, 2] float32 positions (x, y) of the vertices.
        nearness: [V] float32.
        triangles: [T, 3] vertices; a triangle is seen where it turns counter-clockwise in the picture, not edge-on.
        picture: [T] picture that a triangle belongs to.
        size: (N, H, W).
        two_sided: [T] bool, the triangles that are seen from behind as well; none without it.
    """
    pictures, height, width = size
    best = torch.full((pictures * height * width,), EMPTY, dtype=torch.int64, device=pixel.device)
    if two_sided is None:
        two_sided = torch.zeros(len(triangles), dtype=torch.bool, device=pixel.device)
    if can_run_triton(pixel):
        from pipelines.synthetic.rendering.raster_triton import draw_triton as draw
    else:
        draw = draw_torch
    draw(best, pixel, nearness, triangles, picture, two_sided, (height, width))
    empty = best == EMPTY
    index = torch.where(empty, -1, best & ((1 << NUMBER_BITS) - 1)).to(torch.int32)
    found = _order_floats((best >> NUMBER_BITS).to(torch.int32)).view(torch.float32)
    return Raster(index.view(size), torch.where(empty, -torch.inf, found).view(size))


def can_run_triton(pixel: Tensor) -> bool:
    """Whether the Triton form can draw vertices at `pixel`."""
    return pixel.device.type == "cuda" and importlib.util.find_spec("triton") is not None


def draw_torch(
    best: Tensor, pixel: Tensor, nearness: Tensor, triangles: Tensor, picture: Tensor, two_sided: Tensor,
    size: tuple[int, int],
) -> None:  # fmt: skip
    """Raises `best` [N * H * W] int64 to the packed nearness and number of the triangles, see `rasterise_triangles`."""
    height, width = size
    corner = pixel.T.index_select(1, triangles.T.flatten()).view(2, 3, -1)  # [2, 3, T]
    limit = corner.new_tensor([[width - 1], [height - 1]])
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
    code = _order_floats((da * px + db * py + dc).view(torch.int32))
    packed = (code.long() << NUMBER_BITS) | number.index_select(0, row)
    target = first.index_select(0, row) + y * width + x
    best.scatter_reduce_(0, target.index_select(0, inside), packed.index_select(0, inside), "amax")


def _order_floats(bits: Tensor) -> Tensor:
    """Integers int32 in the order of the floats with these bits, and the other way round."""
    return torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
