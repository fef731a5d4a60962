"""A square that follows a person through a clip: the coordinates in which the motion networks see a pose track.

T frames. Points are [T, 17, 3] x, y in pixels of the frame and confidence.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.keypoints.structure_maps import is_present

BODY_SHARE = 0.75  # of the square that the body fills
SMOOTHING_SECONDS = 1.0  # standard deviation with which the square follows a person who walks away


@dataclass(frozen=True)
class FollowingSquare:
    """A square of constant size that follows the person."""

    corner: np.ndarray
    """Its top left corner in every frame, float [T, 2] in pixels."""
    side: float
    """Its side in pixels."""


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
