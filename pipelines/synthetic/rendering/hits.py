"""The pixels that show a mesh, and values of its vertices there.

In: a `Raster` and the vertices that it was drawn from. Out: `Hits`, on which shaders work: most of a picture shows
nothing, so a list of pixels costs a fraction of a grid. `Hits.to_grid` makes pictures of the results.

Legend: N pictures, V vertices, F triangles, M pixels that show something, C channels, H, W size, k samples per pixel in
either direction.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from pipelines.synthetic.rendering.raster import Raster


@dataclass
class Hits:
    """The M pixels that show a triangle, in the order of pictures, rows and columns."""

    raster: Raster
    """The N pictures."""
    picture: Tensor
    """[M] picture of the pixel."""
    y: Tensor
    """[M] row of the pixel."""
    x: Tensor
    """[M] column of the pixel."""
    triangle: Tensor
    """[M] triangle."""
    corners: Tensor
    """[M, 3] its vertices."""
    weights: Tensor
    """[M, 3] weights of the vertices at the pixel centre; they add up to 1."""
    front: Tensor
    """[M] bool, whether the triangle is seen from its front."""

    def interpolate(self, values: Tensor) -> Tensor:
        """Values of the vertices at the pixels, [M, C].

        values: [N, V, C], or [V, C] if all pictures have the same.
        """
        corners = self.corners
        if values.dim() == 3:
            corners = corners + values.shape[1] * self.picture[:, None]
            values = values.flatten(0, 1)
        first, second, third = (
            values.index_select(0, corner) * weight[:, None]
            for corner, weight in zip(corners.unbind(1), self.weights.unbind(1), strict=True)
        )
        return first.add_(second).add_(third)

    def take(self, chosen: Tensor) -> "Hits":
        """The pixels with the indices `chosen`."""
        return Hits(
            self.raster, self.picture[chosen], self.y[chosen], self.x[chosen], self.triangle[chosen],
            self.corners[chosen], self.weights[chosen], self.front[chosen],
        )  # fmt: skip

    def to_grid(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """Pictures [N, H, W, C] of values [M, C] at the pixels, with `fill` elsewhere."""
        grid = values.new_full((*self.raster.index.shape, values.shape[1]), fill)
        grid[self.picture, self.y, self.x] = values
        return grid


def find_hits(raster: Raster, pixel: Tensor, triangles: Tensor, depth: Tensor | None = None) -> Hits:
    """What the pixel centres show.

    Args:
        raster: N pictures of the triangles.
        pixel: [N, V, 2] positions (x, y) of the vertices, or [V, 2] if the triangles of a list have their own.
        triangles: [F, 3] vertices.
        depth: [N, V] or [V] distances of the vertices along the line of sight under a perspective camera; without it
            the camera is orthographic.
    """
    picture, y, x = (raster.index >= 0).nonzero(as_tuple=True)
    triangle = raster.index[picture, y, x].long()
    corners = triangles[triangle]
    place = (picture[:, None], corners) if pixel.dim() == 3 else (corners,)
    corner = pixel[place]
    weights = barycentric_weights(corner, x, y, None if depth is None else depth[place])
    return Hits(raster, picture, y, x, triangle, corners, weights, is_front(corner))


def is_front(corner: Tensor) -> Tensor:
    """Whether triangles with the corners [..., 3, 2] (x, y) in pixels turn their front to the camera, [...] bool."""
    (ax, ay), (bx, by) = ((corner[..., i, :] - corner[..., 0, :]).unbind(-1) for i in (1, 2))
    return ax * by < bx * ay


def barycentric_weights(corner: Tensor, x: Tensor, y: Tensor, depth: Tensor | None = None) -> Tensor:
    """Weights [M, 3] of the corners of triangles at the pixel positions x, y [M].

    Args:
        corner: [M, 3, 2] positions (x, y) in pixels.
        depth: [M, 3] distances along the line of sight under a perspective camera: the weights are then those of the
            point in space.
    """
    offset = corner - torch.stack([x, y], -1)[:, None]
    following, last = offset.roll(-1, 1), offset.roll(-2, 1)
    share = following[..., 0] * last[..., 1] - following[..., 1] * last[..., 0]
    if depth is not None:
        share = share / depth
    return share / share.sum(-1, keepdim=True)


def average_samples(grid: Tensor, factor: int) -> Tensor:
    """Pictures [N, C, H, W] of a grid [N, H * k, W * k, C] with `factor` k samples per pixel in either direction."""
    return avg_pool2d(grid.permute(0, 3, 1, 2), factor)
