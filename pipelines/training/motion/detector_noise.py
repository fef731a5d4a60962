"""The errors of keypoint detectors, put on true joints: jitter, swapped sides, lost or misplaced joints, cut bodies.

`motion.data` calls `detect`. How sure the detector says it is comes from `motion.detector_confidence`. Legend: B clips,
T frames, K = 17 COCO joints. Points are in any one unit; sizes of errors are fractions of the body height.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.tensors import constant
from pipelines.training.motion.detector_confidence import draw_confidence
from pipelines.training.motion.sampler import Sampler

_PAIRS = ((1, 2), (3, 4), (5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16))  # eyes, ears, arms, legs
_LIMBS = ((7, 9), (8, 10), (13, 15), (14, 16))  # elbow and wrist, knee and ankle
# How imprecise detectors are at each joint, relative to the others.
_SPREAD = (0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 0.9, 1.1, 1.1, 1.4, 1.4, 1.3, 1.3, 1.1, 1.1, 1.3, 1.3)
# How often a joint is lost, relative to the others.
_LOSS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3, 0.9, 0.9, 1.6, 1.6, 0.4, 0.4, 0.8, 0.8, 1.4, 1.4)
_BORDERS = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (1.0, 0.0), (-1.0, 0.0), (0.0, -1.0))  # x, y: the bottom most often
_WHITE_RATE = 30.0  # frames per second above which the errors of neighbouring frames resemble each other


@dataclass(frozen=True)
class DetectorErrors:
    """How large and how frequent the errors are; all 0: a perfect detector that sees no hidden face."""

    jitter: float = 0.006
    """Standard deviation of the error that is new in every frame, in body heights."""
    drift: float = 0.008
    """Standard deviation of the error that changes slowly, in body heights."""
    bias: float = 0.007
    """Standard deviation of the error that is constant through a clip, in body heights."""
    swapped_clips: float = 0.3
    """Chance that a clip has swapped sides."""
    swap_rate: float = 0.25
    """Swaps that start per second of such a clip."""
    lost_clips: float = 0.6
    """Chance that a clip has lost joints."""
    loss_rate: float = 0.2
    """Losses that start per second and joint of such a clip."""
    outlier_rate: float = 0.002
    """Chance per frame and joint that a misplacement starts."""
    merged_clips: float = 0.15
    """Chance that a clip has limbs that are found on their partners."""
    blank_clips: float = 0.15
    """Chance that a clip has frames in which nobody is found."""
    cut_clips: float = 0.15
    """Chance that a border of the image cuts the body of a clip anywhere."""
    truncated_clips: float = 0.2
    """Chance that the lower border cuts the body of a clip off between knees and chest."""


def detect(
    truth: Tensor, cut: Tensor, rate: Tensor, generator: torch.Generator, errors: DetectorErrors | None = None
) -> tuple[Tensor, Tensor]:
    """What a detector would report for true joints.

    Args:
        truth: [B, T, 17, 3] COCO-17, x right, y down, z towards the camera, in any one unit.
        cut: [B] y of the lower border in the clips that it cuts off between knees and chest.
        rate: [B] frames per second.
        errors: None: the defaults.

    Returns:
        Points [B, T, 17, 2] and their confidences [B, T, 17] in 0..1; lost joints have less than 0.3.
    """
    errors = errors or DetectorErrors()
    sampler = Sampler(truth, rate, generator)
    heights = _measure_heights(truth)
    height = heights.median(1, keepdim=True).values
    hidden = _rate_hidden(truth)
    placed = truth[..., :2] + height * _draw_noise(sampler, errors, hidden, height / heights)
    points = _merge_limbs(sampler, errors, placed)
    points = _swap_sides(sampler, errors, points, truth)
    points = _misplace_joints(sampler, errors, points, height)
    wrong = (points - placed).norm(dim=-1) > 0.04 * height[..., 0]
    points, beyond = _cut_body(sampler, errors, points, truth, cut)
    found = _draw_found(sampler, errors, hidden) & ~beyond
    return points, draw_confidence(sampler, hidden, wrong, found)


def _measure_heights(truth: Tensor) -> Tensor:
    """[B, T, 1, 1]: the larger side of the box around the joints [B, T, 17, 3]."""
    low, high = truth[..., :2].amin(2), truth[..., :2].amax(2)  # [B, T, 2]
    return (high - low).amax(-1).clamp(min=1e-6)[..., None, None]


def _rate_hidden(truth: Tensor) -> Tensor:
    """How much the body hides each joint, [B, T, 17] in 0 to 1: a face seen from behind, the far side of a profile."""
    middle = truth[:, :, 5:7].mean(2, keepdim=True)
    width = (truth[:, :, 5] - truth[:, :, 6]).norm(dim=-1, keepdim=True).clamp(min=1e-4)
    ears = truth[:, :, 3:5].mean(2, keepdim=True)
    skull = (truth[:, :, 3:4] - truth[:, :, 4:5]).norm(dim=-1).clamp(min=1e-4)
    face = ((ears - truth[:, :, :5])[..., 2] / skull * 2.5 + 0.1).clamp(0, 1)
    body = ((middle - truth[:, :, 5:])[..., 2] / width * 1.2 - 0.1).clamp(0, 0.8)
    return torch.cat([face, body], 2)


def _draw_noise(sampler: Sampler, errors: DetectorErrors, hidden: Tensor, distance: Tensor) -> Tensor:
    """[B, T, 17, 2] errors in body heights: new in every frame, slowly changing, and constant through the clip.

    distance: [B, T, 1, 1] how far away the person is, relative to the clip's median: what is small has larger errors.
    """
    spread = constant(_SPREAD, sampler.device)[:, None] * (1 + 1.5 * hidden[..., None])
    spread = spread * torch.exp(0.7 * sampler.normal(1, 1, 1) - 0.4) * distance.clamp(0.5, 3)
    heavy = 1 + 2 * (sampler.uniform(sampler.length, 17, 1) < 0.04)
    alike = (sampler.rate.clamp(min=_WHITE_RATE) / _WHITE_RATE) ** -sampler.uniform(1)  # [B, 1], 1 at 30 Hz
    white = sampler.normal(sampler.length, 17, 2) * heavy * alike[..., None, None]
    quick, slow = (sampler.smooth_noise(hertz, 34).unflatten(2, (17, 2)) for hertz in (8.0, 1.5))
    quick = quick * (1 - alike)[..., None, None]
    return spread * (errors.jitter * (white + quick) + errors.drift * slow + errors.bias * sampler.normal(1, 17, 2))


def _merge_limbs(sampler: Sampler, errors: DetectorErrors, points: Tensor) -> Tensor:
    """Put a limb for a while where its partner is, in some clips."""
    other = _other_side(points)
    for joints in _LIMBS:
        runs = sampler.runs(0.3 * sampler.clips(errors.merged_clips), 0.6)  # [B, T]
        chosen = runs[..., None] & _mark_joints(joints, points.device)  # [B, T, 17]
        points = torch.where(chosen[..., None], other, points)
    return points


def _swap_sides(sampler: Sampler, errors: DetectorErrors, points: Tensor, truth: Tensor) -> Tensor:
    """Exchange left and right for runs of frames, of the entire body or of eyes, ears, arms or legs."""
    behind = (truth[:, :, 5, 0] < truth[:, :, 6, 0]).float()  # seen from behind, the left shoulder is on the left
    rate = errors.swap_rate * sampler.clips(errors.swapped_clips) * (0.6 + behind)  # [B, T]
    mask = (sampler.runs(rate, 0.9) & (sampler.uniform(1) < 0.7))[..., None]
    for joints in _PAIRS:
        mask = mask ^ (sampler.runs(rate, 0.5)[..., None] & _mark_joints(joints, points.device))
    return torch.where(mask[..., None], _other_side(points), points)


def _other_side(points: Tensor) -> Tensor:
    """Points [B, T, 17, 2] with left and right exchanged."""
    return points.index_select(2, constant(COCO17_FLIP, points.device).long())


def _mark_joints(joints: tuple[int, ...], device: torch.device) -> Tensor:
    """[17] bool, true for these joints."""
    return constant(tuple(float(joint in joints) for joint in range(17)), device) > 0


def _misplace_joints(sampler: Sampler, errors: DetectorErrors, points: Tensor, height: Tensor) -> Tensor:
    """Put single joints far off for one to three frames: on another joint, or somewhere near the body."""
    rate = errors.outlier_rate * torch.exp(0.8 * sampler.normal(1, 1)) * sampler.rate[..., None]
    far = sampler.runs(rate, 3 / sampler.rate[..., None], 17)[..., None]
    another = (sampler.uniform(sampler.length, 17, 1) * 17).long().clamp(max=16)  # [B, T, 17, 1]
    elsewhere = points.gather(2, another.expand(-1, -1, -1, 2))
    near = points + 0.2 * height * sampler.normal(sampler.length, 17, 2)
    wrong = torch.where(sampler.uniform(sampler.length, 17, 1) < 0.5, elsewhere, near)
    return torch.where(far, wrong, points)


def _cut_body(
    sampler: Sampler, errors: DetectorErrors, points: Tensor, truth: Tensor, cut: Tensor
) -> tuple[Tensor, Tensor]:
    """A border of the picture that cuts off what is beyond it, in some clips: anywhere, or below the shoulders at `cut`
    [B].

    Returns:
        Points [B, T, 17, 2], in a third of these clips moved to the border instead; which joints are lost [B, T, 17].
    """
    which = (sampler.uniform() * len(_BORDERS)).long().clamp(max=len(_BORDERS) - 1)
    out = constant(_BORDERS, sampler.device)[which[:, 0]][:, None, None]  # [B, 1, 1, 2]
    reach = (truth[..., :2] * out).sum(-1)  # [B, T, 17] how far out the joints are
    inner, outer = reach.amin(2).amax(1), reach.amax(2).amin(1)  # [B] of the innermost and the outermost joint
    border = torch.lerp(inner, outer, 0.35 + 0.8 * sampler.uniform()[:, 0])[:, None, None]
    truncated = sampler.clips(errors.truncated_clips, 1)  # [B, 1, 1]
    out = torch.lerp(out, constant((0.0, 1.0), sampler.device), truncated[..., None])
    shoulders = truth[:, :, 5:7, 1].amax((1, 2))  # a picture of somebody shows head and shoulders
    border = torch.lerp(border, torch.maximum(cut, shoulders)[:, None, None], truncated)
    chosen = torch.maximum(sampler.clips(errors.cut_clips, 1), truncated)
    beyond = ((points * out).sum(-1) - border).clamp(min=0) * chosen
    moved = sampler.uniform(1, 1) < 1 / 3
    pulled = torch.where(moved[..., None], points - beyond[..., None] * out, points)
    return pulled, (beyond > 0) & ~moved


def _draw_found(sampler: Sampler, errors: DetectorErrors, hidden: Tensor) -> Tensor:
    """[B, T, 17] bool: neither lost nor in a blank frame."""
    loss = constant(_LOSS, sampler.device) * errors.loss_rate * sampler.clips(errors.lost_clips, 1)
    lost = sampler.runs(loss * (1 + 3 * hidden), 1.2, 17)
    strict = sampler.uniform(1, 17) < 0.6  # many detectors omit hidden eyes and ears, some guess them
    lost = lost | ((hidden > 0.5) & strict & (torch.arange(17, device=sampler.device) < 5))
    blank = sampler.runs(0.35 * sampler.clips(errors.blank_clips), 0.5)[..., None]
    return ~(lost | blank)
