"""Motion down to fingers and faces, and everyday gestures."""

import pytest
import torch

from pipelines.synthetic.motion.arm_actions import ARM_ACTIONS
from pipelines.synthetic.motion.everyday_arms import EVERYDAY_ARMS, EVERYDAY_CHANCES
from pipelines.synthetic.motion.full_motion import FullMotion, sample_full_motion, sample_joint_motion
from pipelines.synthetic.motion.hands import (
    NAMES,
    RESTING,
    correct_wrists,
    hand_shape,
    hold_shapes,
    sample_hand_poses,
)
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.motion import Shares, sample_pose
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.people.skeleton import INDEX, forward_kinematics, standard_proportions

CPU = torch.device("cpu")
ALL = Shares(athletic=0.2, everyday=0.5, whole_body=0.3)


def make_timeline(batch: int, seconds: float = 4.0, seed: int = 0) -> Timeline:
    time = torch.arange(round(seconds * 25))[None] / 25
    return Timeline(batch, time, seconds, torch.Generator().manual_seed(seed))


def sample(batch: int = 24, seed: int = 0, shares: Shares = ALL) -> FullMotion:
    return sample_full_motion(batch, 40, torch.Generator().manual_seed(seed), shares=shares)


def test_deterministic_and_of_the_promised_shapes():
    first, same, other = sample(), sample(), sample(seed=1)
    assert first.motion.rotations.shape == (24, 40, 17, 3, 3)
    assert first.fingers.shape == (24, 40, 2, 5, 4)
    assert first.face.actions.shape == (24, 40, 52)
    assert first.face.gaze.shape == (24, 40, 2)
    assert torch.equal(first.motion.rotations, same.motion.rotations)
    assert torch.equal(first.fingers, same.fingers)
    assert torch.equal(first.face.actions, same.face.actions)
    assert not torch.allclose(first.fingers, other.fingers, atol=0.1)


def test_the_joints_alone_move_as_with_fingers_and_faces():
    shares = Shares(athletic=0.2, everyday=0.3, whole_body=0.3)
    full = sample_full_motion(32, 20, torch.Generator().manual_seed(3), shares=shares).motion
    time = torch.arange(20) / 25
    joints = sample_joint_motion(time, 20 / 25, 32, torch.Generator().manual_seed(3), shares=shares)
    assert torch.equal(full.rotations, joints.rotations)
    assert torch.equal(full.root, joints.root)


def test_shares_replace_actions():
    for shares, low, high in ((Shares(), 0.0, 0.0), (Shares(everyday=0.5), 0.35, 0.65), (Shares(whole_body=1.0), 1, 1)):
        arms = sample_pose(make_timeline(100), shares).arms
        assert low <= (arms < 0).float().mean() <= high
    chests = [
        forward_kinematics(standard_proportions(60), sample(60, shares=shares).motion)
        .rotation[:, :, INDEX["chest"], 1, 1]
        .amin(1)
        for shares in (Shares(), Shares(whole_body=1.0))
    ]
    assert (chests[0] < 0.2).float().mean() < 0.1
    assert (chests[1] < 0.2).float().mean() > 0.25


@pytest.mark.parametrize("action", EVERYDAY_ARMS, ids=lambda action: action.__name__)
def test_everyday_arms_keep_out_of_the_trunk(action: Action):
    timeline, pose = make_timeline(40), Pose.neutral(40, 100)
    action(timeline, pose)
    assert (pose.fingers - Pose.neutral(40, 100).fingers).abs().amax() > 0.2
    frames = forward_kinematics(standard_proportions(40), solve_pose(pose))
    chest = INDEX["chest"]
    for side in "rl":
        for joint in ("elbow", "wrist"):
            offset = frames.origin[:, :, INDEX[f"{side}_{joint}"]] - frames.origin[:, :, chest]
            x, y, z = (frames.rotation[:, :, chest].mT @ offset[..., None])[..., 0].unbind(-1)
            inside = ((x / 0.16).square() + ((z + 0.03) / 0.11).square() < 0.8) & (y < 0.1) & (y > -0.35)
            assert inside.float().mean() < 0.02


def test_elbows_are_outside_of_hands_on_the_hips():
    gesture = next(action for action in EVERYDAY_ARMS if action.__name__ == "hands_on_hips")
    timeline, pose = make_timeline(40), Pose.neutral(40, 100)
    gesture(timeline, pose)
    origin = forward_kinematics(standard_proportions(40), solve_pose(pose)).origin
    elbow, wrist = (origin[:, :, INDEX[name], 0] for name in ("l_elbow", "l_wrist"))
    bent = pose.arms[:, :, 1, 1] > -0.7
    assert bent.float().mean() > 0.3
    assert ((elbow - wrist)[bent] > 0.05).float().mean() > 0.95


def test_chances_fit_the_actions():
    assert len(EVERYDAY_CHANCES) == len(EVERYDAY_ARMS)
    assert sum(EVERYDAY_CHANCES) == pytest.approx(1)


def test_fingers_are_within_their_limits_and_smooth():
    fingers = sample(60).fingers
    assert fingers[..., 1:, 1:].min() >= -0.3
    assert fingers[..., 1:, 1:].max() <= 1.9
    assert fingers[..., 0].min() >= -0.3
    speed = fingers.diff(dim=1).abs()
    assert speed.max() < 1.2  # a frame is 40 ms
    fastest = speed.amax((1, 2, 3, 4))
    assert fastest.median() > 0.005  # no hand is quite still
    assert (fastest > 0.05).float().mean() > 0.15


def test_hands_fit_what_arms_do():
    arms = torch.arange(len(ARM_ACTIONS)).repeat_interleave(60)
    fingers = sample_hand_poses(make_timeline(len(arms)), arms)
    curl = fingers[..., 1:, 1:].sum(-1).mean((1, 2, 3)).view(len(ARM_ACTIONS), 60).mean(1)
    names = [action.__name__ for action in ARM_ACTIONS]
    rest, wave, clapping, swinging = (
        curl[names.index(name)] for name in ("hang_arms", "wave_hands", "clap", "swing_arms")
    )
    assert wave < rest
    assert clapping < 0.6 * rest
    assert swinging > 1.3 * rest


def test_shapes_are_held_and_hands_often_agree():
    weights = torch.full((300, len(NAMES)), 1.0)
    fingers = hold_shapes(make_timeline(300), weights)
    difference = (fingers[:, :, 0] - fingers[:, :, 1]).abs().mean((-2, -1))
    assert 0.4 < (difference < 0.15).float().mean() < 0.9
    still = fingers.diff(dim=1).abs().amax((2, 3, 4)) < 0.03
    assert still.float().mean() > 0.5


def test_one_shape_alone_is_that_shape():
    weights = torch.zeros(1, len(NAMES))
    weights[0, NAMES.index("fist")] = 1
    fingers = hold_shapes(make_timeline(200), weights)
    assert (fingers.mean((0, 1, 2)) - hand_shape("fist", CPU)).abs().max() < 0.15
    resting = hold_shapes(make_timeline(200), torch.tensor([RESTING]))
    assert (resting.mean((0, 1, 2)) - hand_shape("relaxed", CPU)).abs().max() < 0.25


def test_wrists_of_raised_hands_are_corrected():
    hands = torch.tensor([[0.3, 0.4, 0.3, 0.1, 0.0, 0.0], [0.1, -0.95, 0.05, 0.3, 0.0, 0.0]])  # one up, one hanging
    names = [action.__name__ for action in ARM_ACTIONS]
    arms = torch.tensor([names.index(name) for name in ("wave_hands", "clap", "hang_arms")])
    corrected = correct_wrists(hands.expand(3, 1, 2, 6), arms)[:, 0]
    assert torch.equal(corrected[:, 1], hands[1].expand(3, 6))
    assert corrected[0, 0, 5] < -1  # palm ahead
    assert corrected[1, 0, 4] < -0.5
    assert corrected[1, 0, 0] > hands[0, 0]
    assert torch.equal(corrected[2, 0], hands[0])
