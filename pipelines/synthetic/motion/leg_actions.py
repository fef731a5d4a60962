"""What legs and hips do in the procedural clips: each action fills in legs, pelvis and travel of a batch of poses.

Legend: N clips, T frames, M movements of a sequence.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.inverse_kinematics import Pose
from pipelines.synthetic.motion.timeline import Action, Script, progress, through
from pipelines.synthetic.people.skeleton import constant

# Ankles from standing in leg lengths (out, up, forward), heel raise, turn-out.
FEET = (
    (0.02, 0.0, 0.0, 0.0, 0.12), (0.02, 0.0, 0.0, 0.0, 0.12), (0.10, 0.0, 0.0, 0.0, 0.2), (0.22, 0.0, 0.0, 0.0, 0.3),
    (0.02, 0.0, 0.22, 0.0, 0.1), (0.05, 0.0, -0.25, 0.3, 0.2), (-0.18, 0.0, 0.14, 0.1, 0.1),
    (0.12, 0.0, 0.12, 0.5, 0.5), (-0.02, 0.0, 0.05, 0.6, -0.1),
)  # fmt: skip


def legs_stand(script: Script, pose: Pose) -> None:
    """Feet in one place, the weight shifting slowly."""
    pose.legs = pose.legs + (script.pick(FEET, 1, 2) - pose.legs[:, :1]) * script.uniform(0, 1, 1, 1, 1)
    _rest_weight(script, pose, 0.5 * script.wander(1, 0.4)[..., 0])


def legs_pose(script: Script, pose: Pose) -> None:
    """Fashion-model posing: one foot at a time goes to a new place, the hips over the standing leg."""
    starts, lengths = script.slow_steps((0.1, 1.2), (0.4, 1.0))
    keys = script.pick(FEET, starts.shape[1] + 1, 2)
    parity = torch.arange(keys.shape[1], device=script.device)[None, :, None] + script.coin(0.5, 1, 1)
    index = torch.arange(keys.shape[1], device=script.device)[:, None]
    held = (
        (index - (parity[..., 0, None] + torch.arange(2, device=script.device)) % 2).long().clamp(min=0)
    )  # [N, M+1, 2]
    keys = keys.gather(1, held[..., None].expand_as(keys))
    pose.legs = through(script, keys, starts, lengths)
    pose.legs[..., 1] += _step_height(script, keys, starts, lengths)
    weight = through(script, script.uniform(-1, 1, keys.shape[1], 1), starts, lengths)[..., 0]
    _rest_weight(script, pose, weight)


def legs_walk(script: Script, pose: Pose) -> None:
    """Gait: 60 % stance, 40 % swing; in place as on a treadmill, or travelling."""
    stride = script.uniform(0.08, 0.42) * torch.where(script.coin(0.12) > 0, -0.6, 1.0)
    high = script.uniform(0.06, 0.3)
    for side, shift in enumerate((0.0, 0.5)):
        cycle = (script.time / (2 * script.beat) + script.phase / (2 * math.pi) + shift) % 1
        stance, swing = (cycle / 0.6).clamp(max=1), ((cycle - 0.6) / 0.4).clamp(min=0)
        eased = swing * swing * (3 - 2 * swing)
        pose.legs[:, :, side, 2] = stride * (1 - 2 * stance + 2 * eased)
        pose.legs[:, :, side, 1] = high * torch.sin(math.pi * swing) ** 1.5 * (1 - 0.4 * swing)
        push = ((cycle - 0.42) / 0.18).clamp(0, 1) * (1 - eased)
        strike = ((cycle - 0.85) / 0.15).clamp(min=0) + (1 - cycle / 0.1).clamp(min=0)
        pose.legs[:, :, side, 3] = stride.abs() * (1.6 * push - 0.7 * strike)
    pose.legs[..., 0] -= 0.03
    lean = script.wave(2.0, -0.6)
    pose.pelvis[..., 0] += 0.025 * lean
    pose.pelvis[..., 1] -= 0.01
    pose.hips[..., 1] += 0.3 * stride * script.wave(2.0, math.pi / 2 + math.pi)
    pose.hips[..., 2] += 0.06 * lean
    pose.spine[..., 1] -= 0.5 * stride * script.wave(2.0, math.pi / 2 + math.pi)
    speed = 2 * stride / (1.2 * script.beat) * script.coin(0.5)
    _travel(script, pose, speed)


def legs_step(script: Script, pose: Pose) -> None:
    """Dance steps: side, front, back or crossed, one foot a beat, with a bounce; the weight goes along."""
    wide, front, high = script.uniform(0.0, 0.35), script.normal(0.15), script.uniform(0.03, 0.35)
    sway = script.wave(2.0)
    for side, sign in enumerate((-1, 1)):
        free = (sign * sway).clamp(min=0) ** 1.5
        pose.legs[:, :, side, 0] += wide * (0.4 + 0.6 * (sign * script.wave(4.0)))
        pose.legs[:, :, side, 1] += high * free
        pose.legs[:, :, side, 2] += front * script.wave(2.0, math.pi / 3 * sign) + script.coin(0.3) * free * 0.2
        pose.legs[:, :, side, 3] += 0.4 * free
    _rest_weight(script, pose, -0.7 * sway)
    pose.pelvis[..., 1] -= script.uniform(0.01, 0.08) * (1 + script.wave(1.0))


def legs_sway(script: Script, pose: Pose) -> None:
    """Feet planted apart; hips sway or circle on the beat, knees bend."""
    pose.legs[..., 0] += script.uniform(0.0, 0.2, 1, 1)
    size, period = script.uniform(0.2, 1.0), 1 + script.coin(0.6)
    swing = script.wave(period)
    _rest_weight(script, pose, size * swing)
    pose.pelvis[..., 2] += 0.06 * size * script.coin(0.4) * script.wave(period, math.pi / 2)
    pose.hips[..., 1] += script.normal(0.25) * script.wave(period, 0.5)
    pose.pelvis[..., 1] -= script.uniform(0.0, 0.12) * (1 + script.wave(1.0))
    pose.legs[..., 3] += 0.5 * torch.stack([swing, -swing], -1).clamp(min=0) * script.coin(0.5, 1, 1)


def legs_squat(script: Script, pose: Pose) -> None:
    """Squats and lunges, with pauses."""
    starts, lengths = script.slow_steps((0.0, 0.5), (0.5, 1.1))
    depth = script.uniform(0.1, 0.48, starts.shape[1] + 1, 1) * _alternate(script, starts.shape[1] + 1)
    down = through(script, depth, starts, lengths)[..., 0]
    lunge, back = script.coin(0.5), script.normal(0.4)
    pose.legs[..., 0] += script.uniform(0.05, 0.25, 1, 1) * (1 - lunge[..., None])
    split = lunge * script.uniform(0.3, 1.0) * back.sign()
    pose.legs[:, :, 0, 2] += split * (0.25 + down)
    pose.legs[:, :, 1, 2] -= split * (0.25 + down)
    rear = (split * down)[..., None] * constant((-1.0, 1.0), script.device)
    pose.legs[..., 3] += 2.0 * rear.clamp(min=0)
    pose.pelvis[..., 1] -= down
    pose.pelvis[..., 2] -= 0.3 * down * (1 - lunge)
    pose.hips[..., 0] += down * script.uniform(0.2, 0.9) * (1 - lunge)
    pose.spine[..., 0] += down * script.uniform(0.0, 0.7)


def legs_kick(script: Script, pose: Pose) -> None:
    """Kicks, leg lifts and knee raises: a foot goes up in some direction on alternating sides."""
    kind = script.pick(
        ((0.05, 0.45, 0.8), (0.6, 0.4, 0.1), (0.02, 0.45, 0.18), (0.05, 0.3, -0.55), (0.0, 0.35, -0.15)), 2
    )
    pulse = script.wave(4.0)
    both = script.coin(0.7)
    for side, sign in enumerate((-1, 1)):
        up = (sign * pulse * both + (1 - both) * (side * pulse)).clamp(min=0) ** 1.3
        size = script.uniform(0.5, 1.15)
        pose.legs[:, :, side, :3] += (size * up)[..., None] * kind[:, side, None]
        pose.spine[..., 2] += 0.15 * sign * up * kind[:, side, :1]
        pose.spine[..., 0] -= 0.12 * up * kind[:, side, 2:]
    _rest_weight(script, pose, -0.4 * pulse * both - 0.4 * (1 - both) * pulse.clamp(min=0))
    pose.pelvis[..., 1] -= 0.02


def legs_jump(script: Script, pose: Pose) -> None:
    """Jumps on the beat: crouch, flight, landing; feet together or apart as in jumping jacks."""
    cycle = (script.time / (2 * script.beat) + script.phase / (2 * math.pi)) % 1
    flight = ((cycle - 0.4) / 0.45).clamp(0, 1)
    arc = 4 * flight * (1 - flight)
    crouch = torch.sin(math.pi * (cycle / 0.4).clamp(max=1)) ** 2
    pose.lift = pose.lift + script.uniform(0.05, 0.3) * arc
    pose.pelvis[..., 1] -= script.uniform(0.1, 0.3) * crouch
    pose.hips[..., 0] += 0.4 * crouch * script.uniform(0.2, 1.0)
    pose.legs[..., 3] += 0.7 * arc[..., None]
    jack = script.coin(0.5) * 0.3 * (0.5 + 0.5 * script.wave(4.0, 0.8 * math.pi))
    pose.legs[..., 0] += jack[..., None]
    pose.legs[..., 1] += script.uniform(0.0, 0.25, 1, 1) * arc[..., None]


def _rest_weight(script: Script, pose: Pose, weight: Tensor) -> None:
    """Shifts the pelvis over the right (-1) or left (1) leg, drops the free hip; the trunk stays upright."""
    size = script.uniform(0.03, 0.11)
    pose.pelvis[..., 0] += size * weight
    pose.hips[..., 2] += 1.2 * size * weight
    pose.spine[..., 2] -= 1.5 * size * weight


def _step_height(script: Script, keys: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Lift [N, T, 2] of feet that move between keys [N, M+1, 2, 5]."""
    distance = keys[..., :3].diff(dim=1).norm(dim=-1)  # [N, M, 2]
    u = progress(script, starts, lengths)
    return torch.einsum("ntm,nms->nts", 4 * u * (1 - u), distance) * 0.3


def _alternate(script: Script, count: int) -> Tensor:
    """0, 1, 0, 1 ... [N, count, 1], starting with either."""
    return (torch.arange(count, device=script.device)[None, :, None] + script.coin(0.5, 1, 1)) % 2


def _travel(script: Script, pose: Pose, speed: Tensor) -> None:
    """Moves the body along its course with speed [N, 1] in leg lengths per second; who turns around stays in place."""
    direction = torch.stack([torch.sin(script.course), torch.cos(script.course)], -1)  # [N, 1, 2]
    pose.travel = pose.travel + direction * (speed * script.straight * script.time)[..., None]


LEGS: tuple[Action, ...] = (
    legs_stand, legs_pose, legs_walk, legs_step, legs_sway, legs_squat, legs_kick, legs_jump,
)  # fmt: skip
