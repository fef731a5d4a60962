"""What legs and hips do in rendered clips: each action fills in legs, pelvis and travel of a batch of poses.

`motion.sample_motion_at` picks one of `LEG_ACTIONS` per clip.

Legend: B batch of clips, T frames, M movements of a sequence. Lengths are leg lengths, angles radians, as in `Pose`.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import STANDING, Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.tensors import constant

# Ankles from standing in leg lengths (out, up, forward), heel raise, turn-out; standing counts twice.
FEET = (
    STANDING, STANDING, (0.10, 0.0, 0.0, 0.0, 0.2), (0.22, 0.0, 0.0, 0.0, 0.3),
    (0.02, 0.0, 0.22, 0.0, 0.1), (0.05, 0.0, -0.25, 0.3, 0.2), (-0.18, 0.0, 0.14, 0.1, 0.1),
    (0.12, 0.0, 0.12, 0.5, 0.5), (-0.02, 0.0, 0.05, 0.6, -0.1),
)  # fmt: skip
# Where a foot goes (out, up, forward): a kick to the front, to the side, a raised knee, a kick back, a bent knee.
_KICKS = ((0.05, 0.45, 0.8), (0.6, 0.4, 0.1), (0.02, 0.45, 0.18), (0.05, 0.3, -0.55), (0.0, 0.35, -0.15))


def stand(timeline: Timeline, pose: Pose) -> None:
    """Feet in one place, the weight shifting slowly."""
    pose.legs = pose.legs + (timeline.pick(FEET, 1, 2) - pose.legs[:, :1]) * timeline.uniform(0, 1, 1, 1, 1)
    _shift_weight(timeline, pose, 0.5 * timeline.smooth_noise(1, 0.4)[..., 0])


def strike_poses(timeline: Timeline, pose: Pose) -> None:
    """Posing like a fashion model: one foot at a time goes to a new place, the hips over the standing leg."""
    starts, lengths = timeline.slow_steps((0.1, 1.2), (0.4, 1.0))
    keys = timeline.pick(FEET, starts.shape[1] + 1, 2)
    parity = torch.arange(keys.shape[1], device=timeline.device)[None, :, None] + timeline.chance(0.5, 1, 1)
    index = torch.arange(keys.shape[1], device=timeline.device)[:, None]
    since = (parity[..., 0, None] + torch.arange(2, device=timeline.device)) % 2  # 1 for the foot that stays
    held = (index - since).long().clamp(min=0)  # [B, M + 1, 2] key of each foot
    keys = keys.gather(1, held[..., None].expand_as(keys))
    pose.legs = timeline.interpolate(keys, starts, lengths)
    pose.legs[..., 1] += _step_height(timeline, keys, starts, lengths)
    weight = timeline.interpolate(timeline.uniform(-1, 1, keys.shape[1], 1), starts, lengths)[..., 0]
    _shift_weight(timeline, pose, weight)


def walk(timeline: Timeline, pose: Pose) -> None:
    """Gait: 60 % stance, 40 % swing; in place as on a treadmill, or travelling."""
    stride = timeline.uniform(0.08, 0.42) * torch.where(timeline.chance(0.12) > 0, -0.6, 1.0)
    high = timeline.uniform(0.06, 0.3)
    for side, shift in enumerate((0.0, 0.5)):
        cycle = timeline.cycle(shift)
        stance, swing = (cycle / 0.6).clamp(max=1), ((cycle - 0.6) / 0.4).clamp(min=0)
        eased = swing * swing * (3 - 2 * swing)
        pose.legs[:, :, side, 2] = stride * (1 - 2 * stance + 2 * eased)
        pose.legs[:, :, side, 1] = high * torch.sin(math.pi * swing) ** 1.5 * (1 - 0.4 * swing)
        push = ((cycle - 0.42) / 0.18).clamp(0, 1) * (1 - eased)
        strike = ((cycle - 0.85) / 0.15).clamp(min=0) + (1 - cycle / 0.1).clamp(min=0)
        pose.legs[:, :, side, 3] = stride.abs() * (1.6 * push - 0.7 * strike)
    pose.legs[..., 0] -= 0.03
    lean = timeline.wave(2.0, -0.6)
    pose.pelvis[..., 0] += 0.025 * lean
    pose.pelvis[..., 1] -= 0.01
    pose.hips[..., 1] += 0.3 * stride * timeline.wave(2.0, math.pi / 2 + math.pi)
    pose.hips[..., 2] += 0.06 * lean
    pose.spine[..., 1] -= 0.5 * stride * timeline.wave(2.0, math.pi / 2 + math.pi)
    speed = 2 * stride / (1.2 * timeline.beat) * timeline.chance(0.5)
    _travel(timeline, pose, speed)


def step_to_beat(timeline: Timeline, pose: Pose) -> None:
    """Dance steps: side, front, back or crossed, one foot a beat, with a bounce; the weight goes along."""
    wide, front, high = timeline.uniform(0.0, 0.35), timeline.normal(0.15), timeline.uniform(0.03, 0.35)
    sway = timeline.wave(2.0)
    for side, sign in enumerate((-1, 1)):
        free = (sign * sway).clamp(min=0) ** 1.5
        pose.legs[:, :, side, 0] += wide * (0.4 + 0.6 * (sign * timeline.wave(4.0)))
        pose.legs[:, :, side, 1] += high * free
        pose.legs[:, :, side, 2] += front * timeline.wave(2.0, math.pi / 3 * sign) + timeline.chance(0.3) * free * 0.2
        pose.legs[:, :, side, 3] += 0.4 * free
    _shift_weight(timeline, pose, -0.7 * sway)
    pose.pelvis[..., 1] -= timeline.uniform(0.01, 0.08) * (1 + timeline.wave(1.0))


def sway_hips(timeline: Timeline, pose: Pose) -> None:
    """Feet planted apart; hips sway or circle on the beat, knees bend."""
    pose.legs[..., 0] += timeline.uniform(0.0, 0.2, 1, 1)
    size, period = timeline.uniform(0.2, 1.0), 1 + timeline.chance(0.6)
    swing = timeline.wave(period)
    _shift_weight(timeline, pose, size * swing)
    pose.pelvis[..., 2] += 0.06 * size * timeline.chance(0.4) * timeline.wave(period, math.pi / 2)
    pose.hips[..., 1] += timeline.normal(0.25) * timeline.wave(period, 0.5)
    pose.pelvis[..., 1] -= timeline.uniform(0.0, 0.12) * (1 + timeline.wave(1.0))
    pose.legs[..., 3] += 0.5 * torch.stack([swing, -swing], -1).clamp(min=0) * timeline.chance(0.5, 1, 1)


def squat(timeline: Timeline, pose: Pose) -> None:
    """Squats and lunges, with pauses."""
    starts, lengths = timeline.slow_steps((0.0, 0.5), (0.5, 1.1))
    depth = timeline.uniform(0.1, 0.48, starts.shape[1] + 1, 1) * _alternate(timeline, starts.shape[1] + 1)
    down = timeline.interpolate(depth, starts, lengths)[..., 0]
    lunge, back = timeline.chance(0.5), timeline.normal(0.4)
    pose.legs[..., 0] += timeline.uniform(0.05, 0.25, 1, 1) * (1 - lunge[..., None])
    split = lunge * timeline.uniform(0.3, 1.0) * back.sign()
    pose.legs[:, :, 0, 2] += split * (0.25 + down)
    pose.legs[:, :, 1, 2] -= split * (0.25 + down)
    rear = (split * down)[..., None] * constant((-1.0, 1.0), timeline.device)
    pose.legs[..., 3] += 2.0 * rear.clamp(min=0)
    pose.pelvis[..., 1] -= down
    pose.pelvis[..., 2] -= 0.3 * down * (1 - lunge)
    pose.hips[..., 0] += down * timeline.uniform(0.2, 0.9) * (1 - lunge)
    pose.spine[..., 0] += down * timeline.uniform(0.0, 0.7)


def kick(timeline: Timeline, pose: Pose) -> None:
    """Kicks, leg lifts and knee raises: a foot goes up in some direction on alternating sides."""
    kind = timeline.pick(_KICKS, 2)  # [B, 2, 3]
    pulse = timeline.wave(4.0)
    both = timeline.chance(0.7)
    for side, sign in enumerate((-1, 1)):
        up = (sign * pulse * both + (1 - both) * (side * pulse)).clamp(min=0) ** 1.3
        size = timeline.uniform(0.5, 1.15)
        pose.legs[:, :, side, :3] += (size * up)[..., None] * kind[:, side, None]
        pose.spine[..., 2] += 0.15 * sign * up * kind[:, side, :1]
        pose.spine[..., 0] -= 0.12 * up * kind[:, side, 2:]
    _shift_weight(timeline, pose, -0.4 * pulse * both - 0.4 * (1 - both) * pulse.clamp(min=0))
    pose.pelvis[..., 1] -= 0.02


def jump(timeline: Timeline, pose: Pose) -> None:
    """Jumps on the beat: crouch, flight, landing; feet together or apart as in jumping jacks."""
    cycle = timeline.cycle()
    flight = ((cycle - 0.4) / 0.45).clamp(0, 1)
    arc = 4 * flight * (1 - flight)
    crouch = torch.sin(math.pi * (cycle / 0.4).clamp(max=1)) ** 2
    pose.lift = pose.lift + timeline.uniform(0.05, 0.3) * arc
    pose.pelvis[..., 1] -= timeline.uniform(0.1, 0.3) * crouch
    pose.hips[..., 0] += 0.4 * crouch * timeline.uniform(0.2, 1.0)
    pose.legs[..., 3] += 0.7 * arc[..., None]
    jack = timeline.chance(0.5) * 0.3 * (0.5 + 0.5 * timeline.wave(4.0, 0.8 * math.pi))
    pose.legs[..., 0] += jack[..., None]
    pose.legs[..., 1] += timeline.uniform(0.0, 0.25, 1, 1) * arc[..., None]


def _shift_weight(timeline: Timeline, pose: Pose, weight: Tensor) -> None:
    """Shifts the pelvis over the right (-1) or left (1) leg by `weight` [B, T] and drops the free hip; the trunk stays
    upright."""
    size = timeline.uniform(0.03, 0.11)
    pose.pelvis[..., 0] += size * weight
    pose.hips[..., 2] += 1.2 * size * weight
    pose.spine[..., 2] -= 1.5 * size * weight


def _step_height(timeline: Timeline, keys: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Lift [B, T, 2] of feet that move between the keys [B, M + 1, 2, 5] at starts, lengths [B, M] (seconds)."""
    distance = keys[..., :3].diff(dim=1).norm(dim=-1)  # [B, M, 2]
    u = timeline.progress(starts, lengths)
    return torch.einsum("ntm,nms->nts", 4 * u * (1 - u), distance) * 0.3


def _alternate(timeline: Timeline, count: int) -> Tensor:
    """0, 1, 0, 1 ... [B, count, 1], starting with either."""
    return (torch.arange(count, device=timeline.device)[None, :, None] + timeline.chance(0.5, 1, 1)) % 2


def _travel(timeline: Timeline, pose: Pose, speed: Tensor) -> None:
    """Moves the body along its course at `speed` [B, 1] in leg lengths per second; who turns around stays in place."""
    direction = torch.stack([torch.sin(timeline.course), torch.cos(timeline.course)], -1)  # [B, 1, 2]
    pose.travel = pose.travel + direction * (speed * timeline.straight * timeline.time)[..., None]


LEG_ACTIONS: tuple[Action, ...] = (
    stand, strike_poses, walk, step_to_beat, sway_hips, squat, kick, jump,
)  # fmt: skip
