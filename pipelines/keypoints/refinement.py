"""Refinement: `models.pose_refiner` at work on a whole track, and the encoding that it was trained with.

In: a COCO-17 track as `tracking.fill_gaps` returns it. Out: Human3.6M-17. `cleaning.PoseCleaner` calls `refine_poses`;
the recipe `gfla train motion` builds its data with `map_track`.

T frames, B clips, K = 17 joints.
"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.pose_refiner import JOINTS, TRUNK, PoseRefiner
from pipelines.keypoints.following_square import fit_square
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.structure_maps import is_present
from pipelines.keypoints.tracking import CONFIDENT

CHUNK = 2048  # frames per call of the network, so that memory does not grow with the clip


def refine_poses(points: np.ndarray, network: PoseRefiner, *, rate: float) -> np.ndarray:
    """Correct a COCO-17 track and turn it into Human3.6M-17.

    Args:
        points: [T, 17, 3] x, y in pixels of the frame and confidence: at least 0.3 where a joint was seen, less where
            its place was filled in, 0 where nothing is known.
        rate: frames per second.

    Returns:
        float32 [T, 17, 3], pixels of the frame, every joint placed; confidence of the COCO joints behind it.
    """
    square = fit_square(points, rate=rate)
    half, middle = square.side / 2, square.corner[:, None] + square.side / 2
    known = is_present(points)[..., None]
    track = np.where(known, np.concatenate(((points[..., :2] - middle) / half, points[..., 2:]), -1), 0)
    device = next(network.parameters()).device
    refined = _refine_track(torch.from_numpy(track).to(device, torch.float32), network, rate).double().cpu().numpy()
    return np.concatenate((refined * half + middle, map_joints(points)[..., 2:]), -1, dtype=np.float32)


@torch.inference_mode()
def _refine_track(track: Tensor, network: PoseRefiner, rate: float) -> Tensor:
    """Track [T, 17, 3] in half sides of the square -> corrected joints [T, 17, 2], a chunk of frames at a time."""
    margin, results = network.config.margin, []
    padded = F.pad(track, (0, 0, 0, 0, margin, margin))[None]  # beyond its ends nothing is known
    for start in range(0, len(track), CHUNK):
        part = padded[:, start : start + CHUNK + 2 * margin]
        points, confidence = part[..., :2], part[..., 2]
        mapped, free = map_track(points[:, margin:-margin], confidence[:, margin:-margin])
        results.append(network(points, confidence, mapped, free, torch.tensor([rate], device=track.device)).points[0])
    return torch.cat(results)


def map_track(points: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
    """Human3.6M-17 by geometry: `cleaning.map_joints` for tensors.

    Args:
        points: [B, T, 17, 2] COCO-17 in any unit.
        confidence: [B, T, 17].

    Returns:
        Joints [B, T, 17, 2]; which of them rest on nothing that was seen [B, T, 17], bool: the limbs behind a missing
        joint, and always the trunk, which no detector reports.
    """
    matrix, used, trunk = _mapping(points.device)
    missing = (confidence < CONFIDENT).to(points)
    return matrix @ points, (missing @ used.T > 0) | trunk


@cache
def _mapping(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The matrix [17, 17] of `map_joints`, which COCO joints each row uses, and which rows are the trunk's [17]."""
    units = np.repeat(np.eye(JOINTS)[..., None], 2, -1)  # [unit, joint, 2]
    matrix = torch.from_numpy(map_joints(units)[..., 0].T).to(device, torch.float32)
    trunk = torch.tensor([joint in TRUNK for joint in range(JOINTS)], device=device)
    return matrix, (matrix != 0).float(), trunk
