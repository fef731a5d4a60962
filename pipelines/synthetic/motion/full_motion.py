"""People in motion down to fingers and faces.

In: a batch size, a length and a generator. Out: a `FullMotion` for people of any proportions, which the makers of
rendered clips draw, or of the joints alone, which the motion network's training takes.

Legend: B batch, T frames, side 0 right, side 1 left.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.motion.faces import FaceTrack, sample_face_actions
from pipelines.synthetic.motion.hands import correct_wrists, sample_hand_poses
from pipelines.synthetic.motion.motion import PoseSample, Shares, sample_pose, solve_sample
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.people.skeleton import Motion


@dataclass
class FullMotion:
    """How B people move at T moments."""

    motion: Motion
    """Joints of the rig."""
    fingers: Tensor
    """[B, T, 2, 5, 4] radians, as in `Pose.fingers`."""
    face: FaceTrack
    """Facial actions and gaze."""


def sample_full_motion(
    batch: int,
    length: int,
    generator: torch.Generator,
    *,
    shares: Shares,
    fps: float = 25.0,
    amplitude: float = 1.0,
    tilt: float = 0.05,
) -> FullMotion:
    """`batch` clips of `length` frames at `fps`, on the generator's device and deterministic for its state.

    Args:
        shares: how many clips have which actions.
        amplitude: factor of the joints' deviation from standing still; the heading, fingers and faces stay.
        tilt: standard deviation in radians of the constant pitch of the whole scene.
    """
    time = torch.arange(length, dtype=torch.float32, device=generator.device) / fps
    timeline = Timeline(batch, time[None], length / fps, generator)
    sample, arms, motion = _move(timeline, shares, amplitude=amplitude, tilt=tilt)
    own = (sample.arms < 0)[:, None, None, None, None]
    fingers = torch.where(own, sample.pose.fingers, sample_hand_poses(timeline, arms))
    return FullMotion(motion, fingers, sample_face_actions(timeline, sample.pose.neck))


def sample_joint_motion(
    time: Tensor,
    duration: float,
    batch: int,
    generator: torch.Generator,
    *,
    shares: Shares,
    amplitude: float = 1.0,
    tilt: float = 0.05,
) -> Motion:
    """The joints of `sample_full_motion` alone, at times [T] or [B, T] in seconds from 0 to `duration`, in any order.

    The same generator state and duration give the same clips whatever the times are.
    """
    timeline = Timeline(batch, time if time.dim() == 2 else time[None], duration, generator)
    return _move(timeline, shares, amplitude=amplitude, tilt=tilt)[2]


def _move(timeline: Timeline, shares: Shares, *, amplitude: float, tilt: float) -> tuple[PoseSample, Tensor, Motion]:
    """What people do, their ordinary arm actions [B] (the first one where the pose has fingers of its own), and how
    their joints move."""
    sample = sample_pose(timeline, shares)
    arms, own = sample.arms.clamp(min=0), (sample.arms < 0)[:, None, None, None]
    sample.pose.arms = torch.where(own, sample.pose.arms, correct_wrists(sample.pose.arms, arms))
    return sample, arms, solve_sample(sample, timeline, amplitude=amplitude, tilt=tilt)
