"""Shadows of objects on the ground that they stand on.

Training data of the segmentation network lays them on the floors of pictures.

Legend: B objects, N vertices, H = W size.
"""

import torch
from torch import Tensor

from models.turning import Camera
from pipelines.synthetic.objects.scene import Objects, View
from pipelines.synthetic.rendering.raster import rasterise_triangles

LOWEST_LAMP = 0.35  # z of the direction to a lamp: lower ones would throw endless shadows


def render_shadow(objects: Objects, camera: Camera, lamp: Tensor, *, size: int) -> Tensor:
    """Where the ground below the objects lies in their shadow, [B, 1, H, W] 0 or 1.

    Args:
        camera: [B].
        lamp: [B, 3] directions to a lamp that is far away.
    """
    mesh, view = objects.mesh, View(camera, size)
    batch = len(objects.classes)
    height = mesh.position[:, 2]
    floor = height.new_full((batch,), torch.inf).scatter_reduce(0, mesh.owner, height, "amin")
    slope = lamp[:, :2] / lamp[:, 2:].clamp(min=LOWEST_LAMP)
    above = (height - floor[mesh.owner])[:, None]
    ground = torch.cat([mesh.position[:, :2] - slope[mesh.owner] * above, floor[mesh.owner, None]], 1)
    pixel, _, nearness = view.project(ground, mesh.owner)
    both = torch.ones(len(mesh.triangles), dtype=torch.bool, device=height.device)
    shape = (batch, size, size)
    raster = rasterise_triangles(pixel, nearness, mesh.triangles, mesh.object, size=shape, two_sided=both)
    return (raster.index >= 0)[:, None].float()
