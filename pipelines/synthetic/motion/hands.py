"""Shapes of hands and how they change over time: fingers at rest, fists, pointing, signs, and hands that hold a thing.

`full_motion` calls `sample_hand_poses` for the ordinary arm actions; everyday gestures and whole-body actions call
`hold_shapes` and `hand_shape`.

Legend: B batch of clips, T frames, M movements of a clip, S shapes; side 0 right, side 1 left. Fingers are [..., 5, 4]
as in `Pose.fingers`: thumb to little finger, spread (of the thumb opposition) and three flexions in radians.
"""

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import RELAXED
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.tensors import constant

Fingers = tuple[tuple[float, float, float, float], ...]

_BENT = (0.0, 1.45, 1.7, 1.0)  # a finger of a fist
_LONG = (0.0, 0.03, 0.04, 0.02)  # a stretched finger
_LOCKED = (0.95, 0.4, 0.7, 0.7)  # a thumb over the fingers of a fist
SHAPES: dict[str, Fingers] = {
    "relaxed": RELAXED,
    "open": ((0.15, 0.05, 0.05, 0.05), (0.1, 0.08, 0.1, 0.05), (0.0, 0.1, 0.12, 0.08), (0.08, 0.13, 0.15, 0.08),
             (0.18, 0.13, 0.15, 0.08)),
    "flat": ((0.25, 0.1, 0.1, 0.1), (-0.1, *_LONG[1:]), _LONG, (-0.1, *_LONG[1:]), (-0.2, *_LONG[1:])),
    "spread": ((0.0, 0.0, 0.0, 0.0), (0.28, 0.0, 0.02, 0.0), (0.02, 0.0, 0.02, 0.0), (0.22, 0.0, 0.03, 0.0),
               (0.45, 0.02, 0.03, 0.0)),
    "loose_fist": ((0.7, 0.3, 0.4, 0.4), *((0.02, 0.9, 1.2, 0.7),) * 4),
    "fist": (_LOCKED, *(_BENT,) * 4),
    "point": (_LOCKED, _LONG, *(_BENT,) * 3),
    "peace": (_LOCKED, (0.2, 0.03, 0.04, 0.02), (-0.18, 0.03, 0.04, 0.02), _BENT, _BENT),
    "thumbs_up": ((-0.1, 0.0, 0.0, 0.0), *((0.0, 1.4, 1.65, 1.0),) * 4),
    "three": (_LOCKED, (0.2, 0.03, 0.04, 0.02), (0.0, 0.03, 0.04, 0.02), (0.18, 0.06, 0.06, 0.03), _BENT),
    "four": ((1.0, 0.4, 0.5, 0.6), (0.2, 0.03, 0.04, 0.02), (0.03, 0.03, 0.04, 0.02), (0.15, 0.04, 0.05, 0.03),
             (0.3, 0.05, 0.06, 0.03)),
    "pinch": ((0.85, 0.35, 0.3, 0.35), (0.02, 0.85, 0.8, 0.35), (0.0, 0.55, 0.55, 0.3), (0.05, 0.4, 0.45, 0.25),
              (0.12, 0.3, 0.35, 0.2)),
    "ok": ((0.85, 0.4, 0.35, 0.45), (0.0, 0.95, 0.95, 0.45), (0.05, 0.25, 0.2, 0.1), (0.12, 0.12, 0.12, 0.08),
           (0.28, 0.06, 0.08, 0.05)),
    "cup": ((1.0, 0.2, 0.25, 0.25), (0.05, 0.6, 0.75, 0.45), (0.0, 0.65, 0.8, 0.45), (0.03, 0.7, 0.85, 0.5),
            (0.08, 0.7, 0.9, 0.5)),
    "phone": ((0.55, 0.15, 0.1, 0.15), (0.05, 0.4, 0.7, 0.4), (0.0, 0.5, 0.75, 0.4), (0.03, 0.6, 0.8, 0.45),
              (0.06, 0.65, 0.85, 0.45)),
}  # fmt: skip
NAMES = tuple(SHAPES)
# Smallest and largest angles of the four numbers of a finger, and of the thumb.
_RANGE, _THUMB_RANGE = ((-0.3, -0.3, 0.0, -0.1), (0.5, 1.6, 1.9, 1.4)), ((-0.2, -0.2, -0.2, -0.2), (1.2, 0.8, 1.0, 1.3))
_LOW, _HIGH = ((thumb, *(finger,) * 4) for thumb, finger in zip(_THUMB_RANGE, _RANGE, strict=True))


def weigh_shapes(**weights: float) -> tuple[float, ...]:
    """How often each of `NAMES` occurs, S numbers from those that are named."""
    assert weights.keys() <= SHAPES.keys()
    return tuple(weights.get(name, 0.0) for name in NAMES)


RESTING = weigh_shapes(relaxed=8, open=1, loose_fist=1)
_FREE = weigh_shapes(
    relaxed=4, open=3, flat=0.6, spread=1, loose_fist=0.8, fist=0.6, point=1, peace=0.3, thumbs_up=0.2, pinch=0.8,
    ok=0.2, cup=0.5, three=0.1, four=0.1,
)  # fmt: skip
_DANCING = weigh_shapes(relaxed=4, open=3, flat=1.5, spread=1.5, fist=1, point=1, pinch=0.7, peace=0.3)
# In the order of `arm_actions.ARM_ACTIONS`: hang, gesture, dance, wave, circle, clap, swing.
_OF_ARM_ACTIONS = (
    RESTING, _FREE, _DANCING, weigh_shapes(open=4, flat=1, spread=2, relaxed=1), _DANCING,
    weigh_shapes(flat=4, open=3), weigh_shapes(relaxed=3, loose_fist=3, fist=1, open=0.5),
)  # fmt: skip


# What real hands need in place of the mittens that the arm actions were made for, where they are raised, as numbers of
# `Pose.arms`: palms that face ahead to wave, and down to dance; to clap, wrists apart and hands side by side.
_CORRECTIONS = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0, 0.0, -0.6), (0.0, 0.0, 0.0, 0.0, 0.0, -0.6),
    (0.0, 0.0, 0.0, 0.0, 0.0, -1.3), (0.0, 0.0, 0.0, 0.0, 0.0, -0.7), (0.04, 0.0, 0.0, 0.0, -0.65, 0.0),
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
)  # fmt: skip


def correct_wrists(hands: Tensor, arms: Tensor) -> Tensor:
    """Hands [B, T, 2, 6], as in `Pose.arms`, with wrists as the arm actions `arms` [B] need them for hands with palms
    and fingers."""
    raised = ((hands[..., 1:2] + 0.6) / 0.8).clamp(0, 1)
    return hands + raised * constant(_CORRECTIONS, hands.device)[arms][:, None, None]


def sample_hand_poses(timeline: Timeline, arms: Tensor) -> Tensor:
    """Fingers [B, T, 2, 5, 4] that fit the arm actions `arms` [B], indices of `ARM_ACTIONS`."""
    return hold_shapes(timeline, constant(_OF_ARM_ACTIONS, timeline.device)[arms])


def hand_shape(name: str, device: torch.device) -> Tensor:
    """The shape of that name, fingers [5, 4]."""
    return constant(SHAPES[name], device)


def hold_shapes(timeline: Timeline, weights: Tensor) -> Tensor:
    """Fingers [B, T, 2, 5, 4] that hold shapes for a while and change quickly.

    weights: [B or 1, S] how often each of `NAMES` occurs. Two in three shapes are those of both hands, and half of the
    time a hand keeps the shape that it had.
    """
    starts, lengths = timeline.slow_steps((0.4, 3.0), (0.15, 0.5))
    count = starts.shape[1] + 1
    bounds = weights.cumsum(1)
    drawn = timeline.uniform(0, 1, count, 2) * bounds[:, -1:, None]
    drawn = torch.where(timeline.chance(0.65, count, 1) > 0, drawn[..., :1], drawn)
    index = (drawn[..., None] >= bounds[:, None, None]).sum(-1).clamp(max=len(NAMES) - 1)  # [B, M + 1, 2]
    kept = timeline.chance(0.5, count) > 0
    kept[:, 0] = False
    order = torch.arange(count, device=timeline.device)
    since = torch.where(kept, 0, order).cummax(1).values  # [B, M + 1] the key that gave the shape
    index = index.gather(1, since[..., None].expand(-1, -1, 2))
    keys = constant(tuple(SHAPES.values()), timeline.device)[index]
    return vary_fingers(timeline, timeline.interpolate(keys, starts, lengths))


def vary_fingers(timeline: Timeline, fingers: Tensor) -> Tensor:
    """Fingers [B, T, 2, 5, 4] as this person bends them, never quite still, within the limits of the joints."""
    size = constant((0.04, 0.08, 0.1, 0.06), timeline.device)
    own = timeline.normal(1.0, 1, 2, 5, 4) * size
    curl = timeline.normal(0.12, 1, 2, 1) + 0.05 * timeline.smooth_noise(10).unflatten(-1, (2, 5))
    bending = constant((0.0, 1.0, 1.2, 0.7), timeline.device)
    fingers = fingers + own + curl[..., None] * bending
    return fingers.clamp(constant(_LOW, timeline.device), constant(_HIGH, timeline.device))
