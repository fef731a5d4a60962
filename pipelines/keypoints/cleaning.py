"""Cleaning: a noisy COCO-17 track becomes a smooth Human3.6M-17 track (docs/official-format.md, sections 3.8 and 9.4).

T frames, N windows, L frames of a window with its context. Points are [T, 17, 2 or 3] x, y(, confidence) in pixels.
The motion network sees coordinates of a square canvas that holds the person: 2 v / side - 1, the 17 rows of y first,
missing joints -1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.keypoints.layouts import COCO17_NAMES
from pipelines.keypoints.structure_maps import is_present

if TYPE_CHECKING:
    import torch

FRAMES, CONTEXT = 24, 40  # frames of a window, and of its context on either side
BODY_SHARE = 0.75  # of the square that the body fills, as in the motion network's training
SMOOTHING_SECONDS = 1.0  # standard deviation with which the square follows a person who walks away
SQUASHED_SIDE = 256.0  # pixels

_C = {name: index for index, name in enumerate(COCO17_NAMES)}
# Spine, thorax, neck and head top as combinations of the middles of shoulders, hips and ears and of the nose: least
# squares over the bodies and motions of the rendered people, any view.
_TRUNK = {
    7: (0.45, 0.47, 0.18, -0.1),
    8: (0.4, 0.11, 0.65, -0.16),
    9: (0.0, 0.0, 0.5, 0.5),
    10: (-0.34, -0.1, 1.48, -0.04),
}


@dataclass(frozen=True)
class FollowingSquare:
    """A square of constant size that follows the person."""

    corner: np.ndarray
    """Its top left corner in every frame, float [T, 2] in pixels."""
    side: float
    """Its side in pixels."""


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


def fit_square(points: np.ndarray, *, rate: float = 25.0) -> FollowingSquare:
    """A square around the person of a track [T, 17, 3]: still if the whole track fits, else it follows smoothly.

    rate: frames per second.
    """
    there = is_present(points)
    if not there.any():
        return FollowingSquare(np.zeros((len(points), 2)), 1.0)
    xy = np.where(there[..., None], points[..., :2], np.nan)
    frames = there.any(1)
    low, high = np.nanmin(xy[frames], 1), np.nanmax(xy[frames], 1)  # [frames with a person, 2]
    side = max(float(np.percentile((high - low).max(1), 95)) / BODY_SHARE, 1.0)
    start, end = low.min(0), high.max(0)
    centre = np.repeat((start + end)[None] / 2, len(points), 0)
    if (end - start).max() > side:
        middle = (low + high) / 2
        index = np.arange(len(points))
        centre = np.stack([np.interp(index, index[frames], middle[:, axis]) for axis in (0, 1)], 1)
        centre = _smooth(centre, SMOOTHING_SECONDS * rate)
    return FollowingSquare(centre - side / 2, side)


def _smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian mean over time of values [T, D], ends replicated; `sigma` in frames."""
    reach = int(3 * sigma) + 1
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, axis], weights / weights.sum(), "valid") for axis in range(values.shape[1])]
    return np.stack(columns, 1)


def clean_poses(
    points: np.ndarray,
    network: "torch.nn.Module",
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
    import torch

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
    """A motion network and the coordinates it was trained with."""

    network: "torch.nn.Module"
    """Maps [N, 34, L] to [N, 34, L - 80]."""
    whole_frame: bool = False
    """Whether it sees the whole frame squashed to a square, as the authors' does (section 9.4), instead of a square
    around the person."""

    def __call__(self, points: np.ndarray, *, size: tuple[int, int], rate: float = 25.0) -> np.ndarray:
        """COCO-17 track [T, 17, 3] in frames of `size` (width, height) -> Human3.6M-17 [T, 17, 3]: `clean_poses`."""
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


def map_joints(points: np.ndarray) -> np.ndarray:
    """Human3.6M-17 from COCO-17 by geometry alone, no network: [..., 17, 2 or 3] -> same shape; all joints present.

    Used where one pose has to be placed without motion, and as a reference in tests.
    """

    def mean(*names: str) -> np.ndarray:
        return np.mean([points[..., _C[name], :] for name in names], 0)

    hip, shoulders = mean("left_hip", "right_hip"), mean("left_shoulder", "right_shoulder")
    ears, nose = mean("left_ear", "right_ear"), points[..., _C["nose"], :]
    anchors = np.stack((shoulders, hip, ears, nose))
    rows = {0: hip} | {joint: np.tensordot(weights, anchors, 1) for joint, weights in _TRUNK.items()}
    limbs = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
    for first, side, names in ((1, "right_", limbs[0]), (4, "left_", limbs[0])):
        rows |= {first + i: points[..., _C[side + name], :] for i, name in enumerate(names)}
    for first, side, names in ((11, "left_", limbs[1]), (14, "right_", limbs[1])):
        rows |= {first + i: points[..., _C[side + name], :] for i, name in enumerate(names)}
    result = np.stack([rows[joint] for joint in range(17)], -2)
    if points.shape[-1] > 2:
        result[..., 7:10, 2] = np.stack(((hip + shoulders) / 2, shoulders, (shoulders + nose) / 2), -2)[..., 2]
        result[..., 10, 2] = points[..., :5, 2].max(-1)
    return result
