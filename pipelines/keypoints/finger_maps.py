"""Maps of both hands with their fingers: lines of Gaussian profile along the bones, as thin as fingers are.

Called by `detail_maps` for one pose or a training batch, and by `device_structure_maps` inside a CUDA graph.

N poses, P = 52 points (`models.joints.DETAIL_POINTS`), L limbs of a hand, H, W size of the map, S side of the window
around a hand. Points are x, y in pixels of the map, pixel centres are integers.
"""

import torch
from torch import Tensor

from models.joints import DETAIL_NAMES, HAND_LIMBS, HAND_POINTS

WINDOW = 3 / 8  # S as a fraction of the map's longer side; what is beyond is not drawn
FINGER = 0.045  # standard deviation of a line in lengths of its hand: half of a finger's breadth
THINNEST = 0.6  # pixels: the least standard deviation
TIPS = (4, 8, 12, 16, 20)


def draw_fingers(points: Tensor, *, height: int, width: int, scale: float = 1.0) -> Tensor:
    """The maps [N, 2, H, W] of the left and the right hand, 1 at the bones, falling to 0 beside them.

    Args:
        points: [N, P, 2]; a hand of which any point is NaN is not drawn.
        height, width: H, W.
        scale: size of the least breadth as a multiple of that on a map of 256 pixels.
    """
    hands = points[:, len(DETAIL_NAMES) :].float().unflatten(1, (2, HAND_POINTS))  # [N, 2, 21, 2]
    known = ~hands.isnan().flatten(2).any(2)  # [N, 2]
    hands = hands.nan_to_num()
    side = min(round(WINDOW * max(height, width)), height, width)
    corner = (hands.amin(2) + hands.amax(2) - side) / 2  # [N, 2, 2]
    limits = corner.new_tensor([width - side, height - side])
    corner = torch.minimum(corner.round().clamp(min=0), limits)
    x, y = (corner[..., axis, None] + torch.arange(side, device=corner.device) for axis in (0, 1))  # [N, 2, S] each
    reach = (hands[:, :, TIPS, :] - hands[:, :, :1]).norm(dim=-1).amax(2)  # [N, 2]
    sigma = (FINGER * reach).clamp(min=THINNEST * scale)[..., None, None]
    drawn = torch.exp(-_square_distance(hands, x, y) / (2 * sigma.square())) * known[..., None, None]  # [N, 2, S, S]
    places = y.long()[..., :, None] * width + x.long()[..., None, :]  # [N, 2, S, S]
    maps = drawn.new_zeros(*known.shape, height * width)
    return maps.scatter_(2, places.flatten(2), drawn.flatten(2)).unflatten(2, (height, width))


def _square_distance(hands: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Square distance [N, 2, S, S] of pixels x, y [N, 2, S] to the nearest limb of hands [N, 2, 21, 2]."""
    first, second = (list(ends) for ends in zip(*HAND_LIMBS, strict=True))
    starts = hands[:, :, first]  # [N, 2, L, 2]
    axes = hands[:, :, second] - starts
    nearest = torch.full_like(x[..., :, None] * y[..., None, :], torch.inf)
    for start, axis in zip(starts.unbind(2), axes.unbind(2), strict=True):
        dx, dy = (x - start[..., :1])[..., None, :], (y - start[..., 1:])[..., :, None]  # [N, 2, 1, S], [N, 2, S, 1]
        along, across = axis[..., 0, None, None], axis[..., 1, None, None]
        square = axis.square().sum(-1).clamp(min=1e-6)[..., None, None]
        part = ((dx * along + dy * across) / square).clamp(0, 1)
        nearest = torch.minimum(nearest, (dx - part * along).square() + (dy - part * across).square())
    return nearest
