"""Hands, feet and depths of rendered clips as they are known in use: with errors, sometimes missing, or not known.

In: a clip, and its joints with their errors. Out: points and depths for `keypoints.detail_maps`, NaN where not known.
Called by `animation.data`.

Legend: B clips, T frames, P = 52 points (`models.joints.DETAIL_POINTS`). Positions and depths are in pixels.
"""

import torch
from torch import Tensor

from models.joints import DETAIL_NAMES, DETAIL_POINTS, HAND_POINTS, NAMED_HAND_POINTS
from pipelines.keypoints.layouts import DETAIL_JOINTS
from pipelines.synthetic.clips import Clip
from pipelines.synthetic.tensors import constant

SIZE_ERRORS = (0.05, 0.12)  # standard deviations of the logarithms of a hand's and a foot's size after retargeting
HAND_NOISE, FOOT_NOISE = 0.3, 0.7  # standard deviation of a point from its wrist or ankle, pixels: fingers are 2 wide
DEPTH_ERROR = 0.25  # standard deviation of the logarithm of all depths of a clip: detectors guess them
LEAN = (0.5, 0.35)  # of all depths, mean and standard deviation over clips: of its distance below the hips, a joint
# looks farther by so much. MediaPipe's depths lean like that.
DEPTH_NOISE = 0.03  # standard deviation of a depth, in sides of the image
HIDDEN_MISSING = 0.7  # share of the clips in which a hidden hand, heel or toe is missing: detectors see few of them
LOST = 0.05  # chance that a hand or foot is missing in a frame though it can be seen
NAMED = len(DETAIL_NAMES)
GROUPS = [0] * 6 + [1] * 4 + [0] * 2 * HAND_POINTS  # of the points: hands and feet
LIMBS = [0] * 3 + [1] * 3 + [2] * 2 + [3] * 2 + [0] * HAND_POINTS + [1] * HAND_POINTS  # both hands, both feet
SEEN = [0] * 3 + [1] * 3 + [2, 3, 4, 5] + [0] * HAND_POINTS + [1] * HAND_POINTS  # what is found as a whole
# Of the points: the one with the same error, itself but for the named ones of hands, which are there twice.
SAME = [
    *(NAMED + HAND_POINTS * hand + point for hand in (0, 1) for point in NAMED_HAND_POINTS), *range(6, DETAIL_POINTS)
]  # fmt: skip


def observe_details(
    clip: Clip,
    frames: slice,
    joints: Tensor,
    *,
    layout: str,
    unknown: float,
    retargeted: bool,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Details of some frames of the clip, as they are known there.

    Args:
        joints: [B, T, 17, 2] of these frames, with errors: hands and feet go with their wrists and ankles.
        layout: of the joints, "coco17" or "h36m17".
        unknown: chance that hands, feet or depths, each for itself, are not known in a clip.
        retargeted: whether hands and feet come from another person.

    Returns:
        Points [B, T, P, 2] and depths of the joints [B, T, 17].
    """
    anchors, (batch, steps) = list(DETAIL_JOINTS[layout]), joints.shape[:2]
    true, depth = (clip.coco, clip.coco_depth) if layout == "coco17" else (clip.h36m, clip.h36m_depth)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=joints.device)

    def happens(chance: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, device=joints.device) < chance

    share = torch.rand((batch, 1, 1), generator=generator, device=joints.device)  # of the noise in this clip
    errors, shakes = (constant(each, joints.device) for each in (SIZE_ERRORS, (HAND_NOISE, FOOT_NOISE)))
    size = torch.exp(retargeted * errors * normal(batch, 1, 2))[..., GROUPS, None]  # [B, 1, P, 1]
    offsets = size * (clip.details - true[:, :, anchors])[:, frames]
    shaken = share[..., None] * shakes[GROUPS, None] * normal(*offsets.shape)[:, :, SAME]
    points = joints[:, :, anchors] + offsets + shaken
    not_known = happens(unknown, batch, 1, 3)
    missing = happens(HIDDEN_MISSING, batch, 1, 4)[..., LIMBS] & ~can_be_seen(clip.details_visible[:, frames])
    missing = missing | happens(LOST, batch, steps, 4)[..., LIMBS] | not_known[..., GROUPS]
    below_hips = true[:, frames, :, 1] - clip.h36m[:, frames, :1, 1]  # [B, T, 17]
    lean = (LEAN[0] + LEAN[1] * normal(batch, 1, 1)) * below_hips
    noise = DEPTH_NOISE * clip.images.shape[-1] * share * (normal(batch, 1, 17) + 0.5 * normal(batch, steps, 17))
    depth = torch.exp(DEPTH_ERROR * normal(batch, 1, 1)) * depth[:, frames] + lean + noise
    return points.masked_fill(missing[..., None], torch.nan), depth.masked_fill(not_known[..., 2:], torch.nan)


def can_be_seen(visible: Tensor) -> Tensor:
    """Which points [B, T, P] a detector may find, from what is not hidden: a hand as a whole, if most of it is."""
    hands = visible[..., NAMED:].unflatten(-1, (2, HAND_POINTS)).float().mean(-1) > 0.5  # [B, T, 2]
    return torch.cat([hands, visible[..., 6:NAMED]], -1)[..., SEEN]
