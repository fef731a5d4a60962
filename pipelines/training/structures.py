"""Structure maps of whole batches on the training device.

The same 17 heat maps and 3-channel skeleton picture as `pipelines.keypoints.structure` draws for one pose,
in tensor form: lines are anti-aliased by their distance instead of by the integer walk of the original.
N poses, K joints, H, W map size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.keypoints.structure import DISK_RADIUS, SIGMA, palette


def structure_maps(keypoints: Tensor, limbs: Sequence[tuple[int, int]], *, size: int, present: Tensor) -> Tensor:
    """Heat maps (0..1) and skeleton picture (0..255) of every pose.

    Args:
        keypoints: [N, K, 2] x, y in pixels of the map.
        limbs: pairs of joint indices, in drawing order.
        size: H = W of the map.
        present: [N, K] bool; a missing joint has an empty heat map and no limb.

    Returns:
        [N, K + 3, size, size].
    """
    axis = torch.arange(size, device=keypoints.device, dtype=torch.float32)
    along_x = torch.exp(-((axis - keypoints[..., 0:1]) ** 2) / (2 * SIGMA**2))
    along_y = torch.exp(-((axis - keypoints[..., 1:2]) ** 2) / (2 * SIGMA**2)) * present[..., None]
    heat = along_y[..., :, None] * along_x[..., None, :]  # [N, K, H, W]
    return torch.cat([heat, _skeleton(keypoints.trunc(), limbs, axis, present)], 1)


def _skeleton(joints: Tensor, limbs: Sequence[tuple[int, int]], axis: Tensor, present: Tensor) -> Tensor:
    x, y = axis[None, None, :], axis[None, :, None]
    lines = joints.new_zeros(len(joints), len(axis), len(axis))
    for start, end in limbs:
        coverage = _line(joints[:, start], joints[:, end], x, y) * (present[:, start] & present[:, end])[:, None, None]
        lines = torch.where(coverage > 0, (255 * coverage).floor(), lines)
    picture = lines[:, None].repeat(1, 3, 1, 1)
    for index, colour in enumerate(palette(joints.shape[1]).tolist()):
        inside = (x - joints[:, index, 0, None, None]) ** 2 + (y - joints[:, index, 1, None, None]) ** 2
        inside = (inside < DISK_RADIUS**2) & present[:, index, None, None]
        picture = torch.where(inside[:, None], joints.new_tensor(colour)[None, :, None, None], picture)
    return picture


def _line(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Coverage [N, H, W] of the one-pixel line between two points [N, 2]."""
    step = end - start
    length = step.norm(dim=-1)
    rightward = step.new_tensor([1.0, 0.0])
    unit = torch.where(length[:, None] > 0, step / length.clamp(min=1)[:, None], rightward)[..., None, None]
    dx, dy = x - start[:, 0, None, None], y - start[:, 1, None, None]
    along = dx * unit[:, 0] + dy * unit[:, 1]
    across = (dx * unit[:, 1] - dy * unit[:, 0]).abs()
    inside = (along > -0.5) & (along < length[:, None, None] + 0.5)
    return (1 - across).clamp(min=0) * inside
