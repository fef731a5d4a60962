"""The errors of keypoint detectors, put on true joints: jitter, swapped sides, lost or misplaced joints, cut bodies.

Legend: B clips, T frames, 17 COCO joints. Points are in any one unit; sizes of errors are parts of the body height.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.tensors import constant

_PAIRS = ((1, 2), (3, 4), (5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16))
_LIMBS = ((7, 9), (8, 10), (13, 15), (14, 16))
# How far off detectors are at each joint, relative to the others.
_SPREAD = (0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 0.9, 1.1, 1.1, 1.4, 1.4, 1.3, 1.3, 1.1, 1.1, 1.3, 1.3)
# How often a joint is lost, relative to the others.
_LOSS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3, 0.9, 0.9, 1.6, 1.6, 0.4, 0.4, 0.8, 0.8, 1.4, 1.4)


@dataclass(frozen=True)
class DetectorErrors:
    """Sizes are deviations as parts of the body height; chances are per clip, or per frame and joint where said."""

    jitter: float = 0.006
    drift: float = 0.008
    bias: float = 0.007
    swapped_clips: float = 0.35
    swap_rate: float = 0.015
    lost_clips: float = 0.6
    loss_rate: float = 0.008
    outlier_rate: float = 0.002
    merged_clips: float = 0.15
    blank_clips: float = 0.15
    cut_clips: float = 0.12


def detect(truth: Tensor, generator: torch.Generator, errors: DetectorErrors | None = None) -> tuple[Tensor, Tensor]:
    """What a detector would report for true joints.

    Args:
        truth: [B, T, 17, 3] COCO-17, x right, y down, z towards the camera, in any one unit.

    Returns:
        points [B, T, 17, 2] and whether each was found [B, T, 17] (bool).
    """
    errors = errors or DetectorErrors()
    dice = _Dice(truth, generator)
    height = _body_height(truth)
    hidden = _facing_away(truth)
    points = truth[..., :2] + height * _noise(dice, errors, hidden)
    points = _merge(dice, errors, points)
    points = _swap(dice, errors, points, truth)
    points = _outliers(dice, errors, points, height)
    return points, _found(dice, errors, truth, hidden)


class _Dice:
    """Random masks and numbers shaped for a batch."""

    def __init__(self, truth: Tensor, generator: torch.Generator) -> None:
        self.batch, self.length = truth.shape[:2]
        self.device, self.generator = truth.device, generator

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(self.batch, *shape, device=self.device, generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.batch, *shape, device=self.device, generator=self.generator)

    def runs(self, rate: Tensor | float, longest: int, *shape: int) -> Tensor:
        """Bool [B, T, *shape]: runs of 1 to `longest` frames that start with chance `rate` in each frame."""
        starts = self.uniform(self.length, *shape) < rate
        time = torch.arange(self.length, device=self.device).view(1, -1, *[1] * len(shape))
        ends = time + 1 + (self.uniform(self.length, *shape) ** 2 * longest).floor()
        return torch.where(starts, ends, torch.zeros_like(ends)).cummax(1).values > time

    def clips(self, chance: float, *shape: int) -> Tensor:
        """Float [B, 1, *ones]: 1 for the clips chosen with the chance."""
        return (self.uniform(1, *shape) < chance).float()


def _body_height(truth: Tensor) -> Tensor:
    """[B, 1, 1, 1]: the size of the body, median over the clip."""
    low, high = truth[..., :2].amin(2), truth[..., :2].amax(2)  # [B, T, 2]
    return (high - low).amax(-1).median(1).values.view(-1, 1, 1, 1)


def _facing_away(truth: Tensor) -> Tensor:
    """How far the body hides each joint, [B, T, 17] 0..1: a face seen from behind, the far side of a profile."""
    middle = truth[:, :, 5:7].mean(2, keepdim=True)
    width = (truth[:, :, 5] - truth[:, :, 6]).norm(dim=-1, keepdim=True).clamp(min=1e-4)
    ears = truth[:, :, 3:5].mean(2, keepdim=True)
    skull = (truth[:, :, 3:4] - truth[:, :, 4:5]).norm(dim=-1).clamp(min=1e-4)
    face = ((ears - truth[:, :, :5])[..., 2] / skull * 2.5 + 0.1).clamp(0, 1)
    body = ((middle - truth[:, :, 5:])[..., 2] / width * 1.2 - 0.1).clamp(0, 0.8)
    return torch.cat([face, body], 2)


def _noise(dice: _Dice, errors: DetectorErrors, hidden: Tensor) -> Tensor:
    """[B, T, 17, 2] errors of place in body heights: white, slowly changing, and constant through the clip."""
    spread = constant(_SPREAD, dice.device)[:, None] * (1 + 1.5 * hidden[..., None])
    spread = spread * torch.exp(0.5 * dice.normal(1, 1, 1))
    knots = dice.normal(34, max(2, dice.length // 6))
    slow = (
        F.interpolate(knots, dice.length, mode="linear", align_corners=True).unflatten(1, (17, 2)).permute(0, 3, 1, 2)
    )
    heavy = 1 + 2 * (dice.uniform(dice.length, 17, 1) < 0.04)
    white = dice.normal(dice.length, 17, 2) * heavy
    return spread * (errors.jitter * white + errors.drift * slow + errors.bias * dice.normal(1, 17, 2))


def _merge(dice: _Dice, errors: DetectorErrors, points: Tensor) -> Tensor:
    """In some clips a limb is found for a while where its partner is."""
    other = _other_side(points)
    for joints in _LIMBS:
        runs = dice.runs(0.012 * dice.clips(errors.merged_clips), 15)[..., None] & _among(joints, points.device)
        points = torch.where(runs[..., None], other, points)
    return points


def _swap(dice: _Dice, errors: DetectorErrors, points: Tensor, truth: Tensor) -> Tensor:
    """Left and right exchanged for runs of frames, of the whole body or of eyes, ears, arms or legs."""
    behind = (truth[:, :, 5, 0] < truth[:, :, 6, 0]).float()  # the left shoulder is on the left: seen from behind
    rate = errors.swap_rate * dice.clips(errors.swapped_clips) * (0.6 + behind)  # [B, T]
    mask = (dice.runs(rate, 20) & (dice.uniform(1) < 0.7))[..., None]
    for joints in _PAIRS:
        mask = mask ^ (dice.runs(rate, 12)[..., None] & _among(joints, points.device))
    return torch.where(mask[..., None], _other_side(points), points)


def _other_side(points: Tensor) -> Tensor:
    return points.index_select(2, constant(COCO17_FLIP, points.device).long())


def _among(joints: tuple[int, ...], device: torch.device) -> Tensor:
    """[17] bool."""
    return constant(tuple(float(joint in joints) for joint in range(17)), device) > 0


def _outliers(dice: _Dice, errors: DetectorErrors, points: Tensor, height: Tensor) -> Tensor:
    """Single joints far off: on another joint, or somewhere near the body."""
    rate = errors.outlier_rate * torch.exp(0.8 * dice.normal(1, 1))
    far = dice.runs(rate, 3, 17)[..., None]
    elsewhere = points.gather(2, (dice.uniform(dice.length, 17, 1) * 17).long().clamp(max=16).expand(-1, -1, -1, 2))
    near = points + 0.2 * height * dice.normal(dice.length, 17, 2)
    wrong = torch.where(dice.uniform(dice.length, 17, 1) < 0.5, elsewhere, near)
    return torch.where(far, wrong, points)


def _found(dice: _Dice, errors: DetectorErrors, truth: Tensor, hidden: Tensor) -> Tensor:
    """[B, T, 17] bool: not lost, not in a blank frame, not cut off by the border of the picture."""
    loss = constant(_LOSS, dice.device) * errors.loss_rate * dice.clips(errors.lost_clips, 1)
    lost = dice.runs(loss * (1 + 3 * hidden), 20, 17)
    strict = dice.uniform(1, 17) < 0.6  # many detectors report no hidden eyes and ears, some place them
    lost = lost | ((hidden > 0.5) & strict & (torch.arange(17, device=dice.device) < 5))
    blank = dice.runs(0.015 * dice.clips(errors.blank_clips), 12)[..., None]
    knees, head = truth[:, :, 13:17, 1].amin((1, 2)), truth[:, :, 0, 1].amax(1)  # y down
    border = torch.lerp(head, knees, 0.35 + 0.8 * dice.uniform())[:, None, None]
    cut = (truth[..., 1] > border) & (dice.clips(errors.cut_clips, 1) > 0)
    return ~(lost | blank | cut)
