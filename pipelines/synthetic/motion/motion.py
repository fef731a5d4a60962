"""Random human motion: gaits, dances, gestures, exercises and posing; one action of legs and one of arms per clip.

In: a `Timeline` and `Shares`. Out: a `PoseSample`, and the `Motion` for people of any proportions that it is solved
into. `full_motion` and `head_motion` call it.

Legend: B batch, T frames.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.motion.arm_actions import ARM_ACTIONS
from pipelines.synthetic.motion.athletic_actions import ATHLETIC_ACTIONS, ATHLETIC_CHANCES
from pipelines.synthetic.motion.everyday_arms import EVERYDAY_ARMS, EVERYDAY_CHANCES
from pipelines.synthetic.motion.ground import settle
from pipelines.synthetic.motion.hands import hold_shapes
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.leg_actions import LEG_ACTIONS
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.motion.whole_body import WHOLE_BODY_ACTIONS, WHOLE_BODY_CHANCES, WHOLE_BODY_HANDS
from pipelines.synthetic.people.skeleton import Motion
from pipelines.synthetic.rotations import rotate, rotation_about
from pipelines.synthetic.tensors import constant

# Chances of the arm actions (columns, order of `ARM_ACTIONS`) for each leg action (rows, order of `LEG_ACTIONS`).
_ARM_CHANCES = (
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


@dataclass(frozen=True)
class Shares:
    """How many clips have other actions than the ordinary ones, 0..1. Without them no random numbers are drawn for
    them, so that ordinary clips stay as they are."""

    athletic: float = 0.0
    """Sports and floor work in place of the ordinary actions of legs."""
    everyday: float = 0.0
    """Gestures of daily life in place of the ordinary actions of arms: arms crossed, a phone, pockets, signs."""
    whole_body: float = 0.0
    """Actions of the whole body in place of those of legs and arms: martial arts, jumps, turns, the floor."""
    turntable: float = 0.0
    """One whole turn at an even speed in addition to what they do, other than with the whole body."""


@dataclass
class PoseSample:
    """What B people do at T moments, before it is solved into joint rotations."""

    pose: Pose
    arms: Tensor
    """[B] index of the ordinary arm action, -1 where the fingers of the pose are those of another action."""
    grounded: Tensor | None = None
    """[B] bool: whether the body has to settle on the ground, as in actions of the whole body; None for nobody."""


def sample_pose(timeline: Timeline, shares: Shares) -> PoseSample:
    """Draws what the people of the clips do."""
    pose = Pose.neutral(timeline.batch, timeline.time.shape[-1], timeline.device)
    pose.heading = _turn(timeline)
    legs = _choose(timeline, constant(_LEG_CHANCES, timeline.device).expand(timeline.batch, -1))
    arms = _choose(timeline, constant(_ARM_CHANCES, timeline.device)[legs])
    pose = _act(LEG_ACTIONS, legs, timeline, pose)
    pose = _act(ARM_ACTIONS, arms, timeline, pose)
    if shares.athletic:
        pose = _replace_by_athletic(timeline, pose, shares.athletic)
    if shares.everyday:
        pose, arms = _replace_by_everyday(timeline, pose, arms, shares.everyday)
    _move_trunk(timeline, pose)
    _add_idle_motion(timeline, pose)
    if shares.turntable:
        way = timeline.chance(shares.turntable) * (2 * timeline.chance(0.5) - 1)
        pose.heading = pose.heading + way * (2 * math.pi / timeline.duration) * timeline.time
    sample = PoseSample(pose, arms)
    return _replace_by_whole_body(timeline, sample, shares.whole_body) if shares.whole_body else sample


def solve_sample(sample: PoseSample, timeline: Timeline, *, amplitude: float, tilt: float) -> Motion:
    """Joint rotations and root of what people do.

    Args:
        amplitude: factor of the deviation from standing still; the heading stays.
        tilt: standard deviation in radians of the constant pitch of the whole scene, as a hand-held camera has it; its
            roll has half of it.
    """
    pose = sample.pose.scale(amplitude)
    motion = solve_pose(pose)
    if sample.grounded is not None:
        settled, chosen = settle(motion, pose), sample.grounded
        rotations = torch.where(chosen[:, None, None, None, None], settled.rotations, motion.rotations)
        motion = Motion(rotations, torch.where(chosen[:, None, None], settled.root, motion.root))
    return _tilt_scene(motion, timeline, tilt)


def _choose(timeline: Timeline, chances: Tensor) -> Tensor:
    """Random columns [B], one for each row of chances [B, K]."""
    drawn = timeline.uniform(0, 1) * chances.sum(1, keepdim=True)
    return (drawn >= chances.cumsum(1)).sum(1).clamp(max=chances.shape[1] - 1)


def _act(actions: tuple[Action, ...], chosen: Tensor, timeline: Timeline, start: Pose) -> Pose:
    """The start pose with the `chosen` action [B] of each clip filled in."""
    result = start
    for index, action in enumerate(actions):
        pose = start.copy()
        action(timeline, pose)
        result = pose.where(chosen == index, result)
    return result


def _replace_by_athletic(timeline: Timeline, pose: Pose, share: float) -> Pose:
    """The pose with an athletic action in place of the legs' own in a `share` of the clips; most keep their arms."""
    start = Pose.neutral(*pose.heading.shape, device=timeline.device)
    start.heading, start.arms = pose.heading, pose.arms
    chosen = _choose(timeline, constant(ATHLETIC_CHANCES, timeline.device).expand(timeline.batch, -1))
    return _act(ATHLETIC_ACTIONS, chosen, timeline, start).where(timeline.chance(share)[:, 0] > 0, pose)


def _replace_by_everyday(timeline: Timeline, pose: Pose, arms: Tensor, share: float) -> tuple[Pose, Tensor]:
    """The pose with an everyday gesture in a `share` of the clips, and the ordinary arm actions [B], -1 in those."""
    start = pose.copy()
    start.arms = Pose.neutral(*pose.heading.shape, device=timeline.device).arms
    chosen = _choose(timeline, constant(EVERYDAY_CHANCES, timeline.device).expand(timeline.batch, -1))
    replaced = timeline.chance(share)[:, 0] > 0
    return _act(EVERYDAY_ARMS, chosen, timeline, start).where(replaced, pose), arms.masked_fill(replaced, -1)


def _replace_by_whole_body(timeline: Timeline, sample: PoseSample, share: float) -> PoseSample:
    """The sample with an action of the whole body in a `share` of the clips."""
    start = Pose.neutral(*sample.pose.heading.shape, device=timeline.device)
    start.heading = start.heading + timeline.course
    chosen = _choose(timeline, constant(WHOLE_BODY_CHANCES, timeline.device).expand(timeline.batch, -1))
    pose = _act(WHOLE_BODY_ACTIONS, chosen, timeline, start)
    pose.fingers = hold_shapes(timeline, constant(WHOLE_BODY_HANDS, timeline.device)[chosen])
    pose.neck = pose.neck + 0.12 * timeline.smooth_noise(3)
    pose.spine = pose.spine + 0.03 * timeline.smooth_noise(3)
    replaced = timeline.chance(share)[:, 0] > 0
    return PoseSample(pose.where(replaced, sample.pose), sample.arms.masked_fill(replaced, -1), replaced)


def _turn(timeline: Timeline) -> Tensor:
    """Heading [B, T] in radians: mostly to the camera; still, turning or spinning. Sets the timeline's course."""
    any_way = timeline.uniform(-math.pi, math.pi)
    base = timeline.normal(0.3) + torch.where(timeline.chance(0.4) > 0, any_way, 0.0)
    base = base + math.pi * timeline.chance(0.1)
    sway = timeline.normal(0.25) * timeline.smooth_noise(1, 0.3)[..., 0]
    starts, lengths = timeline.slow_steps((0.3, 1.8), (0.8, 2.0))
    turns = timeline.normal(1.2, starts.shape[1] + 1, 1)
    stepwise = timeline.interpolate(torch.cumsum(turns, 1) - turns[:, :1], starts, lengths)[..., 0]
    spin = timeline.time * timeline.uniform(0.5, 2.2) * (2 * timeline.chance(0.5) - 1)
    kind = timeline.uniform(0, 1)
    turning = torch.where(kind < 0.2, stepwise, torch.where(kind < 0.3, spin, torch.zeros_like(spin)))
    timeline.course, timeline.straight = base, (kind >= 0.3).float()
    return base + sway + turning


def _move_trunk(timeline: Timeline, pose: Pose) -> None:
    """Adds bends and twists of the trunk, nods and turns of the head, by keyposes and for some on the beat."""
    starts, lengths = timeline.slow_steps((0.2, 1.5), (0.5, 1.2))
    count = starts.shape[1] + 1
    bends = timeline.normal(1.0, count, 3) * constant((0.16, 0.22, 0.13), timeline.device)
    deep = timeline.chance(0.06, count, 1) * timeline.uniform(0.0, 1.0, count, 1)
    deep = deep * constant((1.1, 0.3, 0.0), timeline.device)
    gaze = timeline.normal(1.0, count, 3) * constant((0.18, 0.38, 0.12), timeline.device)
    pose.spine = pose.spine + timeline.interpolate(bends + deep, starts, lengths)
    pose.neck = pose.neck + timeline.interpolate(gaze, starts, lengths)
    beat = timeline.chance(0.35) * timeline.wave(1 + timeline.chance(0.5))
    swing = timeline.normal(1.0, 1, 6) * constant((0.08, 0.12, 0.08, 0.1, 0.08, 0.08), timeline.device)
    pose.spine = pose.spine + beat[..., None] * swing[..., :3]
    pose.neck = pose.neck + beat[..., None] * swing[..., 3:]


def _add_idle_motion(timeline: Timeline, pose: Pose) -> None:
    """Adds slow noise to everything that does not carry weight: nobody stands quite still."""
    pose.spine = pose.spine + 0.02 * timeline.smooth_noise(3)
    pose.neck = pose.neck + 0.04 * timeline.smooth_noise(3)
    pose.pelvis = pose.pelvis + constant((0.012, 0.004, 0.008), timeline.device) * timeline.smooth_noise(3)
    size = constant((0.025, 0.02, 0.025, 0.08, 0.08, 0.1), timeline.device)
    pose.arms = pose.arms + size * torch.stack([timeline.smooth_noise(6), timeline.smooth_noise(6)], 2)


def _tilt_scene(motion: Motion, timeline: Timeline, tilt: float) -> Motion:
    """Turns the whole scene a little, as a camera that is not level sees it."""
    pitch, roll = timeline.normal(tilt), timeline.normal(tilt / 2)
    scene = rotation_about(2, roll) @ rotation_about(0, pitch)  # [B, 1, 3, 3]
    rotations = torch.cat([scene[:, :, None] @ motion.rotations[:, :, :1], motion.rotations[:, :, 1:]], 2)
    return Motion(rotations, rotate(scene, motion.root))
