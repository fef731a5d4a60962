"""Accuracy of landmarks. Called by `landmarks.losses`, `landmarks.validation` and `benchmarks.face_landmarks`.

Legend: B faces, K = 68 landmarks.
"""

import torch
from torch import Tensor

RIGHT_CORNER, LEFT_CORNER = 36, 45  # outer corners of the eyes
# Landmarks of upper and lower lids, and of the inside of upper and lower lips, that are above each other.
LIDS, LIPS = ((37, 41), (38, 40), (43, 47), (44, 46)), ((61, 67), (62, 66), (63, 65))
FAILURE = 0.08  # a face whose landmarks are farther from the truth on average is not found


def eye_distance(landmarks: Tensor) -> Tensor:
    """Distance [B] in pixels of the outer corners of the eyes of landmarks [B, K, >= 2]; at least 1."""
    return (landmarks[:, LEFT_CORNER, :2] - landmarks[:, RIGHT_CORNER, :2]).norm(dim=-1).clamp(min=1)


def mean_errors(found: Tensor, truth: Tensor) -> Tensor:
    """Normalised mean errors [B]: mean distances of landmarks [B, K, 2] from the truth [B, K, 3], whose landmarks of
    weight 0 do not count, in distances of the outer corners of the eyes."""
    distance = (found[..., :2] - truth[..., :2]).norm(dim=-1)
    counted = (truth[..., 2] > 0).to(distance.dtype)
    return (distance * counted).sum(1) / counted.sum(1).clamp(min=1) / eye_distance(truth)


def measure_openings(landmarks: Tensor, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """From the upper to the lower landmark of each pair of landmarks [B, K, >= 2]: [B, P, 2] pixels."""
    upper, lower = (list(each) for each in zip(*pairs, strict=True))
    return landmarks[:, lower, :2] - landmarks[:, upper, :2]


def opening_slope(found: Tensor, truth: Tensor, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """How far openings are found to change when they do, a scalar: 1 as far, 0 not at all.

    The slope of the regression over faces of landmarks [B, K, 2] on the truth [B, K, 3], without those of weight 0, in
    distances of the outer corners of the eyes.
    """
    size = eye_distance(truth)
    x, y = (measure_openings(each, pairs).norm(dim=-1).mean(1) / size for each in (truth, found))
    counted = (truth[:, [point for pair in pairs for point in pair], 2] > 0).all(1).to(x.dtype)
    x, y = (counted * (each - (counted * each).sum() / counted.sum().clamp(min=1)) for each in (x, y))
    return (x * y).sum() / x.square().sum().clamp(min=torch.finfo(x.dtype).tiny)
