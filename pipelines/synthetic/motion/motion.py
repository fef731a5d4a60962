"""Random human motion: a mixture of gaits, dances, gestures, exercises and posing, one kind of legs and arms per clip.

Legend: B batch, T frames.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.arm_actions import ARMS
from pipelines.synthetic.motion.inverse_kinematics import Pose, solve
from pipelines.synthetic.motion.leg_actions import LEGS
from pipelines.synthetic.motion.timeline import Script, through
from pipelines.synthetic.people.skeleton import Motion, constant, rotation_about

# Chances of the arm actions (columns, order of ARMS) for each leg action (rows, order of LEGS).
_CHANCES = (
    (0.20, 0.38, 0.10, 0.14, 0.08, 0.08, 0.02),  # stand
    (0.14, 0.66, 0.04, 0.08, 0.04, 0.02, 0.02),  # pose
    (0.06, 0.16, 0.06, 0.06, 0.03, 0.03, 0.60),  # walk
    (0.05, 0.15, 0.42, 0.08, 0.12, 0.08, 0.10),  # step
    (0.06, 0.22, 0.38, 0.10, 0.14, 0.08, 0.02),  # sway
    (0.15, 0.35, 0.12, 0.06, 0.12, 0.10, 0.10),  # squat
    (0.10, 0.25, 0.25, 0.05, 0.10, 0.10, 0.15),  # kick
    (0.08, 0.15, 0.37, 0.08, 0.12, 0.12, 0.08),  # jump
)
_LEG_CHANCES = (0.20, 0.17, 0.19, 0.13, 0.13, 0.07, 0.07, 0.04)


def sample_motion(
    batch: int,
    length: int,
    generator: torch.Generator,
    *,
    fps: float = 25.0,
    amplitude: float = 1.0,
    tilt: float = 0.05,
) -> Motion:
    """`batch` clips of `length` frames at `fps`, on the generator's device and deterministic for its state.

    `amplitude` scales the poses' deviation from standing still (the heading stays); `tilt` is the deviation in radians
    of a small constant pitch and half as much roll of the whole scene, as a camera's height and hand make it.
    """
    time = torch.arange(length, dtype=torch.float32, device=generator.device) / fps
    return sample_motion_at(time, length / fps, batch, generator, amplitude=amplitude, tilt=tilt)


def sample_motion_at(
    time: Tensor, duration: float, batch: int, generator: torch.Generator, *, amplitude: float = 1.0, tilt: float = 0.05
) -> Motion:
    """As `sample_motion`, at times [T] or [B, T] in seconds from 0 to `duration`, in any order.

    The same generator state and duration give the same clips whatever the times are.
    """
    script = Script(batch, time if time.dim() == 2 else time[None], duration, generator)
    pose = Pose.neutral(batch, time.shape[-1], script.device)
    pose.heading = _heading(script)
    legs = _choose(script, constant(_LEG_CHANCES, script.device).expand(batch, -1))
    arms = _choose(script, constant(_CHANCES, script.device)[legs])
    pose = _perform(LEGS, legs, script, pose)
    pose = _perform(ARMS, arms, script, pose)
    _trunk(script, pose)
    _life(script, pose)
    return _tilt(solve(pose.scaled(amplitude)), script, tilt)


def _choose(script: Script, chances: Tensor) -> Tensor:
    """Random column [B] of each row of chances [B, K]."""
    dice = script.uniform(0, 1) * chances.sum(1, keepdim=True)
    return (dice >= chances.cumsum(1)).sum(1).clamp(max=chances.shape[1] - 1)


def _perform(actions: tuple, chosen: Tensor, script: Script, start: Pose) -> Pose:
    """The start pose with the chosen action [B] of each clip done."""
    result = start
    for index, action in enumerate(actions):
        pose = start.copy()
        action(script, pose)
        result = pose.where(chosen == index, result)
    return result


def _heading(script: Script) -> Tensor:
    """Heading [B, T], noted in the script: mostly to the camera; still, turning in steps or all around."""
    any_way = script.uniform(-math.pi, math.pi)
    base = script.normal(0.3) + torch.where(script.coin(0.4) > 0, any_way, 0.0)
    base = base + math.pi * script.coin(0.1)
    sway = script.normal(0.25) * script.wander(1, 0.3)[..., 0]
    starts, lengths = script.slow_steps((0.3, 1.8), (0.8, 2.0))
    turns = script.normal(1.2, starts.shape[1] + 1, 1)
    stepwise = through(script, torch.cumsum(turns, 1) - turns[:, :1], starts, lengths)[..., 0]
    spin = script.time * script.uniform(0.5, 2.2) * (2 * script.coin(0.5) - 1)
    kind = script.uniform(0, 1)
    turning = torch.where(kind < 0.2, stepwise, torch.where(kind < 0.3, spin, torch.zeros_like(spin)))
    script.course, script.straight = base, (kind >= 0.3).float()
    return base + sway + turning


def _trunk(script: Script, pose: Pose) -> None:
    """Bends and twists of the trunk, nods and turns of the head, by keyposes or on the beat."""
    starts, lengths = script.slow_steps((0.2, 1.5), (0.5, 1.2))
    count = starts.shape[1] + 1
    bends = script.normal(1.0, count, 3) * constant((0.16, 0.22, 0.13), script.device)
    deep = script.coin(0.06, count, 1) * script.uniform(0.0, 1.0, count, 1) * constant((1.1, 0.3, 0.0), script.device)
    gaze = script.normal(1.0, count, 3) * constant((0.18, 0.38, 0.12), script.device)
    pose.spine = pose.spine + through(script, bends + deep, starts, lengths)
    pose.neck = pose.neck + through(script, gaze, starts, lengths)
    beat = script.coin(0.35) * script.wave(1 + script.coin(0.5))
    groove = script.normal(1.0, 1, 6) * constant((0.08, 0.12, 0.08, 0.1, 0.08, 0.08), script.device)
    pose.spine = pose.spine + beat[..., None] * groove[..., :3]
    pose.neck = pose.neck + beat[..., None] * groove[..., 3:]


def _life(script: Script, pose: Pose) -> None:
    """Nobody is quite still: slow noise on everything that does not carry weight."""
    pose.spine = pose.spine + 0.02 * script.wander(3)
    pose.neck = pose.neck + 0.04 * script.wander(3)
    pose.pelvis = pose.pelvis + constant((0.012, 0.004, 0.008), script.device) * script.wander(3)
    size = constant((0.025, 0.02, 0.025, 0.08, 0.08, 0.1), script.device)
    pose.arms = pose.arms + size * torch.stack([script.wander(6), script.wander(6)], 2)


def _tilt(motion: Motion, script: Script, tilt: float) -> Motion:
    """Turns the whole scene a little, as a camera that is not level."""
    pitch, roll = script.normal(tilt), script.normal(tilt / 2)
    scene = rotation_about(2, roll) @ rotation_about(0, pitch)  # [B, 1, 3, 3]
    rotations = torch.cat([scene[:, :, None] @ motion.rotations[:, :, :1], motion.rotations[:, :, 1:]], 2)
    return Motion(rotations, (scene @ motion.root[..., None])[..., 0])
