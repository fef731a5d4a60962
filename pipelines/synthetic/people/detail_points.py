"""Points of hands and feet that detectors name beyond the 17 joints, of the hands and shoes of `limbs`.

Legend: B batch, T frames of the clip.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.skeleton import SIDES, Frames, Proportions
from pipelines.synthetic.tensors import constant

# (x away from the body's middle, y up, z to the front), in the wrist's frame in hand lengths and in the ankle's in foot
# lengths. Hands: knuckles of index and little finger, tip of the middle finger. Feet: heel, big toe.
_HAND_POINTS = ((-0.005, -0.46, 0.13), (-0.015, -0.44, -0.14), (-0.06, -0.98, 0.03))
_FOOT_POINTS = ((0.0, -0.16, -0.2), (-0.05, -0.19, 0.66))


def detail_points(frames: Frames, proportions: Proportions) -> Tensor:
    """World positions [B, T, 10, 3] of the points `models.joints.DETAIL_NAMES`, in metres."""
    points = []
    for joint, local, size in (("wrist", _HAND_POINTS, proportions.hand), ("ankle", _FOOT_POINTS, proportions.foot)):
        for side, sign in reversed(SIDES):  # left first
            place = constant(local, size.device) * constant((sign, 1.0, 1.0), size.device)  # [points, 3]
            points += [frames.point(f"{side}_{joint}", size[:, None, None] * each) for each in place]
    return torch.stack(points, 2)
