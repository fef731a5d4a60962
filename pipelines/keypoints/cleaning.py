"""Cleaning: a noisy COCO-17 track becomes a smooth Human3.6M-17 track.

`PoseCleaner` does it with either of two networks: the bundled pose refiner (`keypoints.refinement`), or a motion
network in the authors' form (`clean_poses`; docs/official-format.md, sections 3.8 and 9.4).

T frames, N windows, L frames of a window with its context. Points are [T, 17, 2 or 3] x, y(, confidence) in pixels.
The motion network sees coordinates of a square canvas that holds the person: 2 v / side - 1, the 17 rows of y first,
missing joints -1.
"""

from dataclasses import dataclass

import numpy as np
import torch

from models.pose_refiner import PoseRefiner
from pipelines.keypoints.following_square import FollowingSquare, fit_square
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.refinement import refine_poses
from pipelines.keypoints.structure_maps import is_present

FRAMES, CONTEXT = 24, 40  # frames of a window, and of its context on either side
SQUASHED_SIDE = 256.0  # pixels


def window_indices(start: int, length: int, *, frames: int = FRAMES, context: int = CONTEXT) -> np.ndarray:
    """Frame indices of one window with its context, clamped to the clip: int [frames + 2 context]."""
    return np.clip(np.arange(start - context, start + frames + context), 0, length - 1)


def window_starts(length: int, *, frames: int = FRAMES) -> list[int]:
    """First frames of the windows of a clip; the last window is moved back to end with the clip."""
    last = max(length - frames, 0)
    return [min(start, last) for start in range(0, max(length, 1), frames)]


def encode(points: np.ndarray, side: float) -> np.ndarray:
    """Points [T, 17, 2 or 3] in pixels of a square canvas, 0 where missing -> float64 [34, T], y rows first."""
    values = points[..., :2] * (2.0 / side) - 1.0
    return np.concatenate((values[..., 1].T, values[..., 0].T))


def decode(values: np.ndarray, side: float) -> np.ndarray:
    """Inverse of `encode`: [34, T] -> float64 [T, 17, 2]."""
    y, x = np.split(values, 2)
    return (np.stack((x.T, y.T), -1) + 1.0) * (side / 2.0)


def clean_poses(
    points: np.ndarray,
    network: torch.nn.Module,
    *,
    rate: float = 25.0,
    canvas: FollowingSquare | None = None,
    batch: int = 32,
) -> np.ndarray:
    """Clean a COCO-17 track and turn it into Human3.6M-17 with the motion network (sections 3.8 and 9.4).

    Args:
        points: [T, 17, 3] x, y in pixels of the frame and confidence; missing joints have confidence 0.
        network: maps [N, 34, L] to [N, 34, L - 80].
        rate: frames per second, for the pace at which the canvas follows a person who walks away.
        canvas: where to look, by default `fit_square`.
        batch: windows per call of the network.

    Returns:
        float32 [T, 17, 3], pixels of the frame, every joint placed; confidence of the COCO joints behind it.
    """
    length = len(points)
    canvas = canvas or fit_square(points, rate=rate)
    parameter = next(network.parameters())
    result = np.empty((length, 17, 2), np.float32)
    starts = window_starts(length)
    for first in range(0, len(starts), batch):
        chosen = starts[first : first + batch]
        windows = np.stack([_window(points, canvas, start) for start in chosen])  # [N, 34, L]
        with torch.inference_mode():
            output = network(torch.from_numpy(windows).to(parameter)).double().cpu().numpy()  # [N, 34, FRAMES]
        for start, values in zip(chosen, output, strict=True):
            part = slice(start, min(start + FRAMES, length))
            result[part] = decode(values, canvas.side)[: length - start] + canvas.corner[part, None]
    confidence = map_joints(points)[..., 2:]
    return np.concatenate((result, confidence), -1, dtype=np.float32)


@dataclass(frozen=True)
class PoseCleaner:
    """A network that cleans poses, and the coordinates it was trained with."""

    network: torch.nn.Module
    """A `PoseRefiner`, or a motion network that maps [N, 34, L] to [N, 34, L - 80]."""
    whole_frame: bool = False
    """Whether a motion network sees the whole frame squashed to a square, as the authors' does (section 9.4), instead
    of a square around the person."""

    def __call__(self, points: np.ndarray, *, size: tuple[int, int], rate: float = 25.0) -> np.ndarray:
        """COCO-17 track [T, 17, 3] in frames of `size` (width, height) -> float32 Human3.6M-17 [T, 17, 3].

        Joints with a confidence below 0.3 are placed by the network, those with 0 from the others alone. `rate`: frames
        per second.
        """
        if isinstance(self.network, PoseRefiner):
            return refine_poses(points, self.network, rate=rate)
        if not self.whole_frame:
            return clean_poses(points, self.network, rate=rate)
        scale = np.array([SQUASHED_SIDE / size[0], SQUASHED_SIDE / size[1], 1.0])
        canvas = FollowingSquare(np.zeros((len(points), 2)), SQUASHED_SIDE)
        return (clean_poses(points * scale, self.network, canvas=canvas) / scale).astype(np.float32)


def _window(points: np.ndarray, canvas: FollowingSquare, start: int) -> np.ndarray:
    index = window_indices(start, len(points))
    frames = points[index].astype(np.float64)
    inside = frames.copy()
    inside[..., :2] -= canvas.corner[index, None]
    inside[~is_present(frames)] = 0
    return encode(inside, canvas.side)
