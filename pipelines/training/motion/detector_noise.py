"""The errors of keypoint detectors, put on true joints: jitter, swapped sides, lost or misplaced joints, cut bodies.

`motion.data` calls `detect`. Legend: B clips, T frames, K = 17 COCO joints. Points are in any one unit; sizes of errors
are fractions of the body height.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.tensors import constant

_PAIRS = ((1, 2), (3, 4), (5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16))  # eyes, ears, arms, legs
_LIMBS = ((7, 9), (8, 10), (13, 15), (14, 16))  # elbow and wrist, knee and ankle
# How imprecise detectors are at each joint, relative to the others.
_SPREAD = (0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 0.9, 1.1, 1.1, 1.4, 1.4, 1.3, 1.3, 1.1, 1.1, 1.3, 1.3)
# How often a joint is lost, relative to the others.
_LOSS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3, 0.9, 0.9, 1.6, 1.6, 0.4, 0.4, 0.8, 0.8, 1.4, 1.4)


@dataclass(frozen=True)
class DetectorErrors:
    """How large and how frequent the errors are; all 0: a perfect detector that sees no hidden face."""

    jitter: float = 0.006
    """Standard deviation of the error that is new in every frame, in body heights."""
    drift: float = 0.008
    """Standard deviation of the error that changes slowly, in body heights."""
    bias: float = 0.007
    """Standard deviation of the error that is constant through a clip, in body heights."""
    swapped_clips: float = 0.35
    """Chance that a clip has swapped sides."""
    swap_rate: float = 0.015
    """Chance per frame of such a clip that a swap starts."""
    lost_clips: float = 0.6
    """Chance that a clip has lost joints."""
    loss_rate: float = 0.008
    """Chance per frame and joint of such a clip that a loss starts."""
    outlier_rate: float = 0.002
    """Chance per frame and joint that a misplacement starts."""
    merged_clips: float = 0.15
    """Chance that a clip has limbs that are found on their partners."""
    blank_clips: float = 0.15
    """Chance that a clip has frames in which nobody is found."""
    cut_clips: float = 0.12
    """Chance that the border of the image cuts the body of a clip."""


def detect(truth: Tensor, generator: torch.Generator, errors: DetectorErrors | None = None) -> tuple[Tensor, Tensor]:
    """What a detector would report for true joints.

    Args:
        truth: [B, T, 17, 3] COCO-17, x right, y down, z towards the camera, in any one unit.
        errors: None: the defaults.

    Returns:
        Points [B, T, 17, 2] and which of them were found [B, T, 17] (bool).
    """
    errors = errors or DetectorErrors()
    sampler = _Sampler(truth, generator)
    height = _median_body_height(truth)
    hidden = _rate_hidden(truth)
    points = truth[..., :2] + height * _draw_noise(sampler, errors, hidden)
    points = _merge_limbs(sampler, errors, points)
    points = _swap_sides(sampler, errors, points, truth)
    points = _misplace_joints(sampler, errors, points, height)
    return points, _draw_found(sampler, errors, truth, hidden)


class _Sampler:
    """Random masks and numbers in the shape of a batch."""

    def __init__(self, truth: Tensor, generator: torch.Generator) -> None:
        self.batch, self.length = truth.shape[:2]
        self.device, self.generator = truth.device, generator

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(self.batch, *shape, device=self.device, generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.batch, *shape, device=self.device, generator=self.generator)

    def runs(self, rate: Tensor | float, longest: int, *shape: int) -> Tensor:
        """Bool [B, T, *shape]: runs of 1 to `longest` frames, each starting with chance `rate` per frame."""
        starts = self.uniform(self.length, *shape) < rate
        time = torch.arange(self.length, device=self.device).view(1, -1, *[1] * len(shape))
        ends = time + 1 + (self.uniform(self.length, *shape) ** 2 * longest).floor()
        return torch.where(starts, ends, torch.zeros_like(ends)).cummax(1).values > time

    def clips(self, chance: float, *shape: int) -> Tensor:
        """Float [B, 1, *shape]: 1 with this chance, else 0."""
        return (self.uniform(1, *shape) < chance).float()


def _median_body_height(truth: Tensor) -> Tensor:
    """[B, 1, 1, 1]: the larger side of the box around the joints [B, T, 17, 3], median over the clip."""
    low, high = truth[..., :2].amin(2), truth[..., :2].amax(2)  # [B, T, 2]
    return (high - low).amax(-1).median(1).values.view(-1, 1, 1, 1)


def _rate_hidden(truth: Tensor) -> Tensor:
    """How much the body hides each joint, [B, T, 17] in 0 to 1: a face seen from behind, the far side of a profile."""
    middle = truth[:, :, 5:7].mean(2, keepdim=True)
    width = (truth[:, :, 5] - truth[:, :, 6]).norm(dim=-1, keepdim=True).clamp(min=1e-4)
    ears = truth[:, :, 3:5].mean(2, keepdim=True)
    skull = (truth[:, :, 3:4] - truth[:, :, 4:5]).norm(dim=-1).clamp(min=1e-4)
    face = ((ears - truth[:, :, :5])[..., 2] / skull * 2.5 + 0.1).clamp(0, 1)
    body = ((middle - truth[:, :, 5:])[..., 2] / width * 1.2 - 0.1).clamp(0, 0.8)
    return torch.cat([face, body], 2)


def _draw_noise(sampler: _Sampler, errors: DetectorErrors, hidden: Tensor) -> Tensor:
    """[B, T, 17, 2] errors in body heights: new in every frame, slowly changing, and constant through the clip."""
    spread = constant(_SPREAD, sampler.device)[:, None] * (1 + 1.5 * hidden[..., None])
    spread = spread * torch.exp(0.5 * sampler.normal(1, 1, 1))
    knots = sampler.normal(34, max(2, sampler.length // 6))
    slow = F.interpolate(knots, sampler.length, mode="linear", align_corners=True)  # [B, 34, T]
    slow = slow.unflatten(1, (17, 2)).permute(0, 3, 1, 2)  # [B, T, 17, 2]
    heavy = 1 + 2 * (sampler.uniform(sampler.length, 17, 1) < 0.04)
    white = sampler.normal(sampler.length, 17, 2) * heavy
    return spread * (errors.jitter * white + errors.drift * slow + errors.bias * sampler.normal(1, 17, 2))


def _merge_limbs(sampler: _Sampler, errors: DetectorErrors, points: Tensor) -> Tensor:
    """Put a limb for a while where its partner is, in some clips."""
    other = _other_side(points)
    for joints in _LIMBS:
        runs = sampler.runs(0.012 * sampler.clips(errors.merged_clips), 15)  # [B, T]
        chosen = runs[..., None] & _mark_joints(joints, points.device)  # [B, T, 17]
        points = torch.where(chosen[..., None], other, points)
    return points


def _swap_sides(sampler: _Sampler, errors: DetectorErrors, points: Tensor, truth: Tensor) -> Tensor:
    """Exchange left and right for runs of frames, of the entire body or of eyes, ears, arms or legs."""
    behind = (truth[:, :, 5, 0] < truth[:, :, 6, 0]).float()  # seen from behind, the left shoulder is on the left
    rate = errors.swap_rate * sampler.clips(errors.swapped_clips) * (0.6 + behind)  # [B, T]
    mask = (sampler.runs(rate, 20) & (sampler.uniform(1) < 0.7))[..., None]
    for joints in _PAIRS:
        mask = mask ^ (sampler.runs(rate, 12)[..., None] & _mark_joints(joints, points.device))
    return torch.where(mask[..., None], _other_side(points), points)


def _other_side(points: Tensor) -> Tensor:
    """Points [B, T, 17, 2] with left and right exchanged."""
    return points.index_select(2, constant(COCO17_FLIP, points.device).long())


def _mark_joints(joints: tuple[int, ...], device: torch.device) -> Tensor:
    """[17] bool, true for these joints."""
    return constant(tuple(float(joint in joints) for joint in range(17)), device) > 0


def _misplace_joints(sampler: _Sampler, errors: DetectorErrors, points: Tensor, height: Tensor) -> Tensor:
    """Put single joints far off: on another joint, or somewhere near the body."""
    rate = errors.outlier_rate * torch.exp(0.8 * sampler.normal(1, 1))
    far = sampler.runs(rate, 3, 17)[..., None]
    another = (sampler.uniform(sampler.length, 17, 1) * 17).long().clamp(max=16)  # [B, T, 17, 1]
    elsewhere = points.gather(2, another.expand(-1, -1, -1, 2))
    near = points + 0.2 * height * sampler.normal(sampler.length, 17, 2)
    wrong = torch.where(sampler.uniform(sampler.length, 17, 1) < 0.5, elsewhere, near)
    return torch.where(far, wrong, points)


def _draw_found(sampler: _Sampler, errors: DetectorErrors, truth: Tensor, hidden: Tensor) -> Tensor:
    """[B, T, 17] bool: not lost, not in a blank frame, not cut off by the border of the image."""
    loss = constant(_LOSS, sampler.device) * errors.loss_rate * sampler.clips(errors.lost_clips, 1)
    lost = sampler.runs(loss * (1 + 3 * hidden), 20, 17)
    strict = sampler.uniform(1, 17) < 0.6  # many detectors omit hidden eyes and ears, some guess them
    lost = lost | ((hidden > 0.5) & strict & (torch.arange(17, device=sampler.device) < 5))
    blank = sampler.runs(0.015 * sampler.clips(errors.blank_clips), 12)[..., None]
    knees, head = truth[:, :, 13:17, 1].amin((1, 2)), truth[:, :, 0, 1].amax(1)  # y down
    border = torch.lerp(head, knees, 0.35 + 0.8 * sampler.uniform())[:, None, None]
    cut = (truth[..., 1] > border) & (sampler.clips(errors.cut_clips, 1) > 0)
    return ~(lost | blank | cut)
