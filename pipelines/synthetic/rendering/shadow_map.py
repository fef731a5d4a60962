"""Shadows that meshes cast on themselves: an arm on the chest, a chin on the neck, a skirt on the legs.

In: vertices, and the way to a lamp that is infinitely far away. Out: how much of its light reaches points of the mesh.
The mesh is drawn as the lamp sees it, and points that lie behind what the lamp sees are in shadow.

Legend: N pictures, V vertices, F triangles, M points.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.raster import Raster, rasterise
from pipelines.synthetic.tensors import constant

_SIZE = 224  # pixels along a side of what a lamp sees
_MARGIN = 3  # pixels around the mesh there
_BIAS, _FADE = 0.012, 0.02  # depth behind the lit surface where shadow begins, and over which it gets complete, m
_SPREAD = ((0.9, 0.35), (-0.35, 0.9), (-0.9, -0.35), (0.35, -0.9))  # pixels to the samples that soften the edge


@dataclass
class ShadowMap:
    """What a lamp sees of the meshes of N pictures."""

    raster: Raster
    axes: Tensor
    """[N, 3, 3] rows: to the right and downwards in the lamp's picture, and to the lamp."""
    scale: Tensor
    """[N] pixels of the lamp's picture in a metre."""
    shift: Tensor
    """[N, 2] its pixel (x, y) of the world's origin."""

    def find_lit(self, points: Tensor, picture: Tensor) -> Tensor:
        """Share [M] of the lamp's light that reaches the world points [M, 3] of the pictures [M]: 0 none .. 1 all."""
        local = (self.axes[picture] * points[:, None]).sum(-1)  # [M, 3]
        place = local[:, :2] * self.scale[picture, None] + self.shift[picture]
        total = torch.zeros_like(local[:, 0])
        for offset in _SPREAD:
            x, y = (place + constant(offset, place.device)).round().long().clamp(0, _SIZE - 1).unbind(1)
            behind = self.raster.nearness[picture, y, x] - local[:, 2] - _BIAS
            total += (behind / _FADE).clamp(0, 1)
        return 1 - total / len(_SPREAD)


def map_shadows(vertices: Tensor, triangles: Tensor, present: Tensor | None, way: Tensor) -> ShadowMap:
    """Draws meshes as a lamp sees them.

    Args:
        vertices: [N, V, 3] world metres.
        triangles: [F, 3] vertices.
        present: [N, F] bool, the triangles that a picture has; all without it.
        way: [N, 3] unit vectors to the lamp, not straight up.
    """
    right = normalize(torch.linalg.cross(constant((0.0, 1.0, 0.0), way.device).expand_as(way), way), dim=-1)
    axes = torch.stack([right, torch.linalg.cross(right, way), way], 1)
    local = vertices @ axes.mT  # [N, V, 3]
    low, high = local[..., :2].amin(1), local[..., :2].amax(1)
    scale = (_SIZE - 2 * _MARGIN) / (high - low).amax(1)
    shift = _MARGIN - low * scale[:, None]
    pixel = local[..., :2] * scale[:, None, None] + shift[:, None]
    both = torch.ones(len(triangles), dtype=torch.bool, device=way.device)
    raster = rasterise(pixel, local[..., 2].contiguous(), triangles, present, size=(_SIZE, _SIZE), two_sided=both)
    return ShadowMap(raster, axes, scale, shift)
