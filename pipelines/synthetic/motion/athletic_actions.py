"""What the whole body does in sports and on the floor: crouches, lunges, bows, high kicks, leaps and floor work.

Each action fills in legs, hips, trunk and height of a batch of poses; `motion.sample_motion_at` picks one of
`ATHLETIC_ACTIONS` for the clips that are to be athletic.

Legend: B batch of clips, T frames, M movements of a sequence. Lengths are leg lengths, angles radians, as in `Pose`.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import HANGING, STANDING, Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.tensors import constant

# Where a foot goes (out, up, forward): a high kick to the front, to the side, back, a stretched and a bent knee.
_HIGH_KICKS = ((0.02, 0.8, 0.85), (0.85, 0.65, 0.1), (0.05, 0.6, -0.75), (0.0, 0.5, 0.95), (0.05, 0.7, 0.2))
_FLAT = STANDING
_FRONT, _BACK = (0.03, 0.0, 0.5, 0.0, 0.05), (0.03, 0.0, -0.55, 0.8, 0.0)
_UP = (0.15, 0.95, 0.15, 0.3, 0.0, 0.0)
_PROP = (
    0.08,
    0.05,
    0.97,
    0.1,
    -0.9,
    0.0,
)  # stretched to the front: to the ground, for who kneels face down
_SIDE_PROP = (0.2, -0.85, -0.3, 0.3, -0.8, 0.0)  # on the ground behind a person who sits
# Poses near the ground: pelvis down and forward, flexion of hips and spine, right leg, left leg, both arms.
_FLOOR = (
    (0.0, 0.0, 0.0, 0.0, _FLAT, _FLAT, HANGING),
    (-0.42, 0.0, 0.05, 0.1, _FRONT, (0.03, 0.0, -0.55, 0.9, 0.0), HANGING),  # on one knee
    (-0.48, 0.1, 0.0, 0.05, (0.05, 0.0, -0.42, 0.9, 0.0), (0.05, 0.0, -0.42, 0.9, 0.0), HANGING),  # on both knees
    (-0.8, -0.1, 0.2, 0.3, (0.02, 0.0, -0.12, 0.9, 0.0), (0.02, 0.0, -0.12, 0.9, 0.0), HANGING),  # on the heels
    (-0.88, -0.3, -0.2, 0.25, (0.05, 0.0, 0.65, -0.9, 0.1), (0.05, 0.0, 0.65, -0.9, 0.1), _SIDE_PROP),  # legs out
    (-0.88, -0.3, -0.1, 0.4, (0.05, 0.0, 0.2, 0.0, 0.1), (0.05, 0.0, 0.2, 0.0, 0.1), _SIDE_PROP),  # knees up
    (-0.9, -0.3, -1.5, 0.0, (0.05, 0.0, 0.65, -0.9, 0.1), (0.05, 0.0, 0.65, -0.9, 0.1), HANGING),  # on the back
    (-0.9, -0.3, -1.5, 0.0, (0.05, 0.0, 0.2, 0.0, 0.1), (0.05, 0.5, 0.35, 0.0, 0.1), _UP),
    (-0.48, 0.3, 1.25, 0.0, (0.03, 0.0, -0.15, 0.9, 0.0), (0.03, 0.0, -0.15, 0.9, 0.0), _PROP),  # on all fours
    (-0.6, 0.3, 1.25, 0.0, (0.03, 0.0, -0.55, 0.9, 0.0), (0.03, 0.0, -0.55, 0.9, 0.0), _PROP),  # plank
    (-0.9, 0.3, 1.5, -0.2, (0.03, 0.0, -0.65, 0.9, 0.0), (0.03, 0.0, -0.65, 0.9, 0.0), _UP),  # on the belly
    (-0.75, -0.1, 0.6, 0.4, (0.15, 0.0, 0.05, 0.2, 0.5), (0.15, 0.0, 0.05, 0.2, 0.5), HANGING),  # deep squat
)  # fmt: skip


def crouch(timeline: Timeline, pose: Pose) -> None:
    """Quick and deep crouches, held for a moment or for longer; feet together, apart or one ahead."""
    starts, lengths = timeline.slow_steps((0.05, 1.0), (0.18, 0.7))
    count = starts.shape[1] + 1
    low = timeline.chance(0.6, count, 1) * timeline.uniform(0.25, 0.85, count, 1)
    down = timeline.interpolate(low, starts, lengths)[..., 0]
    pose.legs[..., 0] += timeline.uniform(0.0, 0.3, 1, 1)
    pose.legs[..., 4] += timeline.uniform(0.0, 0.6, 1, 1)
    ahead = timeline.chance(0.4) * timeline.uniform(0.0, 0.3)
    pose.legs[:, :, 0, 2] += ahead
    pose.legs[:, :, 1, 2] -= ahead
    pose.legs[..., 3] += (timeline.chance(0.5) * 0.7 * down)[..., None]
    pose.pelvis[..., 1] -= down
    pose.pelvis[..., 2] -= 0.12 * down
    pose.hips[..., 0] += down * timeline.uniform(0.1, 1.1)
    pose.spine[..., 0] += down * timeline.uniform(0.0, 0.8)


def lunge(timeline: Timeline, pose: Pose) -> None:
    """Lunges forward, backward and to the side, to either side in turn."""
    starts, lengths = timeline.slow_steps((0.0, 0.8), (0.25, 0.8))
    count = starts.shape[1] + 1
    places = timeline.pick(((0.05, 0.75), (0.0, -0.75), (0.7, 0.1), (0.0, 0.0), (0.0, 0.0)), count)  # [B, M + 1, 2]
    side = timeline.chance(0.5, count, 1)
    keys = torch.cat([places * side, places * (1 - side), places.abs().amax(-1, keepdim=True)], -1)
    right_out, right_on, left_out, left_on, size = timeline.interpolate(keys, starts, lengths).unbind(-1)
    pose.legs[..., 0] += torch.stack([right_out, left_out], -1)
    pose.legs[..., 2] += torch.stack([right_on, left_on], -1)
    back = torch.stack([right_on - left_on, left_on - right_on], -1)  # of the foot that is behind, negative
    pose.legs[..., 3] += 1.2 * (-back).clamp(min=0, max=0.7)
    pose.pelvis[..., 1] -= timeline.uniform(0.3, 0.65) * size
    pose.hips[..., 0] += timeline.uniform(0.0, 0.4) * size


def bow(timeline: Timeline, pose: Pose) -> None:
    """Bows and toe touches: the trunk goes down to the front or the side and comes up again."""
    starts, lengths = timeline.slow_steps((0.1, 1.0), (0.3, 1.1))
    count = starts.shape[1] + 1
    angles = timeline.chance(0.6, count, 1) * timeline.uniform(0.4, 1.7, count, 1)
    down = timeline.interpolate(angles, starts, lengths)[..., 0]
    pose.legs[..., 0] += timeline.uniform(0.0, 0.3, 1, 1)
    pose.hips[..., 0] += 0.75 * down
    pose.pelvis[..., 2] -= 0.15 * down
    pose.pelvis[..., 1] -= timeline.uniform(0.0, 0.15) * down
    pose.spine[..., 0] += timeline.uniform(0.3, 0.8) * down
    pose.spine[..., 1] += timeline.normal(0.4) * down
    pose.neck[..., 0] += timeline.uniform(-0.5, 0.4) * down


def high_kick(timeline: Timeline, pose: Pose) -> None:
    """Fast kicks up to the height of the head, from the front, the side or behind."""
    starts, lengths = timeline.slow_steps((0.0, 0.7), (0.15, 0.5))
    count = starts.shape[1] + 1
    kicks = timeline.pick(_HIGH_KICKS, count, 1) * timeline.uniform(0.5, 1.15, count, 1, 1)  # [B, M + 1, 1, 3]
    kicks = kicks * _every_second(timeline, count)[..., None, None]
    side = timeline.chance(0.5, count, 1, 1)
    feet = timeline.interpolate(torch.cat([kicks * side, kicks * (1 - side)], 2), starts, lengths)  # [B, T, 2, 3]
    pose.legs[..., :3] += feet
    up, out = feet[..., 1].diff(dim=-1)[..., 0], feet[..., 0].diff(dim=-1)[..., 0]
    pose.pelvis[..., 0] -= 0.1 * up
    pose.hips[..., 0] -= 0.35 * feet[..., 2].sum(-1) * timeline.uniform(0.0, 1.0)
    pose.hips[..., 2] -= 0.5 * out * timeline.uniform(0.0, 1.0)
    pose.pelvis[..., 1] -= 0.04


def leap(timeline: Timeline, pose: Pose) -> None:
    """High jumps out of a crouch: knees drawn up, legs split or stretched."""
    cycle = timeline.cycle()
    flight = ((cycle - 0.45) / 0.4).clamp(0, 1)
    arc = 4 * flight * (1 - flight)
    crouch_depth = torch.sin(math.pi * (cycle / 0.45).clamp(max=1)) ** 2 * timeline.uniform(0.2, 0.7)
    pose.lift = pose.lift + timeline.uniform(0.15, 0.7) * arc
    pose.pelvis[..., 1] -= crouch_depth
    pose.hips[..., 0] += crouch_depth * timeline.uniform(0.3, 1.2)
    split = timeline.chance(0.4) * timeline.uniform(0.2, 0.8) * arc
    pose.legs[:, :, 0, 2] += split
    pose.legs[:, :, 1, 2] -= split
    pose.legs[..., 0] += timeline.chance(0.3, 1, 1) * timeline.uniform(0.1, 0.6, 1, 1) * arc[..., None]
    pose.legs[..., 1] += timeline.chance(0.5, 1, 1) * timeline.uniform(0.1, 0.5, 1, 1) * arc[..., None]
    pose.legs[..., 3] += 0.6 * arc[..., None]


def floor_work(timeline: Timeline, pose: Pose) -> None:
    """From one pose near the ground to the next: kneeling, sitting, lying, on all fours; arms prop or follow."""
    starts, lengths = timeline.slow_steps((0.1, 2.0), (0.5, 1.5))
    keys = timeline.pick(tuple(_flatten_floor(row) for row in _FLOOR), starts.shape[1] + 1)  # [B, M + 1, 26]
    spread = constant((0.05, 0.05, 0.15, 0.15, *(0.05,) * 10, *(0.08,) * 12), timeline.device)
    keys = keys + timeline.normal(1.0, *keys.shape[1:]) * spread
    values = timeline.interpolate(keys, starts, lengths)
    pose.pelvis[..., 1:] += values[..., :2]
    pose.hips[..., 0] += values[..., 2]
    pose.hips[..., 1:] += timeline.normal(0.15, 1, 2)
    pose.spine[..., 0] += values[..., 3]
    pose.legs = values[..., 4:14].unflatten(-1, (2, 5))
    pose.arms = values[..., 14:].unflatten(-1, (2, 6))


def _flatten_floor(row: tuple) -> tuple[float, ...]:
    """A row of `_FLOOR` as 26 numbers, the arms for both sides."""
    *numbers, right, left, arm = row
    return (*numbers, *right, *left, *arm, *arm)


def _every_second(timeline: Timeline, count: int) -> Tensor:
    """0, 1, 0, 1 ... [B, count], starting with either."""
    return (torch.arange(count, device=timeline.device)[None] + timeline.chance(0.5)) % 2


ATHLETIC_ACTIONS: tuple[Action, ...] = (crouch, lunge, bow, high_kick, leap, floor_work)
ATHLETIC_CHANCES = (0.25, 0.15, 0.15, 0.15, 0.1, 0.2)
