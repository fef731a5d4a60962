"""Fast turns, pirouettes, cartwheels and somersaults as phrases: movements in which the whole body turns.

`whole_body` collects them. Lengths are leg lengths (of hands arm lengths), angles radians, as in `Pose`.
"""

from dataclasses import replace
from math import pi

from pipelines.synthetic.motion.keyposes import KeyPose, Phrase

_ROUND = (-0.22, -0.02, 0.6, 0.9, 0.1, 0.0)  # both arms rounded before the chest
_ABOVE = (-0.2, 0.9, 0.2, 0.7, 0.1, 0.0)  # both arms rounded over the head
_ARMS_UP = (0.12, 0.97, 0.05, 0.2, -1.0, -1.2)
_PREPARE = KeyPose(
    pelvis=(0.0, -0.16, 0.0), right=(0.08, 0.0, -0.22, 0.0, 0.8), left=(0.08, 0.0, 0.18, 0.0, 0.8),
    right_hand=_ROUND, left_hand=(0.85, 0.0, 0.35, 0.4, 0.0, 0.0),
)  # fmt: skip
_BALANCED = replace(
    _PREPARE, seconds=0.28, pelvis=(0.0, 0.1, 0.0), right=(-0.04, 0.42, 0.12, 0.8, 1.0),
    left=(0.0, 0.0, 0.0, 0.85, 0.5), left_hand=_ROUND, turn=-0.8,
)  # fmt: skip
_LANDED = replace(_PREPARE, seconds=0.4)
_STANDING = KeyPose()
_PIVOT = replace(
    _STANDING, seconds=0.22, pelvis=(0.0, -0.06, 0.0), spine=(0.05, 0.5, 0.0), neck=(0.0, 0.8, 0.0), turn=0.9,
    right=(0.03, 0.0, -0.1, 0.7, 0.1), left=(0.03, 0.0, 0.1, 0.0, 0.1),
    right_hand=(0.25, -0.8, 0.3, 0.3, 0.1, 0.0), left_hand=(0.25, -0.8, -0.15, 0.3, 0.1, 0.0),
)  # fmt: skip
# A jump with a whole turn: down, up with the arms close, down.
_TURN_JUMP = (
    _STANDING,
    KeyPose(
        seconds=0.35, pelvis=(0.0, -0.3, -0.05), hips=(0.35, -0.5, 0.0), spine=(0.2, -0.5, 0.0), turn=-0.2,
        right_hand=(0.7, -0.4, -0.1, 0.3, 0.0, 0.0), left_hand=(-0.3, -0.4, 0.6, 0.3, 0.0, 0.0),
    ),
    KeyPose(
        seconds=0.3, lift=0.42, turn=3.4, right=(0.0, 0.0, 0.03, 0.7, 0.1), left=(0.0, 0.0, -0.03, 0.7, 0.1),
        spine=(0.0, 0.3, 0.0), right_hand=_ROUND, left_hand=_ROUND,
    ),
    KeyPose(
        seconds=0.28, pelvis=(0.0, -0.25, 0.0), hips=(0.3, 0.0, 0.0), spine=(0.2, 0.0, 0.0), turn=2 * pi,
        right_hand=(0.7, -0.3, 0.3, 0.3, 0.0, 0.0), left_hand=(0.7, -0.3, 0.3, 0.3, 0.0, 0.0),
    ),
    replace(_STANDING, seconds=0.4, turn=2 * pi),
)  # fmt: skip
_ASTRIDE = KeyPose(
    pelvis=(0.0, 0.1, 0.0), neck=(-0.4, 0.0, 0.0), right=(0.6, 0.0, 0.0, 0.3, 0.3), left=(0.6, 0.0, 0.0, 0.3, 0.3),
    right_hand=_ARMS_UP, left_hand=_ARMS_UP,
)  # fmt: skip
_CARTWHEEL = (
    replace(_ASTRIDE, right=(0.1, 0.0, 0.0, 0.0, 0.2), left=(0.1, 0.0, 0.0, 0.0, 0.2)),
    replace(_ASTRIDE, seconds=0.45, tumble=(0.0, 0.0, 0.7), aside=-0.5),
    replace(_ASTRIDE, seconds=0.4, tumble=(0.0, 0.0, pi - 0.4), aside=-1.2),
    replace(_ASTRIDE, seconds=0.28, tumble=(0.0, 0.0, pi + 0.5), aside=-1.6),
    replace(_ASTRIDE, seconds=0.4, tumble=(0.0, 0.0, 2 * pi - 0.6), aside=-2.3),
    replace(_ASTRIDE, seconds=0.45, tumble=(0.0, 0.0, 2 * pi), aside=-2.7, right=(0.1, 0.0, 0.0, 0.0, 0.2),
            left=(0.1, 0.0, 0.0, 0.0, 0.2)),
)  # fmt: skip
_SQUAT = KeyPose(
    seconds=0.5, pelvis=(0.0, -0.68, -0.05), hips=(0.5, 0.0, 0.0), spine=(0.8, 0.0, 0.0), neck=(0.4, 0.0, 0.0),
    right=(0.05, 0.0, 0.0, 0.5, 0.2), left=(0.05, 0.0, 0.0, 0.5, 0.2),
    right_hand=(0.05, -0.05, 0.8, 0.3, -1.0, -1.3), left_hand=(0.05, -0.05, 0.8, 0.3, -1.0, -1.3),
)  # fmt: skip
_TUCKED = replace(
    _SQUAT, pelvis=(0.0, -0.72, -0.1), hips=(0.3, 0.0, 0.0), spine=(1.2, 0.0, 0.0), neck=(0.75, 0.0, 0.0),
    right_hand=(0.02, -0.55, 0.6, 0.4, 0.0, 0.0), left_hand=(0.02, -0.55, 0.6, 0.4, 0.0, 0.0),
)  # fmt: skip
_FORWARD_ROLL = (
    _STANDING,
    _SQUAT,
    replace(_SQUAT, seconds=0.3, tumble=(0.9, 0.0, 0.0), ahead=0.3),
    replace(_TUCKED, seconds=0.3, tumble=(pi, 0.0, 0.0), ahead=0.9),
    replace(_TUCKED, seconds=0.3, tumble=(2 * pi - 1.0, 0.0, 0.0), ahead=1.5),
    replace(_SQUAT, seconds=0.3, tumble=(2 * pi, 0.0, 0.0), ahead=1.8),
    replace(_STANDING, seconds=0.5, tumble=(2 * pi, 0.0, 0.0), ahead=1.8),
)

TURN_PHRASES = (
    Phrase("pirouette", (
        _PREPARE, _BALANCED, replace(_BALANCED, seconds=0.75, right_hand=_ABOVE, left_hand=_ABOVE, turn=-3.6 * pi),
        replace(_LANDED, turn=-4 * pi),
    )),
    Phrase("turn_around", (
        _STANDING, _PIVOT, replace(_PIVOT, turn=2.6, spine=(0.05, 0.1, 0.0)), replace(_STANDING, seconds=0.2, turn=pi),
        replace(_STANDING, seconds=0.6, turn=pi), replace(_PIVOT, turn=pi + 0.9),
        replace(_PIVOT, turn=pi + 2.6, spine=(0.05, 0.1, 0.0)), replace(_STANDING, seconds=0.2, turn=2 * pi),
    )),
    Phrase("turning_jump", _TURN_JUMP),
    Phrase("cartwheel", _CARTWHEEL, overlap=1.7),
    Phrase("forward_roll", _FORWARD_ROLL, overlap=1.5),
)  # fmt: skip
