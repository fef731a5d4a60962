"""Kicks, punches, ducking and throws as phrases: quick movements out of a guard.

`whole_body` collects them. Lengths are leg lengths (of hands arm lengths), angles radians, as in `Pose`.
"""

from dataclasses import replace

from pipelines.synthetic.motion.keyposes import KeyPose, Phrase

# Left side ahead, both fists before the chin.
_GUARD = KeyPose(
    pelvis=(0.0, -0.06, 0.0), hips=(0.05, -0.35, 0.0), spine=(0.12, -0.1, 0.0), neck=(0.0, 0.4, 0.0),
    right=(0.06, 0.0, -0.28, 0.25, 0.5), left=(0.04, 0.0, 0.22, 0.0, 0.1),
    right_hand=(-0.14, 0.05, 0.42, 0.3, 0.1, 0.0), left_hand=(-0.1, 0.02, 0.55, 0.3, 0.1, 0.0),
)  # fmt: skip
_FRONT_CHAMBER = replace(
    _GUARD, seconds=0.2, pelvis=(0.0, -0.03, 0.02), hips=(-0.05, 0.0, 0.0), right=(0.0, 0.6, 0.28, 0.3, 0.0)
)
_FRONT_KICK = (
    _GUARD,
    _FRONT_CHAMBER,
    replace(
        _FRONT_CHAMBER, seconds=0.13, hips=(-0.35, 0.15, 0.0), spine=(0.35, 0.0, 0.0), right=(0.0, 1.0, 0.9, -0.3, 0.0)
    ),
    replace(_FRONT_CHAMBER, seconds=0.16),
    replace(_GUARD, seconds=0.28),
)
_SIDE_CHAMBER = replace(
    _GUARD, seconds=0.24, pelvis=(0.05, -0.02, 0.0), hips=(0.0, 0.0, -0.25), turn=0.5, right=(0.12, 0.6, 0.15, 0.0, 0.0)
)
_SIDE_KICK = (
    _GUARD,
    _SIDE_CHAMBER,
    replace(
        _SIDE_CHAMBER, seconds=0.14, hips=(0.0, 0.0, -0.65), spine=(0.0, 0.0, 0.15), neck=(0.0, -0.7, 0.25), turn=0.7,
        right=(0.86, 0.92, 0.05, -0.2, 0.0),
    ),
    replace(_SIDE_CHAMBER, seconds=0.18),
    replace(_GUARD, seconds=0.3),
)  # fmt: skip
_ROUNDHOUSE_KICK = (
    _GUARD,
    replace(_GUARD, seconds=0.22, hips=(0.0, 0.1, -0.3), turn=0.3, right=(0.5, 0.62, -0.2, 0.5, 0.3)),
    replace(
        _GUARD, seconds=0.16, hips=(-0.1, 0.4, -0.5), spine=(0.1, -0.2, 0.1), turn=1.0,
        right=(-0.05, 1.0, 0.85, 0.5, 0.0), right_hand=(0.35, -0.6, 0.2, 0.3, 0.1, 0.0),
    ),
    replace(_GUARD, seconds=0.14, hips=(0.0, 0.4, -0.3), turn=1.4, right=(-0.2, 0.65, 0.5, 0.4, 0.0)),
    replace(_GUARD, seconds=0.35),
)  # fmt: skip
_PUNCHES = (
    _GUARD,
    replace(_GUARD, seconds=0.15, spine=(0.15, -0.45, 0.0), neck=(0.0, 0.7, 0.0),
            left_hand=(-0.15, 0.14, 0.97, 0.4, 0.0, -1.2)),
    replace(_GUARD, seconds=0.15),
    replace(_GUARD, seconds=0.16, hips=(0.1, 0.2, 0.0), spine=(0.2, 0.5, 0.0), neck=(0.0, -0.4, 0.0),
            right=(0.06, 0.0, -0.26, 0.8, 0.1), right_hand=(-0.2, 0.14, 0.97, 0.4, 0.0, -1.2)),
    replace(_GUARD, seconds=0.17),
    replace(_GUARD, seconds=0.18, hips=(0.1, -0.1, 0.0), spine=(0.1, 0.3, 0.1),
            left_hand=(0.4, 0.0, 0.4, 0.9, 0.0, 0.0)),
    replace(_GUARD, seconds=0.18, hips=(0.1, -0.6, 0.0), spine=(0.1, -0.5, 0.0), neck=(0.0, 0.9, 0.0),
            left_hand=(-0.45, 0.08, 0.6, 1.2, 0.0, -0.5)),
    replace(_GUARD, seconds=0.2),
    replace(_GUARD, seconds=0.2, pelvis=(0.0, -0.2, 0.0), spine=(0.4, -0.3, 0.1),
            right_hand=(-0.1, -0.4, 0.4, 0.2, 0.1, 0.0)),
    replace(_GUARD, seconds=0.14, hips=(0.0, 0.2, 0.0), spine=(-0.05, 0.5, 0.0), neck=(0.0, -0.3, 0.0),
            right_hand=(-0.25, 0.35, 0.55, 0.2, 0.2, 0.9)),
    replace(_GUARD, seconds=0.25),
)  # fmt: skip
_DUCK = (
    _GUARD,
    replace(_GUARD, seconds=0.22, pelvis=(-0.06, -0.35, 0.0), hips=(0.3, -0.35, 0.1), spine=(0.6, -0.1, 0.25)),
    replace(_GUARD, seconds=0.2, pelvis=(0.06, -0.4, 0.0), hips=(0.3, -0.2, -0.1), spine=(0.6, 0.1, -0.25)),
    replace(_GUARD, seconds=0.25),
    replace(_GUARD, seconds=0.2, pelvis=(0.0, -0.04, -0.12), hips=(-0.1, -0.35, 0.0), spine=(-0.25, -0.1, 0.0)),
    replace(_GUARD, seconds=0.25),
)
_THROW = (
    KeyPose(),
    KeyPose(
        seconds=0.5, pelvis=(0.0, -0.05, -0.12), hips=(-0.05, -0.6, 0.0), spine=(-0.15, -0.7, 0.1),
        neck=(0.0, 0.9, 0.0), right=(0.05, 0.0, -0.2, 0.0, 0.5), left=(0.0, 0.35, 0.35, 0.2, 0.0),
        right_hand=(0.5, 0.45, -0.1, 0.2, -0.5, 0.0), left_hand=(0.25, 0.15, 0.9, 0.1, 0.0, 0.0),
    ),
    KeyPose(
        seconds=0.24, pelvis=(0.0, -0.12, 0.15), hips=(0.15, 0.3, 0.0), spine=(0.2, 0.5, -0.1),
        neck=(0.0, -0.5, 0.0), right=(0.05, 0.0, -0.3, 0.8, 0.1), left=(0.03, 0.0, 0.45, 0.0, 0.1),
        right_hand=(-0.05, 0.6, 0.75, 0.2, 0.2, 0.0), left_hand=(0.3, -0.5, 0.3, 0.4, 0.0, 0.0),
    ),
    KeyPose(
        seconds=0.2, pelvis=(0.0, -0.15, 0.2), hips=(0.4, 0.5, 0.0), spine=(0.6, 0.7, -0.1),
        neck=(-0.3, -0.5, 0.0), right=(0.05, 0.1, -0.3, 0.8, 0.0), left=(0.03, 0.0, 0.45, 0.0, 0.1),
        right_hand=(-0.4, -0.5, 0.6, 0.8, 0.3, 0.0), left_hand=(0.3, -0.8, -0.2, 0.2, 0.0, 0.0),
    ),
    KeyPose(seconds=0.7),
)  # fmt: skip

MARTIAL_PHRASES = (
    Phrase("front_kick", _FRONT_KICK),
    Phrase("side_kick", _SIDE_KICK),
    Phrase("roundhouse_kick", _ROUNDHOUSE_KICK),
    Phrase("punches", _PUNCHES, pause=(0.0, 0.5), overlap=1.15),
    Phrase("duck", _DUCK, pause=(0.0, 0.6)),
    Phrase("throw", _THROW),
)
