"""Motion of people who are filmed close up: they sit or stand, turn their heads, talk and look.

In: a batch size, a length and a generator. Out: a `FullMotion`. `head_clips` calls `sample_head_motion`.

Legend: B batch, T frames.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.motion.faces import sample_face_actions
from pipelines.synthetic.motion.full_motion import FullMotion
from pipelines.synthetic.motion.motion import PoseSample, Shares, sample_pose, solve_sample
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.tensors import constant

_BODY = 0.35  # share of the largest turn of the head by which the body is turned at most
_LEAN = 0.06  # standard deviation of the lean of the trunk, radians
_SWAY = 0.03  # size of the head's unrest, radians
_TALKING, _BLINK_GAPS = 0.7, (0.7, 4.0)  # people who are filmed close up mostly talk; blinks are the harder part
_CALM = 1.0, 0.5, 1.0  # exponents of the liveliness of pitch, yaw and roll: lower ones are livelier
_EVERYDAY = 0.6  # share of everyday gestures among those of arms


def sample_head_motion(
    batch: int,
    length: int,
    generator: Generator,
    *,
    turn: tuple[float, float, float],
    gestures: float,
    wide_mouths: float,
    shut_eyes: float,
    fps: float = 25.0,
) -> FullMotion:
    """`batch` clips of `length` frames at `fps`, on the generator's device and deterministic for its state.

    Args:
        turn: largest pitch, yaw and roll of heads relative to the camera, radians.
        gestures: share of the clips in which arms move, so that hands may be before the face.
        wide_mouths: share of the faces whose mouths go from shut to far open and back.
        shut_eyes: share of the faces that shut their eyes for longer than a blink, again and again.
    """
    time = torch.arange(length, dtype=torch.float32, device=generator.device) / fps
    timeline = Timeline(batch, time[None], length / fps, generator)
    pose = Pose.neutral(batch, length, generator.device)
    if gestures:
        _move_arms(timeline, pose, gestures)
    body = timeline.uniform(-_BODY, _BODY) * turn[1]  # [B, 1]
    pose.heading = pose.heading + body
    pose.spine = pose.spine + timeline.normal(_LEAN, 1, 3) + 0.2 * _SWAY * timeline.smooth_noise(3)
    pose.neck = _turn_head(timeline, turn) - body[..., None] * constant((0.0, 1.0, 0.0), timeline.device)
    motion = solve_sample(
        PoseSample(pose, torch.full((batch,), -1, device=generator.device)), timeline, amplitude=1.0, tilt=0.0
    )
    face = sample_face_actions(
        timeline, pose.neck, talking=_TALKING, blink_gaps=_BLINK_GAPS, wide_mouths=wide_mouths, shut_eyes=shut_eyes
    )
    return FullMotion(motion, pose.fingers, face)


def _move_arms(timeline: Timeline, pose: Pose, share: float) -> None:
    """Gives a share of the poses the arms and fingers of people who do something with them."""
    moved = sample_pose(timeline, Shares(everyday=_EVERYDAY))
    chosen = timeline.chance(share)[:, 0] > 0
    merged = moved.pose.where(chosen, pose)
    pose.arms, pose.fingers = merged.arms, merged.fingers


def _turn_head(timeline: Timeline, turn: tuple[float, float, float]) -> Tensor:
    """Flexion, twist and bend of necks [B, T, 3] that go from one direction to the next, some far, some hardly."""
    starts, lengths = timeline.slow_steps((0.2, 1.8), (0.25, 0.9))
    reach = constant(turn, timeline.device)
    lively = timeline.uniform(0.0, 1.0, 1, 3) ** constant(_CALM, timeline.device)
    middle = timeline.uniform(-1.0, 1.0, 1, 3) * (1 - lively)
    keys = middle + lively * timeline.uniform(-1.0, 1.0, starts.shape[1] + 1, 3)
    return reach * timeline.interpolate(keys, starts, lengths) + _SWAY * timeline.smooth_noise(3)
