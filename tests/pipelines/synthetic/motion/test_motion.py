"""Random motion: smooth, within the joints' limits, on the ground, and the same for the same generator."""

import pytest
import torch

from pipelines.synthetic.motion.arm_actions import ARM_ACTIONS, hang_arms
from pipelines.synthetic.motion.athletic_actions import ATHLETIC_ACTIONS
from pipelines.synthetic.motion.full_motion import sample_joint_motion
from pipelines.synthetic.motion.leg_actions import LEG_ACTIONS, stand
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.people.skeleton import (
    INDEX,
    LIMITS,
    RIG,
    Frames,
    Motion,
    forward_kinematics,
    standard_proportions,
)
from tests.helpers.poses import sample_motion

BATCH, LENGTH = 160, 50


@pytest.fixture(scope="module")
def moves() -> Motion:
    return sample_motion(BATCH, LENGTH, 0, tilt=0.0)


@pytest.fixture(scope="module")
def frames(moves) -> Frames:
    return forward_kinematics(standard_proportions(BATCH), moves)


def in_chest(frames: Frames, name: str) -> torch.Tensor:
    chest, offset = INDEX["chest"], frames.origin[:, :, INDEX[name]] - frames.origin[:, :, INDEX["chest"]]
    return (frames.rotation[:, :, chest].mT @ offset[..., None])[..., 0]


def test_deterministic_for_the_generator():
    first, same, other = (sample_motion(8, 12, seed) for seed in (7, 7, 8))
    assert torch.equal(first.rotations, same.rotations)
    assert torch.equal(first.root, same.root)
    assert not torch.allclose(first.rotations, other.rotations, atol=0.1)


def test_local_rotations_are_rotations(moves):
    assert moves.rotations.shape == (BATCH, LENGTH, len(RIG), 3, 3)
    assert moves.root.shape == (BATCH, LENGTH, 3)
    identity = moves.rotations @ moves.rotations.mT
    assert torch.allclose(identity, torch.eye(3).expand_as(identity), atol=1e-4)


def test_smooth(frames):
    speed = frames.origin.diff(dim=1).norm(dim=-1) * 25
    assert (speed > 8).float().mean() < 1e-3  # metres a second: a fast kick
    assert speed.amax((1, 2)).median() > 0.5  # most clips do move
    turn = (frames.rotation[:, 1:] @ frames.rotation[:, :-1].mT).diagonal(dim1=-2, dim2=-1).sum(-1)
    angle = torch.acos(((turn - 1) / 2).clamp(-1, 1))
    assert (angle > 1.0).float().mean() < 1e-3  # nothing flips between two frames


def test_feet_stay_on_the_ground(frames):
    ends = [(name, torch.tensor([0.0, -0.065, z])) for name in ("r_ankle", "l_ankle") for z in (0.17, -0.06)]
    soles = [frames.point(name, end)[..., 1] for name, end in ends]
    lowest = torch.stack(soles).amin(0)
    assert lowest.min() > -0.06
    assert (lowest.abs() < 0.03).float().mean() > 0.85  # the rest jumps


def test_joint_limits(moves):
    for name, sign, key in (("elbow", -1, "elbow_flexion"), ("knee", 1, "knee_flexion")):
        for side in "rl":
            hinge = moves.rotations[:, :, INDEX[f"{side}_{name}"]]
            assert torch.allclose(hinge[..., 0, 0], torch.ones(()), atol=1e-5)  # bends about x only
            angle = sign * torch.atan2(hinge[..., 2, 1], hinge[..., 1, 1])
            assert angle.min() > -1e-3
            assert angle.max() < LIMITS[key][1] + 1e-3


def test_wrists_keep_out_of_the_trunk(frames):
    for name in ("r_wrist", "l_wrist"):
        position = in_chest(frames, name)
        flat = torch.stack([position[..., 0] / 0.2, (position[..., 2] + 0.04) / 0.18], -1).norm(dim=-1)
        inside = (flat < 0.9) & (position[..., 1] < 0.05) & (position[..., 1] > -0.3)
        assert inside.float().mean() < 0.005


def test_seen_from_all_sides(frames):
    facing = frames.rotation[:, :, INDEX["pelvis"], 2, 2]
    assert (facing > 0.7).float().mean() > 0.35
    assert 0.15 < (facing < -0.3).float().mean() < 0.45
    full_turns = (facing.amin(1) < -0.9) & (facing.amax(1) > 0.9)
    assert full_turns.any()


@pytest.mark.parametrize("action", ARM_ACTIONS + LEG_ACTIONS + ATHLETIC_ACTIONS, ids=lambda action: action.__name__)
def test_each_action_moves_or_poses(action):
    timeline = Timeline(24, torch.arange(40)[None] / 25, 1.6, torch.Generator().manual_seed(1))
    rest = Pose.neutral(24, 40)
    pose = rest.copy()
    action(timeline, pose)
    change = torch.cat(
        [(getattr(pose, part) - getattr(rest, part)).flatten(2) for part in ("arms", "legs", "pelvis")], 2
    )
    assert torch.isfinite(change).all()
    assert (change.abs().amax((1, 2)) > 0.02).float().mean() > 0.9
    if action not in (hang_arms, stand):
        assert (change.diff(dim=1).abs().amax((1, 2)) > 0.002).float().mean() > 0.6


def test_any_times_show_the_same_motion():
    even = sample_motion(4, 40, 3)
    time = torch.tensor([[0.4, 0.0, 1.2]]).repeat(4, 1)
    some = sample_joint_motion(time, 40 / 25, 4, torch.Generator().manual_seed(3), shares=Shares())
    assert torch.allclose(even.rotations[:, [10, 0, 30]], some.rotations, atol=1e-4)
    assert torch.allclose(even.root[:, [10, 0, 30]], some.root, atol=1e-4)


def test_amplitude_zero_stands_still():
    moves = sample_motion(4, 20, 5, amplitude=0.0)
    elbows = moves.rotations[:, :, INDEX["l_elbow"]]
    assert torch.allclose(elbows, elbows[:1, :1].expand_as(elbows), atol=1e-5)


def test_ordinary_clips_are_the_same_without_athletic_ones():
    plain, mixed, again = (sample_motion(16, 12, 4, athletic=share) for share in (0.0, 1e-9, 1.0))
    assert plain.root.shape == mixed.root.shape
    assert not torch.allclose(mixed.root, again.root, atol=0.05)


def test_athletic_people_get_lower_and_faster():
    plain, sports = (
        forward_kinematics(
            standard_proportions(200),
            sample_motion(200, 50, 0, tilt=0.0, athletic=share),
        )
        for share in (0.0, 1.0)
    )
    low = [(each.origin[:, :, INDEX["pelvis"], 1].amin(1) < 0.5).float().mean() for each in (plain, sports)]
    lying = (sports.rotation[:, :, INDEX["chest"], 1, 1].amin(1) < 0.3).float().mean()
    assert low[0] < 0.1
    assert low[1] > 0.35
    assert lying > 0.2
    assert torch.isfinite(sports.origin).all()
    assert sports.origin[..., 1].min() > -0.5  # nobody sinks into the ground
    speed = sports.origin.diff(dim=1).norm(dim=-1) * 25
    assert (speed > 12).float().mean() < 5e-3  # metres a second
