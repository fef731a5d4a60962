"""Channels of a structure map beyond the 17 joints: hands, feet, which limb is in front, fingers (docs/weights.md).

Inference draws one pose at a time with them, training a batch on its device. NaN stands for what is not known.

N poses, K joints, P = 52 points (`models.joints.DETAIL_POINTS`), H, W size of the map. Points are x, y in pixels of the
map, pixel centres are integers; depths are in pixels of the map as well, smaller ones are nearer to the camera.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.joints import DETAIL_NAMES
from pipelines.keypoints.finger_maps import draw_fingers

SIGMA = 3.0  # pixels, half of the joints': the points of a hand are near each other
LIMB_RADIUS = 4.0  # pixels
DEPTH_UNIT = 64.0  # pixels of depth that tanh maps to 0.76: about an arm's length at 256 pixels
NAMED = slice(0, len(DETAIL_NAMES))  # of the points: those with heat maps
FEET = slice(6, NAMED.stop)
HANDS = slice(0, FEET.start)


def detail_maps(
    points: Tensor,
    joints: Tensor,
    depth: Tensor,
    limbs: Sequence[tuple[int, int]],
    *,
    height: int,
    width: int,
    scale: float = 1.0,
) -> Tensor:
    """Heat maps of the points, what is known at all, the order of the limbs, and fingers.

    Args:
        points: [N, P, 2].
        joints: [N, K, 2].
        depth: [N, K] of the joints; a limb without the depths of both its ends is not drawn.
        limbs: pairs of joint indices.
        height, width: H, W.
        scale: size of heat maps, limbs and depths as a multiple of that of a map of 256 pixels.

    Returns:
        float32 [N, 16, H, W]: 10 heat maps in 0..1; planes of 1 where any point of the hands, any of the feet, any
        limb's depth is known, else of 0; the limbs with their nearness, -1..1, the nearest in front, else 0; and both
        hands, see `finger_maps`.
    """
    has_depth = torch.stack([~depth[:, pair].isnan().any(-1) for pair in map(list, limbs)], 1).any(1)  # [N]
    known, planes = mark_known(points, has_depth, height, width)
    rows, columns = (torch.arange(side, device=points.device, dtype=torch.float32) for side in (height, width))
    heat = draw_points(points.float()[:, NAMED], known[:, NAMED], rows, columns, SIGMA * scale)
    order = _draw_limbs(joints.float(), depth.float() / scale, limbs, rows, columns, LIMB_RADIUS * scale)
    return torch.cat([heat, planes, order[:, None], draw_fingers(points, height=height, width=width, scale=scale)], 1)


def mark_known(points: Tensor, has_depth: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Which points [N, P, 2] are known, bool [N, P], and planes [N, 3, H, W] of what is known at all.

    has_depth: bool [N], whether the depth of any limb is known.
    """
    known = ~points.isnan().any(-1)  # [N, P]
    groups = torch.stack([known[:, HANDS].any(1), known[:, FEET].any(1), has_depth], 1)  # [N, 3]
    return known, groups[..., None, None].float().expand(-1, -1, height, width)


def draw_points(points: Tensor, known: Tensor, rows: Tensor, columns: Tensor, sigma: float) -> Tensor:
    """[N, P, H, W] of points [N, P, 2]; empty where not `known` [N, P]."""
    x, y = points.nan_to_num().unbind(-1)
    along_x = torch.exp(-((columns - x[..., None]) ** 2) / (2 * sigma**2))  # [N, P, W]
    along_y = torch.exp(-((rows - y[..., None]) ** 2) / (2 * sigma**2)) * known[..., None]
    return along_y[..., :, None] * along_x[..., None, :]


def _draw_limbs(
    joints: Tensor, depth: Tensor, limbs: Sequence[tuple[int, int]], rows: Tensor, columns: Tensor, radius: float
) -> Tensor:
    """Nearness [N, H, W] of the nearest limb, in -1..1; 0 where there is none."""
    nowhere = -torch.inf
    nearest = joints.new_full((len(joints), len(rows), len(columns)), nowhere)
    starts, ends = joints[:, [start for start, _ in limbs]], joints[:, [end for _, end in limbs]]  # [N, limbs, 2]
    low = (torch.minimum(starts, ends).amin(0) - radius).floor().clamp(min=0).long().tolist()
    high = (torch.maximum(starts, ends).amax(0) + radius).ceil().clamp(min=-1).long().tolist()
    for limb, (start, end) in enumerate(limbs):
        (left, top), (right, bottom) = low[limb], high[limb]
        area = (slice(None), slice(top, bottom + 1), slice(left, right + 1))  # where the limb is in any of the poses
        x, y = columns[None, None, area[2]], rows[None, area[1], None]
        ends_of_limb = starts[:, limb].T[..., None, None], ends[:, limb].T[..., None, None]  # [2, N, 1, 1] each
        depths = depth[:, start, None, None], depth[:, end, None, None]
        inside, nearness = limb_nearness(*ends_of_limb, *depths, x, y, radius)  # NaN where not known: never nearer
        nearest[area] = torch.where(inside & (nearness > nearest[area]), nearness, nearest[area])
    return torch.where(nearest > nowhere, torch.tanh(nearest / DEPTH_UNIT), 0.0)


def limb_nearness(
    start: Tensor, end: Tensor, near: Tensor, far: Tensor, x: Tensor, y: Tensor, radius: float
) -> tuple[Tensor, Tensor]:
    """Which pixels x, y belong to a limb, and how near it is there, minus its depth; shapes have to fit.

    Args:
        start, end: [2, ...] x, y of its ends.
        near, far: their depths.
    """
    axis = end - start
    dx, dy = x - start[0], y - start[1]
    length = axis.square().sum(0).clamp(min=1e-6)
    part = ((dx * axis[0] + dy * axis[1]) / length).clamp(0, 1)  # along the limb
    inside = (dx - part * axis[0]).square() + (dy - part * axis[1]).square() < radius**2
    return inside, -(near + part * (far - near))
