"""Maps of both hands with their fingers: lines of Gaussian profile along the bones, as thin as fingers are.

Called by `detail_maps` for one pose or a training batch, and by `device_structure_maps` inside a CUDA graph, which
nothing may be copied into from the CPU: there are no lists of indices here.

N poses, P = 52 points (`models.joints.DETAIL_POINTS`), H, W size of the map, S side of the window
around a hand. Points are x, y in pixels of the map, pixel centres are integers.
"""

import torch
from torch import Tensor

from models.joints import DETAIL_NAMES, HAND_LIMBS, HAND_POINTS

WINDOW = 3 / 8  # S as a fraction of the map's longer side; what is beyond is not drawn
FINGER = 0.045  # standard deviation of a line in lengths of its hand: half of a finger's breadth
THINNEST = 0.6  # pixels: the least standard deviation
TIPS = slice(4, None, 4)


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
    first = (each.round().clamp(0, size - side) for each, size in zip(corner.unbind(2), (width, height), strict=True))
    x, y = (each[..., None] + torch.arange(side, device=corner.device) for each in first)  # [N, 2, S] each
    reach = (hands[:, :, TIPS] - hands[:, :, :1]).norm(dim=-1).amax(2)  # [N, 2]
    sigma = (FINGER * reach).clamp(min=THINNEST * scale)[..., None, None]
    drawn = torch.exp(-_square_distance(hands, x, y) / (2 * sigma.square())) * known[..., None, None]  # [N, 2, S, S]
    places = y.long()[..., :, None] * width + x.long()[..., None, :]  # [N, 2, S, S]
    maps = drawn.new_zeros(*known.shape, height * width)
    return maps.scatter_(2, places.flatten(2), drawn.flatten(2)).unflatten(2, (height, width))


def _square_distance(hands: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Square distance [N, 2, S, S] of pixels x, y [N, 2, S] to the nearest limb of hands [N, 2, 21, 2]."""
    nearest = torch.full_like(x[..., :, None] * y[..., None, :], torch.inf)
    for first, second in HAND_LIMBS:
        start = hands[:, :, first]  # [N, 2, 2]
        axis = hands[:, :, second] - start
        dx, dy = (x - start[..., :1])[..., None, :], (y - start[..., 1:])[..., :, None]  # [N, 2, 1, S], [N, 2, S, 1]
        along, across = axis[..., 0, None, None], axis[..., 1, None, None]
        square = axis.square().sum(-1).clamp(min=1e-6)[..., None, None]
        part = ((dx * along + dy * across) / square).clamp(0, 1)
        nearest = torch.minimum(nearest, (dx - part * along).square() + (dy - part * across).square())
    return nearest
