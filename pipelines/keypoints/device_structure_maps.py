"""Structure maps on a GPU: what `StructurePose.draw` makes of one pose, for a batch of them, in torch on the device.

Nothing of it is read on the CPU, so that drawing is one CUDA graph and waits for nothing. All joints have to be on the
map (`StructurePose.is_inside`).

N poses, K = 17 joints, L limbs, P = 52 points (`models.joints.DETAIL_POINTS`), H, W size of the map, S its
channels.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from models.joints import DETAIL_POINTS, DETAILED_CHANNELS, DETAILED_STRUCTURES
from pipelines.keypoints.detail_maps import DEPTH_UNIT, LIMB_RADIUS, NAMED, draw_points, limb_nearness, mark_known
from pipelines.keypoints.detail_maps import SIGMA as DETAIL_SIGMA
from pipelines.keypoints.finger_maps import draw_fingers
from pipelines.keypoints.layouts import LIMBS
from pipelines.keypoints.structure_maps import DISK_RADIUS, SIGMA, TAIL, is_present, joint_colours, skeleton_joints
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.runtime.cuda_graphs import GraphedFunctions
from pipelines.runtime.device_copies import send

JOINTS = 17
# What is sent of a pose: joints and whether they are there, both for heat maps and for the skeleton; details.
PARTS = (2 * JOINTS, JOINTS, 2 * JOINTS, JOINTS, 2 * DETAIL_POINTS, JOINTS)


def draw_on_device(poses: Sequence[StructurePose], device: torch.device) -> Tensor:
    """The structure maps of poses of one kind, float32 [N, S, H, W], channels last."""
    numbers = np.stack([_list_numbers(pose) for pose in poses])
    maps = _drawing(poses[0].kind, device)(send(torch.from_numpy(numbers), device))[0]
    return maps.clone()  # the next replay overwrites them


@lru_cache(8)
def _drawing(kind: tuple[str, int, int, float, int], device: torch.device) -> GraphedFunctions:
    return GraphedFunctions(StructureDrawing(kind, device), enabled=device.type == "cuda")


def _list_numbers(pose: StructurePose) -> np.ndarray:
    """PARTS of a pose, float64."""
    joints, drawn = skeleton_joints(pose.points, pose.height, pose.width, pose.scale)
    known, depth = pose.details or (np.full((DETAIL_POINTS, 2), np.nan), np.full(JOINTS, np.nan))
    parts = pose.points[:, :2], is_present(pose.points), joints, drawn, known, depth
    return np.concatenate([part.astype(np.float64).ravel() for part in parts])


class StructureDrawing:
    """Draws poses of one kind (`StructurePose.kind`) on a device."""

    def __init__(self, kind: tuple[str, int, int, float, int], device: torch.device) -> None:
        layout, self.height, self.width, self.scale, self.channels = kind
        self.starts, self.ends = (torch.tensor(ends, device=device) for ends in zip(*LIMBS[layout], strict=True))
        colours = np.concatenate([np.zeros((1, 3)), joint_colours(JOINTS)])
        self.colours = torch.from_numpy(colours).float().to(device)  # [1 + K, 3], the first for no joint
        self.rows, self.columns = _axes(self.height, self.width, device)
        official = round(self.height / self.scale), round(self.width / self.scale)
        self.official_rows, self.official_columns = _axes(*official, device)
        sides = zip(official, (self.height, self.width), strict=True)
        self.resampling = [_resampling(*side).to(device) for side in sides] if self.scale != 1 else None

    def __call__(self, numbers: Tensor) -> tuple[Tensor]:
        """Numbers [N, sum of PARTS], float64 -> structure maps [N, S, H, W]."""
        points, there, joints, drawn, known, depth = numbers.split(PARTS, 1)
        points, joints, known = (part.unflatten(1, (-1, 2)) for part in (points, joints, known))
        heat = self._draw_heat_maps(points, there > 0)
        picture = self._draw_skeleton(joints.float(), drawn > 0)
        maps = [heat, picture]
        if self.channels in DETAILED_STRUCTURES:
            maps += self._draw_details(points, known, depth)
        return (torch.cat(maps, 1).contiguous(memory_format=torch.channels_last),)

    def _draw_heat_maps(self, points: Tensor, there: Tensor) -> Tensor:
        """[N, K, H, W] of joints [N, K, 2], float64, where they are there [N, K]."""
        along_x = _bell(self.columns, points[..., 0], SIGMA * self.scale)
        along_y = _bell(self.rows, points[..., 1], SIGMA * self.scale) * there[..., None]
        return along_y[..., :, None] * along_x[..., None, :]

    def _draw_skeleton(self, joints: Tensor, there: Tensor) -> Tensor:
        """The skeleton picture [N, 3, H, W] of joints at whole pixels [N, K, 2], where they are drawn [N, K]."""
        x, y = self.official_columns.float(), self.official_rows.float()[:, None]
        starts, ends = joints[:, self.starts], joints[:, self.ends]  # [N, L, 2]
        both = there[:, self.starts] & there[:, self.ends]
        limbs, is_limb = draw_lines(starts[..., None, None], ends[..., None, None], x, y)
        lines = _take_last(limbs, is_limb & both[..., None, None])[0]  # [N, H, W]
        square = (x - joints[..., 0, None, None]).square() + (y - joints[..., 1, None, None]).square()
        last = _take_last(None, (square < DISK_RADIUS**2) & there[..., None, None])[1]
        picture = torch.where(last[..., None] > 0, self.colours[last.long()], lines[..., None]).movedim(-1, 1)
        if self.resampling is None:
            return picture
        down, across = self.resampling
        return (down @ picture @ across.mT).round().clamp(0, 255)

    def _draw_details(self, points: Tensor, known: Tensor, depth: Tensor) -> tuple[Tensor, ...]:
        """See `detail_maps`: all limbs at once, each on the whole map."""
        rows, columns = self.rows.float(), self.columns.float()
        known, joints, depth = known.float(), points.float(), depth.float()
        has_depth = ~(depth[:, self.starts].isnan() | depth[:, self.ends].isnan())  # [N, L]
        found, planes = mark_known(known, has_depth.any(1), self.height, self.width)
        heat = draw_points(known[:, NAMED], found[:, NAMED], rows, columns, DETAIL_SIGMA * self.scale)
        depth = depth / self.scale
        places = joints[:, self.starts].movedim(-1, 0), joints[:, self.ends].movedim(-1, 0)  # [2, N, L] each
        depths = depth[:, self.starts], depth[:, self.ends]
        start, end, near, far = (each[..., None, None] for each in (*places, *depths))
        inside, nearness = limb_nearness(start, end, near, far, columns, rows[:, None], LIMB_RADIUS * self.scale)
        nearest = nearness.where(inside & ~nearness.isnan(), -torch.inf).amax(1)  # [N, H, W]
        order = torch.where(nearest > -torch.inf, torch.tanh(nearest / DEPTH_UNIT), 0.0)
        maps = heat, planes, order[:, None]
        if self.channels < DETAILED_CHANNELS:
            return maps
        return *maps, draw_fingers(known, height=self.height, width=self.width, scale=self.scale)


def draw_lines(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Anti-aliased lines as scikit-image's `line_aa` draws them, step by step; here each pixel for itself.

    A line makes `most` steps along the axis in which it is longer and `least` along the other. After u of them it is at
    v = floor((2 u + 1) least / (2 most)). It also covers the pixel beyond, and the one before in a step that moves
    both ways, as far as they are nearer than a pixel.

    Args:
        start, end: [..., 2, 1, 1] whole x, y.
        x, y: pixels, [W] and [H, 1].

    Returns:
        Levels 0..255, [..., H, W], and which pixels are drawn, some of them with level 0.
    """
    (x0, y0), (x1, y1) = start.unbind(-3), end.unbind(-3)
    width, height = (x1 - x0).abs(), (y1 - y0).abs()
    right, down = (x - x0) * torch.where(x0 < x1, 1, -1), (y - y0) * torch.where(y0 < y1, 1, -1)
    steep = height > width
    most, least = torch.maximum(width, height), torch.minimum(width, height)
    u, v = torch.where(steep, down, right), torch.where(steep, right, down)
    before, at = ((steps * least / (2 * most).clamp(min=1)).floor() for steps in (2 * u - 1, 2 * u + 1))
    gap = v * most - u * least  # whole numbers, exact in float32
    near = gap.square() < (most.square() + least.square())
    beyond = (v == at + 1) & (u < most) & near
    behind = (v == at - 1) & (v == before) & (u > 0) & near
    drawn = (u >= 0) & (u <= most) & ((v == at) | beyond | behind)
    length = (most.square() + least.square()).sqrt().clamp(min=1)
    coverage = 1 - gap.abs().double() / length.double()
    return (255 * coverage).floor().float(), drawn


def _take_last(values: Tensor | None, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Of layers that are drawn over each other where `drawn` [N, L, H, W]: the value of the last one, 0 without any,
    and its number from 1, [N, H, W]."""
    order = drawn * torch.arange(1, drawn.shape[1] + 1, device=drawn.device, dtype=torch.int32)[:, None, None]
    last = order.amax(1)
    chosen = (order == last[:, None]) & drawn
    return (last if values is None else (values * chosen).sum(1)), last


def _bell(axis: Tensor, centres: Tensor, sigma: float) -> Tensor:
    """Gaussians around centres [N, K] on an axis, both float64 -> float32 [N, K, size]; 0 where below TAIL."""
    values = torch.exp(-((axis - centres[..., None]) ** 2) / (2 * sigma**2))
    return torch.where(values < TAIL, 0, values).float()


def _axes(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows and columns of a map, float64."""
    rows, columns = (torch.arange(side, device=device, dtype=torch.float64) for side in (height, width))
    return rows, columns


def _resampling(old: int, new: int) -> Tensor:
    """The matrix [new, old] with which OpenCV resamples one side of a skeleton picture."""
    how = cv2.INTER_AREA if new < old else cv2.INTER_LINEAR
    return torch.from_numpy(cv2.resize(np.eye(old, dtype=np.float32), (old, new), interpolation=how))
