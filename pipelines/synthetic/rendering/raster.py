"""Triangles to pixels: which triangle each pixel shows, and how near it is.

In: projected vertices and triangles. Out: a `Raster`. `rasterise` draws a mesh in many poses, a picture of each;
`rasterise_triangles` draws a list of triangles into any pictures. `hits` interpolates over what they find.

Every pixel centre in the bounding box of every triangle is tried. The nearest wins: the maximum of (nearness, triangle)
packed into one integer, so the result depends neither on the order nor on the batch. `raster_torch` does that on every
device, `raster_triton` on CUDA, with the same bits.

Nearness is any value that grows towards the camera and is linear in the pixel: world z under an orthographic camera,
1 / distance under a perspective one. Pixels: x right, y down, centres at integers. For antialiasing, draw k x k samples
per pixel: vertices at `to_samples(pixel, k)` into a picture of k times the size.

Legend: N pictures, V vertices, F triangles of a mesh, T triangles of a list, H, W size.
"""

import importlib.util
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from pipelines.synthetic.rendering.raster_torch import EMPTY, NUMBER_BITS, draw_torch, order_floats

TRIANGLES = 1 << 20  # of meshes at once; the PyTorch form needs about 300 bytes for each


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
        number = pad(number.to(torch.int32), (0, 1), value=-1)  # whose last is read by the index -1
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
    found = order_floats((best >> NUMBER_BITS).to(torch.int32)).view(torch.float32)
    return Raster(index.view(size), torch.where(empty, -torch.inf, found).view(size))


def can_run_triton(pixel: Tensor) -> bool:
    """Whether the Triton form can draw vertices at `pixel`."""
    return pixel.device.type == "cuda" and importlib.util.find_spec("triton") is not None
