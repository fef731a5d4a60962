"""How good keypoints are: distance, share of correct joints, and how often left and right are exchanged.

Legend: B pictures, K = 17 COCO joints.
"""

import torch
from torch import Tensor

from pipelines.keypoints.layouts import COCO17_FLIP

PAIRS = ((5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
BODY = slice(5, 17)


def correct(predicted: Tensor, truth: Tensor, height: Tensor, *, share: float = 0.1) -> Tensor:
    """Whether joints [B, K] lie within `share` of the body height [B] of the truth; points are [B, K, >= 2]."""
    return (predicted[..., :2] - truth[..., :2]).norm(dim=-1) <= share * height[:, None]


def body_height(truth: Tensor) -> Tensor:
    """Height [B] in pixels of the box around the true joints [B, K, >= 2], widened from the eyes to the crown."""
    extent = truth[..., :2].amax(1) - truth[..., :2].amin(1)
    return 1.1 * extent.amax(1)


def measure(predicted: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Numbers of predictions [B, K, 3] against the truth [B, K, 3] with weights 0 for joints that don't count.

    Returns:
        error: median distance in pixels of all joints; pck: share of the joints from shoulders to ankles within 0.1 of
        the body height; pck_any_side: the same if left and right may be exchanged, person by person; swapped_front,
        swapped_back: share of the pairs of people seen from the front and from behind whose joints lie nearer to each
        other's truth.
    """
    counted = truth[..., 2] > 0
    distance = (predicted[..., :2] - truth[..., :2]).norm(dim=-1)
    height = body_height(truth)
    body = counted[:, BODY]
    own = correct(predicted, truth, height)[:, BODY] & body
    mirrored = correct(predicted[:, list(COCO17_FLIP)], truth, height)[:, BODY] & body
    best = torch.maximum(own.sum(1), mirrored.sum(1))
    total = body.sum().clamp(min=1)
    front, back = _swapped(predicted, truth, height)
    return {
        "error": distance[counted].median() if counted.any() else distance.new_zeros(()),
        "pck": own.sum() / total,
        "pck_any_side": best.sum() / total,
        "swapped_front": front,
        "swapped_back": back,
    }


def _swapped(predicted: Tensor, truth: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of exchanged pairs among people whose shoulders are seen from the front and from behind."""
    left, right = (list(side) for side in zip(*PAIRS, strict=True))
    wide = truth[:, 5, 0] - truth[:, 6, 0]
    apart = (truth[:, left, :2] - truth[:, right, :2]).norm(dim=-1) > 0.06 * height[:, None]
    counted = apart & (truth[:, left, 2] > 0) & (truth[:, right, 2] > 0)

    def distance(first: list[int], second: list[int]) -> Tensor:
        return (predicted[:, first, :2] - truth[:, second, :2]).norm(dim=-1)

    crossed = distance(left, right) + distance(right, left) < distance(left, left) + distance(right, right)
    shares = []
    for side in (wide > 0.08 * height, wide < -0.08 * height):
        chosen = counted & side[:, None]
        shares.append((crossed & chosen).sum() / chosen.sum().clamp(min=1))
    return shares[0], shares[1]
