"""Accuracy of keypoints: distance, share of correct joints (PCK), and how often left and right are exchanged.

Called by `keypoints.validation` and `benchmarks.keypoints_pck`. Legend: B images, K = 17 COCO joints.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.keypoints.layouts import COCO17_FLIP

PAIRS = ((5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
BODY = slice(5, 17)  # shoulders to ankles
CROWN = 1.1  # height of a body over the height of the box around its joints, which ends at the eyes
MIN_PAIR_DISTANCE = 0.06  # body heights: pairs closer together have no sides
MIN_SHOULDER_WIDTH = 0.08  # body heights: narrower shoulders are seen from the side


def is_correct(predicted: Tensor, truth: Tensor, height: Tensor, *, share: float = 0.1) -> Tensor:
    """Whether joints are within `share` of the body height of the truth: [B, K, >= 2] points, [B] heights -> [B, K]."""
    return (predicted[..., :2] - truth[..., :2]).norm(dim=-1) <= share * height[:, None]


def body_height(truth: Tensor) -> Tensor:
    """Height [B] in pixels of people with joints [B, K, >= 2], from the crown to the ankles."""
    extent = truth[..., :2].amax(1) - truth[..., :2].amin(1)
    return CROWN * extent.amax(1)


def measure(predicted: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Accuracy of predictions [B, K, 3] against the truth [B, K, 3], whose joints of weight 0 do not count.

    Returns:
        `error`: median distance in pixels of all joints; `pck`: share of the joints from shoulders to ankles within 0.1
        of the body height; `pck_any_side`: the same if left and right may be exchanged, person by person;
        `swapped_front`, `swapped_back`: share of the pairs, of people seen from the front and from behind, whose joints
        are nearer to each other's truth.
    """
    counted = truth[..., 2] > 0
    distance = (predicted[..., :2] - truth[..., :2]).norm(dim=-1)
    height = body_height(truth)
    body = counted[:, BODY]
    own = is_correct(predicted, truth, height)[:, BODY] & body
    mirrored = is_correct(predicted[:, list(COCO17_FLIP)], truth, height)[:, BODY] & body
    best = torch.maximum(own.sum(1), mirrored.sum(1))
    total = body.sum().clamp(min=1)
    front, back = _measure_swaps(predicted, truth, height)
    return {
        "error": distance[counted].median() if counted.any() else distance.new_zeros(()),
        "pck": own.sum() / total,
        "pck_any_side": best.sum() / total,
        "swapped_front": front,
        "swapped_back": back,
    }


def mask_overlap(predicted: Tensor, truth: Tensor) -> Tensor:
    """Intersection over union of masks [N, 1, H/2, W/2] and the truth [N, 1, H, W], both in 0 to 1 and cut at 0.5: the
    mean of the images with a person."""
    found = F.interpolate(predicted, size=truth.shape[-2:], mode="bilinear") > 0.5
    true = truth > 0.5
    common, either = (found & true).sum((1, 2, 3)), (found | true).sum((1, 2, 3))
    people = true.flatten(1).any(1)
    return (common / either.clamp(min=1))[people].mean() if people.any() else predicted.new_zeros(())


def _measure_swaps(predicted: Tensor, truth: Tensor, height: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of exchanged pairs among people whose shoulders are seen from the front and from behind, scalars."""
    left, right = (list(side) for side in zip(*PAIRS, strict=True))
    width = truth[:, 5, 0] - truth[:, 6, 0]  # positive from the front
    apart = (truth[:, left, :2] - truth[:, right, :2]).norm(dim=-1) > MIN_PAIR_DISTANCE * height[:, None]
    counted = apart & (truth[:, left, 2] > 0) & (truth[:, right, 2] > 0)  # [B, 6]

    def distance(first: list[int], second: list[int]) -> Tensor:
        return (predicted[:, first, :2] - truth[:, second, :2]).norm(dim=-1)

    crossed = distance(left, right) + distance(right, left) < distance(left, left) + distance(right, right)
    shares = []
    for side in (width > MIN_SHOULDER_WIDTH * height, width < -MIN_SHOULDER_WIDTH * height):
        chosen = counted & side[:, None]
        shares.append((crossed & chosen).sum() / chosen.sum().clamp(min=1))
    return shares[0], shares[1]
