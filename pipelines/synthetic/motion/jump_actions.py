"""Jumps in shapes and bounding runs: what legs, arms and trunk do in the air.

`whole_body` collects them. Legend: B batch of clips, T frames. Lengths are leg lengths, angles radians, as in `Pose`.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.inverse_kinematics import LEG
from pipelines.synthetic.motion.pose import HANGING, Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.tensors import constant

_TAKE_OFF, _LANDING = 0.42, 0.85  # of the cycle of a jump
_STANCE = 0.34  # share of the cycle of a run in which a foot is on the ground
# In the air: right leg and left leg from standing (out, up, forward), flexion of hips and spine, hands (out, up,
# forward): a tuck, a star, a split to the front, a pike, a stag, an arched back, and just stretched.
_SHAPES = (
    (0.02, 0.62, 0.2, 0.02, 0.62, 0.2, 0.25, 0.5, -0.05, -0.6, 0.65),
    (0.62, 0.25, 0.0, 0.62, 0.25, 0.0, 0.0, -0.05, 0.72, 0.65, 0.1),
    (0.0, 0.42, 0.8, 0.0, 0.42, -0.75, 0.0, 0.0, 0.8, 0.2, 0.2),
    (0.15, 0.75, 0.75, 0.15, 0.75, 0.75, 0.4, 0.6, 0.05, 0.0, 0.95),
    (0.0, 0.55, 0.25, 0.0, 0.35, -0.7, 0.0, -0.1, 0.3, 0.85, 0.2),
    (0.0, 0.3, -0.5, 0.0, 0.3, -0.5, -0.15, -0.45, 0.35, 0.85, -0.05),
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.95, 0.1),
)
_BACK_SWING, _ARMS_DOWN = (0.2, -0.75, -0.45), HANGING[:3]


def jump_in_shape(timeline: Timeline, pose: Pose) -> None:
    """Jumps out of a crouch with a swing of the arms; in the air a tuck, star, split, pike or stretched body."""
    cycle = timeline.cycle()
    flight = ((cycle - _TAKE_OFF) / (_LANDING - _TAKE_OFF)).clamp(0, 1)
    arc = 4 * flight * (1 - flight)
    shape = timeline.pick(_SHAPES) * timeline.uniform(0.7, 1.1)  # [B, 11]
    legs, trunk, hands = shape[:, None].split((6, 2, 3), -1)  # [B, 1, ...]
    height = _fall_height(timeline.beat * 2 * (_LANDING - _TAKE_OFF)) * timeline.uniform(0.6, 1.1)
    pose.lift = pose.lift + height * arc
    held = (arc * 1.2).clamp(max=1) ** 1.5 * (height / 0.3).clamp(max=1)  # no shape without time in the air
    pose.legs[..., :3] += held[..., None, None] * legs.unflatten(-1, (2, 3))
    pose.legs[..., 3] += 0.6 * arc[..., None]
    down = torch.sin(math.pi * (cycle / _TAKE_OFF).clamp(max=1)) ** 2
    after = torch.sin(math.pi * ((cycle - _LANDING) / (1 - _LANDING)).clamp(0, 1)) ** 2
    bent = down * timeline.uniform(0.2, 0.55) + after * timeline.uniform(0.1, 0.3)
    pose.pelvis[..., 1] -= bent
    pose.pelvis[..., 2] -= 0.15 * bent
    pose.hips[..., 0] += bent * timeline.uniform(0.6, 1.3) + held * trunk[..., 0]
    pose.spine[..., 0] += bent * timeline.uniform(0.2, 0.8) + held * trunk[..., 1]
    _swing_arms(timeline, pose, cycle, hands * (height / 0.3).clamp(max=1)[..., None])
    _travel(timeline, pose, timeline.chance(0.3) * timeline.uniform(0.0, 0.5) / timeline.beat)
    pose.heading = pose.heading + 0.3 * timeline.smooth_noise(1, 0.4)[..., 0]


def bound(timeline: Timeline, pose: Pose) -> None:
    """Runs with long flights, from jogging to leaping from one foot to the other, in place or travelling."""
    reach, high = timeline.uniform(0.2, 0.55), timeline.uniform(0.15, 0.6)
    for side, shift in enumerate((0.0, 0.5)):
        cycle = timeline.cycle(shift)
        stance = (cycle / _STANCE).clamp(max=1)
        swing = ((cycle - _STANCE) / (1 - _STANCE)).clamp(min=0)
        eased = swing * swing * (3 - 2 * swing)
        pose.legs[:, :, side, 2] = reach * (1 - 2 * stance + 2 * eased)
        pose.legs[:, :, side, 1] = high * torch.sin(math.pi * swing) ** 1.5
        pose.legs[:, :, side, 3] += 0.9 * ((stance - 0.4) / 0.6).clamp(min=0) * (1 - eased)
        angle = -(0.5 + reach) * torch.cos(2 * math.pi * (cycle + 0.1))  # each arm goes with the other leg
        pose.arms[:, :, side, 0] = 0.1 - 0.2 * angle.clamp(min=0)
        pose.arms[:, :, side, 1] = -0.62 * torch.cos(angle)
        pose.arms[:, :, side, 2] = 0.62 * torch.sin(angle) + 0.22
        pose.arms[:, :, side, 3] = 0.2
    pose.legs[..., 0] -= 0.04
    step = (2 * timeline.cycle()) % 1  # from one contact to the next
    flight = ((step - 2 * _STANCE) / (1 - 2 * _STANCE)).clamp(0, 1)
    height = _fall_height(timeline.beat * (1 - 2 * _STANCE)) * timeline.uniform(0.7, 1.3)
    pose.lift = pose.lift + height * 4 * flight * (1 - flight)
    pose.pelvis[..., 1] -= 0.06 + 0.08 * torch.sin(math.pi * (step / (2 * _STANCE)).clamp(max=1))
    pose.hips[..., 0] += timeline.uniform(0.0, 0.25)
    pose.spine[..., 0] += timeline.uniform(0.0, 0.25)
    pose.spine[..., 1] -= 0.4 * reach * torch.cos(2 * math.pi * timeline.cycle())
    speed = 2 * reach / (2 * timeline.beat * _STANCE)
    _travel(timeline, pose, speed * timeline.chance(0.4))


def _swing_arms(timeline: Timeline, pose: Pose, cycle: Tensor, hands: Tensor) -> None:
    """Hands back in the crouch, up to `hands` [B, 1, 3] at the height of the jump, and down again."""
    top = (_TAKE_OFF + _LANDING) / 2
    rising, falling = ((cycle - 0.22) / (top - 0.22)).clamp(0, 1), ((cycle - top) / (0.98 - top)).clamp(0, 1)
    up = (rising - falling) * (rising - falling) * (3 - 2 * (rising - falling))  # [B, T]
    calm = (timeline.beat / 0.7).clamp(max=1) ** 2  # who jumps quickly swings the arms less
    back = calm * torch.sin(math.pi * (cycle / _TAKE_OFF).clamp(max=1)) ** 2
    hanging, behind = constant(_ARMS_DOWN, timeline.device), constant(_BACK_SWING, timeline.device)
    path = hanging + (back * (1 - up))[..., None] * (behind - hanging) + up[..., None] * (hands - hanging)
    round_shoulder = 1.6 * up * (1 - up)  # hands pass in front of the shoulders, arms stay long
    pose.arms[..., :3] = (path + round_shoulder[..., None] * constant((0.1, 0.0, 1.0), path.device))[:, :, None]


def _fall_height(seconds: Tensor) -> Tensor:
    """How high in leg lengths a body gets that is in the air for so long."""
    return 9.81 / 8 * seconds.square() / LEG


def _travel(timeline: Timeline, pose: Pose, speed: Tensor) -> None:
    """Moves the body along its course at `speed` [B, 1] in leg lengths per second."""
    course = torch.stack([torch.sin(timeline.course), torch.cos(timeline.course)], -1)  # [B, 1, 2]
    pose.travel = pose.travel + course * (speed * timeline.time)[..., None]


JUMP_ACTIONS: tuple[Action, ...] = (jump_in_shape, bound)
