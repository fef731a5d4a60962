"""Structure maps of a batch of poses, on the training device.

The same heat maps and skeleton image as `pipelines.keypoints.structure_maps` draws for one pose, with tensors: lines
are anti-aliased by their distance from the pixels instead of by the integer steps of the original.

Legend: N poses, K joints, H, W map size.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.keypoints.detail_maps import detail_maps
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17
from pipelines.keypoints.structure_maps import DISK_RADIUS, SIGMA, joint_colours


def structure_maps(keypoints: Tensor, limbs: Sequence[tuple[int, int]], *, size: int, present: Tensor) -> Tensor:
    """Heat maps in 0 to 1 and skeleton image in 0 to 255 of every pose.

    Args:
        keypoints: [N, K, 2] x, y in pixels of the map.
        limbs: pairs of joint indices, in drawing order.
        size: H = W of the map, in pixels.
        present: [N, K] bool; a missing joint has an empty heat map and no limb.

    Returns:
        [N, K + 3, size, size].
    """
    axis = torch.arange(size, device=keypoints.device, dtype=torch.float32)
    heat = _draw_heat_maps(keypoints, axis, axis, present)
    whole = keypoints.trunc()
    drawn = present & (whole != 0).all(-1)  # as the authors: a joint in the first row or column is missing here
    return torch.cat([heat, _draw_skeleton(whole, limbs, axis, drawn)], 1)


def add_details(
    maps: Tensor, joints: Tensor, limbs: Sequence[tuple[int, int]], points: Tensor, depth: Tensor
) -> Tensor:
    """Structure maps [N, K + 3, H, W] with the details of their poses behind them: [N, K + 19, H, W].

    Args:
        joints: [N, K, 2], and `limbs`: as the maps were drawn with.
        points, depth: [N, 52, 2] and [N, K], see `pipelines.keypoints.detail_maps`.
    """
    height, width = maps.shape[-2:]
    return torch.cat([maps, detail_maps(points, joints, depth, limbs, height=height, width=width)], 1)


def person_structures(coco: Tensor, *, height: int, width: int) -> Tensor:
    """The structure maps of person image generation (official format, section 9.2): heat maps of OpenPose-18 joints,
    whose coordinates are truncated to integers.

    Args:
        coco: [N, 17, 2] COCO-17 joints x, y in pixels of the map; the neck is the middle of the shoulders, joints
            outside the map are missing.

    Returns:
        [N, 18, height, width] in 0..1.
    """
    neck = coco[:, 5:7].mean(1, keepdim=True)
    rest = coco[:, [OPENPOSE18_TO_COCO17.index(joint) for joint in range(18) if joint != 1]]
    joints = torch.cat([rest[:, :1], neck, rest[:, 1:]], 1)  # [N, 18, 2]
    present = ((joints >= 0) & (joints < joints.new_tensor([width, height]))).all(-1)
    rows, columns = (torch.arange(side, device=coco.device, dtype=torch.float32) for side in (height, width))
    return _draw_heat_maps(joints.trunc(), rows, columns, present)


def _draw_heat_maps(points: Tensor, rows: Tensor, columns: Tensor, present: Tensor) -> Tensor:
    """Heat maps [N, K, H, W] of points [N, K, 2] at the pixel centres rows [H] and columns [W]."""
    along_x = torch.exp(-((columns - points[..., 0:1]) ** 2) / (2 * SIGMA**2))
    along_y = torch.exp(-((rows - points[..., 1:2]) ** 2) / (2 * SIGMA**2)) * present[..., None]
    return along_y[..., :, None] * along_x[..., None, :]  # [N, K, H, W]


def _draw_skeleton(joints: Tensor, limbs: Sequence[tuple[int, int]], axis: Tensor, present: Tensor) -> Tensor:
    """White lines and coloured discs [N, 3, H, W] of joints [N, K, 2]."""
    x, y = axis[None, None, :], axis[None, :, None]
    lines = joints.new_zeros(len(joints), len(axis), len(axis))
    for start, end in limbs:
        both = (present[:, start] & present[:, end])[:, None, None]
        coverage = _draw_line(joints[:, start], joints[:, end], x, y) * both  # [N, H, W]
        lines = torch.where(coverage > 0, (255 * coverage).floor(), lines)
    image = lines[:, None].repeat(1, 3, 1, 1)  # [N, 3, H, W]
    for index, colour in enumerate(joint_colours(joints.shape[1]).tolist()):
        inside = (x - joints[:, index, 0, None, None]) ** 2 + (y - joints[:, index, 1, None, None]) ** 2
        inside = (inside < DISK_RADIUS**2) & present[:, index, None, None]
        image = torch.where(inside[:, None], joints.new_tensor(colour)[None, :, None, None], image)
    return image


def _draw_line(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
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
