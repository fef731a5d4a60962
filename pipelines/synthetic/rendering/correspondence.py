"""Where points of one picture are in another, and whether they can be seen there.

In: the hits of a picture, and vertices and nearness of another picture of the same mesh. Out: true flow and visibility.

Legend: N pairs of pictures, V vertices, F triangles, M points, J joints, H, W size, k samples per pixel in either
direction.
"""

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from pipelines.synthetic.rendering.hits import Hits, is_front
from pipelines.synthetic.rendering.raster import to_samples
from pipelines.synthetic.tensors import constant

_ROUNDING = 0.01  # of a pixel beyond the outermost centres that a point may be, so that those at rest stay inside


def find_flow(
    hits: Hits, pixel: Tensor, nearness: Tensor, surface: Tensor, *, tolerance: float
) -> tuple[Tensor, Tensor, Tensor]:
    """True backward flow from N target to N source pictures of a mesh under an orthographic camera.

    Args:
        hits: what the pixel centres of the targets show.
        pixel: [N, V, 2] positions (x, y) of the vertices in the sources.
        nearness: [N, V] of the vertices in the sources.
        surface: [N, H * k, W * k] nearness of what the sources show.
        tolerance: in units of the nearness, by which a point may be behind what is shown and still count as visible.

    Returns:
        flow [N, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
        [N, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; mesh [N, 1, H, W],
        1 where the target's pixel centre is on the mesh. The background has zero flow; it is visible where no sample
        of the source's pixel is on the mesh.
    """
    picture, y, x = hits.picture, hits.y, hits.x
    factor = surface.shape[1] // hits.raster.index.shape[1]
    place, near = hits.interpolate(torch.cat([pixel, nearness[..., None]], -1)).split([2, 1], -1)
    height, width = hits.raster.index.shape[1:]
    limit = constant((width - 1, height - 1), place.device)
    inside = ((place >= -_ROUNDING) & (place <= limit + _ROUNDING)).all(-1)
    same_side = is_front(pixel[picture[:, None], hits.corners]) == hits.front
    clear = find_unoccluded(surface, picture, to_samples(place, factor), near[:, 0] + tolerance)
    flow = hits.to_grid(place - torch.stack([x, y], -1))
    visible = max_pool2d(surface, factor) == -torch.inf
    visible[picture, y, x] = inside & same_side & clear
    mesh = hits.raster.index >= 0
    return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), mesh[:, None].float()


def find_visible(pixel: Tensor, nearness: Tensor, surface: Tensor, *, factor: int = 1) -> Tensor:
    """Which points, joints for instance, are in the picture with nothing in front of them: [N, J] bool.

    Args:
        pixel: [N, J, 2] positions (x, y) in pixels.
        nearness: [N, J] up to which something may be in front: of a joint, that of its skin.
        surface: [N, H * k, W * k] nearness of what the pictures show.
        factor: k.
    """
    place = to_samples(pixel, factor)
    limit = constant((surface.shape[2] - 0.5, surface.shape[1] - 0.5), place.device)
    inside = ((place >= -0.5) & (place <= limit)).all(-1)
    picture = torch.arange(len(pixel), device=pixel.device).repeat_interleave(pixel.shape[1])
    clear = find_unoccluded(surface, picture, place.flatten(0, 1), nearness.flatten())
    return inside & clear.view(inside.shape)


def find_unoccluded(surface: Tensor, picture: Tensor, place: Tensor, limit: Tensor) -> Tensor:
    """Which points have nothing in front of them: [M] bool.

    A surface between four samples is at least as near as the farthest of them. So a point counts as hidden only where
    all four are in front of it: however steep a surface is, it doesn't hide itself. The price is that the outermost
    samples of what does hide a point let it through: with 2 x 2 samples, about 1 % of the points of a person.

    Args:
        surface: [N, H, W] nearness of what pictures show at their samples.
        picture: [M] picture of a point.
        place: [M, 2] where it is (x, y) in the grid of samples; beyond the picture, its edge counts.
        limit: [M] nearness from which on a surface hides it.
    """
    height, width = surface.shape[1:]
    corner = torch.minimum(place.floor().clamp(min=0), constant((width - 2, height - 2), place.device)).long()
    clear = torch.zeros_like(picture, dtype=torch.bool)
    for down in range(2):
        for right in range(2):
            clear |= surface[picture, corner[:, 1] + down, corner[:, 0] + right] <= limit
    return clear
