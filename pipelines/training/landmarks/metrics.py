"""Accuracy of landmarks. Called by `landmarks.losses`, `landmarks.validation` and `benchmarks.face_landmarks`.

Legend: B faces, K = 68 landmarks.
"""

from torch import Tensor

RIGHT_CORNER, LEFT_CORNER = 36, 45  # outer corners of the eyes
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
