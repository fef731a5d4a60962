"""Sitting down, kneeling, crawling, push-ups, lying and rolling as phrases.

`whole_body` collects them. Lengths are leg lengths (of hands arm lengths), angles radians, as in `Pose`.
"""

from dataclasses import replace
from math import pi

from pipelines.synthetic.motion.keyposes import KeyPose, Phrase

_STANDING = KeyPose(seconds=0.8)
_TOES = (0.03, 0.0, -0.5, 0.9, 0.0)  # a leg that kneels, on its toes
_PROP = (0.08, 0.12, 0.95, 0.1, -1.2, -1.5)  # an arm on the ground, of who is face down
_PROP_BEHIND = (0.25, -0.8, -0.42, 0.2, -1.2, -1.5)  # an arm on the ground, of who sits
_OVERHEAD = (0.15, 0.92, 0.1, 0.3, 0.0, 0.0)
_ON_KNEES = (-0.08, -0.75, 0.3, 0.3, 0.0, 0.2)  # a hand on its thigh

_SQUAT = KeyPose(
    seconds=0.7, pelvis=(0.0, -0.68, -0.1), hips=(0.4, 0.0, 0.0), spine=(0.6, 0.0, 0.0),
    right=(0.08, 0.0, 0.05, 0.3, 0.3), left=(0.08, 0.0, 0.05, 0.3, 0.3),
    right_hand=(0.15, -0.55, 0.6, 0.3, 0.0, 0.0), left_hand=(0.3, -0.7, 0.1, 0.3, -0.6, 0.0),
)  # fmt: skip
_KNEES_UP = KeyPose(
    seconds=0.6, pelvis=(0.0, -0.94, -0.45), hips=(-0.2, 0.0, 0.0), spine=(0.4, 0.0, 0.0),
    right=(0.08, 0.0, 0.12, 0.0, 0.15), left=(0.08, 0.0, 0.12, 0.0, 0.15),
    right_hand=_PROP_BEHIND, left_hand=_PROP_BEHIND,
)  # fmt: skip
_LEGS_OUT = replace(
    _KNEES_UP, pelvis=(0.0, -0.94, -0.9), hips=(-0.25, 0.0, 0.0), spine=(0.3, 0.0, 0.0),
    right=(0.08, 0.0, 0.4, -0.9, 0.3), left=(0.08, 0.0, 0.4, -0.9, 0.3),
)  # fmt: skip
_HUGGING = replace(
    _KNEES_UP, seconds=0.8, spine=(0.8, 0.0, 0.0), neck=(0.2, 0.0, 0.0), right_hand=(-0.2, -0.35, 0.75, 0.4, 0.3, 0.0),
    left_hand=(-0.2, -0.35, 0.75, 0.4, 0.3, 0.0),
)  # fmt: skip
_LYING = replace(
    _LEGS_OUT, seconds=1.0, hips=(-1.5, 0.0, 0.0), spine=(0.0, 0.0, 0.0), neck=(0.1, 0.0, 0.0),
    right_hand=(0.35, -0.85, 0.05, 0.2, 0.0, 0.0), left_hand=(0.35, -0.85, 0.05, 0.2, 0.0, 0.0),
)  # fmt: skip
_CRUNCH = replace(
    _LYING, seconds=0.5, hips=(-1.25, 0.0, 0.0), spine=(0.9, 0.0, 0.0), neck=(0.4, 0.0, 0.0),
    pelvis=(0.0, -0.94, -0.6), right=(0.06, 0.0, 0.05, 0.0, 0.1), left=(0.06, 0.0, 0.05, 0.0, 0.1),
    right_hand=(-0.05, 0.35, 0.0, 1.2, 0.4, 0.0), left_hand=(-0.05, 0.35, 0.0, 1.2, 0.4, 0.0),
)  # fmt: skip
_FLAT_CRUNCH = replace(_CRUNCH, hips=(-1.5, 0.0, 0.0), spine=(0.1, 0.0, 0.0), neck=(0.1, 0.0, 0.0))
_BRIDGE = replace(
    _FLAT_CRUNCH, seconds=0.6, pelvis=(0.0, -0.74, -0.5), hips=(-1.8, 0.0, 0.0), spine=(-0.3, 0.0, 0.0),
    neck=(0.6, 0.0, 0.0), right_hand=_LYING.right_hand, left_hand=_LYING.left_hand,
)  # fmt: skip

_ONE_KNEE = KeyPose(
    seconds=0.7, pelvis=(0.0, -0.45, 0.05), hips=(0.05, 0.0, 0.0), spine=(0.1, 0.0, 0.0),
    right=(0.03, 0.0, -0.55, 0.9, 0.0), left=(0.05, 0.0, 0.42, 0.0, 0.1),
    left_hand=(-0.05, -0.6, 0.55, 0.3, 0.1, 0.3),
)  # fmt: skip
_KNEELING = KeyPose(seconds=0.6, pelvis=(0.0, -0.46, 0.42), hips=(0.1, 0.0, 0.0), right=_TOES, left=_TOES)
_ON_HEELS = replace(
    _KNEELING, seconds=0.7, pelvis=(0.0, -0.72, 0.1), hips=(0.0, 0.0, 0.0), spine=(0.15, 0.0, 0.0),
    right_hand=_ON_KNEES, left_hand=_ON_KNEES,
)  # fmt: skip
_BOWED = replace(
    _ON_HEELS, seconds=0.9, hips=(0.8, 0.0, 0.0), spine=(1.1, 0.0, 0.0), right_hand=(0.05, 0.5, 0.8, 0.2, -0.4, 0.0),
    left_hand=(0.05, 0.5, 0.8, 0.2, -0.4, 0.0),
)  # fmt: skip

_ALL_FOURS = KeyPose(
    seconds=0.8, pelvis=(0.0, -0.5, 0.4), hips=(1.2, 0.0, 0.0), neck=(-0.6, 0.0, 0.0), right=_TOES, left=_TOES,
    right_hand=_PROP, left_hand=_PROP,
)  # fmt: skip
_RIGHT_STEP = replace(
    _ALL_FOURS, seconds=0.45, spine=(0.05, 0.12, 0.0), right=(0.03, 0.0, -0.66, 0.9, 0.0),
    left=(0.03, 0.05, -0.32, 0.9, 0.0), right_hand=(0.08, 0.4, 0.85, 0.1, -1.2, -1.5),
    left_hand=(0.08, -0.12, 0.92, 0.1, -1.2, -1.5), ahead=0.3,
)  # fmt: skip
_LEFT_STEP = replace(
    _RIGHT_STEP, spine=(0.05, -0.12, 0.0), right=(0.03, 0.05, -0.32, 0.9, 0.0), left=(0.03, 0.0, -0.66, 0.9, 0.0),
    right_hand=_RIGHT_STEP.left_hand, left_hand=_RIGHT_STEP.right_hand, ahead=0.6,
)  # fmt: skip

# The body is stretched as in standing, and tipped forwards onto the hands.
_PLANK = KeyPose(
    seconds=0.5, pelvis=(0.0, 0.1, 0.0), hips=(0.03, 0.0, 0.0), neck=(-0.2, 0.0, 0.0), tumble=(1.27, 0.0, 0.0),
    right_hand=(0.1, 0.0, 0.95, 0.3, -1.2, -1.5), left_hand=(0.1, 0.0, 0.95, 0.3, -1.2, -1.5),
)  # fmt: skip
_LOWERED = replace(
    _PLANK, tumble=(1.46, 0.0, 0.0), neck=(-0.4, 0.0, 0.0),
    right_hand=(0.25, -0.15, 0.42, 0.8, -1.2, -1.5), left_hand=(0.25, -0.15, 0.42, 0.8, -1.2, -1.5),
)  # fmt: skip
_HANDS_DOWN = replace(
    _SQUAT, seconds=0.5, hips=(0.9, 0.0, 0.0), spine=(0.9, 0.0, 0.0), neck=(-0.3, 0.0, 0.0),
    right_hand=(0.08, 0.1, 0.9, 0.2, -1.2, -1.5), left_hand=(0.08, 0.1, 0.9, 0.2, -1.2, -1.5),
)  # fmt: skip

# Lying stretched out, as standing with the arms up, and tipped onto the back.
_STRETCHED = KeyPose(
    seconds=0.7, pelvis=(0.0, 0.1, 0.0), neck=(0.1, 0.0, 0.0), tumble=(-pi / 2, 0.0, 0.0),
    right=(0.02, 0.0, 0.0, 0.7, 0.1), left=(0.02, 0.0, 0.0, 0.7, 0.1), right_hand=_OVERHEAD, left_hand=_OVERHEAD,
)  # fmt: skip
_ON_SIDE = replace(_STRETCHED, tumble=(-pi / 2, pi / 2, 0.0), aside=0.45, right=(0.02, 0.0, 0.15, 0.6, 0.1))
_ON_BELLY = replace(_STRETCHED, tumble=(-pi / 2, pi, 0.0), aside=0.8, neck=(-0.4, 0.0, 0.0), spine=(-0.2, 0.0, 0.0))
_ON_OTHER_SIDE = replace(_STRETCHED, tumble=(-pi / 2, 1.5 * pi, 0.0), aside=1.2, left=(0.02, 0.0, 0.15, 0.6, 0.1))
_ON_BACK_AGAIN = replace(_STRETCHED, tumble=(-pi / 2, 2 * pi, 0.0), aside=1.6)

FLOOR_PHRASES = (
    Phrase("sit_down", (_STANDING, _SQUAT, _KNEES_UP, _LEGS_OUT, _HUGGING, replace(_SQUAT, seconds=0.6), _STANDING)),
    Phrase("lie_down", (
        _STANDING, _SQUAT, _KNEES_UP, _LEGS_OUT, _LYING, replace(_LYING, seconds=0.8), replace(_LEGS_OUT, seconds=0.8),
        _KNEES_UP, _SQUAT, _STANDING,
    )),
    Phrase("crunch", (_FLAT_CRUNCH, _CRUNCH, replace(_CRUNCH, seconds=0.2), _FLAT_CRUNCH), pause=(0.0, 0.4)),
    Phrase("bridge", (_FLAT_CRUNCH, _BRIDGE, replace(_BRIDGE, seconds=0.3), _FLAT_CRUNCH)),
    Phrase("kneel_down", (
        _STANDING, _ONE_KNEE, _KNEELING, _ON_HEELS, _BOWED, _ON_HEELS, _KNEELING, _ONE_KNEE, _STANDING,
    )),
    Phrase("crawl", (_ALL_FOURS, _RIGHT_STEP, _LEFT_STEP, replace(_RIGHT_STEP, ahead=0.9),
                     replace(_LEFT_STEP, ahead=1.2), replace(_ALL_FOURS, seconds=0.4, ahead=1.3)), pause=(0.0, 0.3)),
    Phrase("push_up", (_PLANK, _LOWERED, _PLANK, _LOWERED, _PLANK), pause=(0.0, 0.3)),
    Phrase("burpee", (_STANDING, _HANDS_DOWN, _PLANK, _LOWERED, _PLANK, _HANDS_DOWN, replace(_STANDING, seconds=0.5))),
    Phrase("roll_over", (_STRETCHED, _ON_SIDE, _ON_BELLY, _ON_OTHER_SIDE, _ON_BACK_AGAIN), pause=(0.0, 0.6)),
)  # fmt: skip
