"""Two-bone kinematics, and the poses that it solves."""

import torch

from pipelines.synthetic.motion.inverse_kinematics import LEG, solve_pose, solve_two_bones
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.people.skeleton import INDEX, SIDES, forward_kinematics, standard_proportions


def test_two_bones_reach_the_target():
    generator = torch.Generator().manual_seed(6)
    target = torch.randn(100, 3, generator=generator)
    target = target / target.norm(dim=-1, keepdim=True) * (0.25 + 0.25 * torch.rand(100, 1, generator=generator))
    pole = torch.randn(100, 3, generator=generator)
    first, flexion = solve_two_bones(target, pole, 0.3, 0.25, 2.6)
    second = target - 0.3 * first
    assert torch.allclose(second.norm(dim=-1), torch.full((100,), 0.25), atol=1e-4)
    cosine = (first * second).sum(-1) / 0.25
    assert torch.allclose(torch.acos(cosine.clamp(-1, 1)), flexion, atol=1e-2)


def test_standing_still_is_upright_on_the_ground():
    frames = forward_kinematics(standard_proportions(1), solve_pose(Pose.neutral(1, 1)))
    height = frames.origin[0, 0, :, 1]
    assert (height[[INDEX["l_ankle"], INDEX["r_ankle"]]] - 0.065).abs().max() < 0.01
    assert height[INDEX["head"]] > 1.4
    assert height[INDEX["l_wrist"]] < height[INDEX["pelvis"]]


def test_a_lifted_foot_leaves_the_ground_and_the_other_stays():
    pose = Pose.neutral(1, 1)
    pose.legs[:, :, 1, 1] += 0.3
    frames = forward_kinematics(standard_proportions(1), solve_pose(pose))
    right, left = (frames.origin[0, 0, INDEX[f"{side}_ankle"], 1] for side in "rl")
    assert left > 0.25
    assert right < 0.1


def test_feet_of_strongly_bent_legs_are_where_they_should_be():
    pose = Pose.neutral(1, 1)
    pose.pelvis[..., 1], pose.pelvis[..., 2] = -0.94, -0.45  # sitting on the ground with the knees up
    pose.legs[..., 2] = 0.12
    frames = forward_kinematics(standard_proportions(1), solve_pose(pose))
    knee, ankle = frames.origin[0, 0, INDEX["l_knee"]], frames.origin[0, 0, INDEX["l_ankle"]]
    assert abs(ankle[1] - 0.065) < 0.02
    assert abs(ankle[2] - 0.12 * LEG) < 0.02
    assert knee[1] > 0.3


def test_wrists_flex_towards_the_thighs_and_elbows_swivel_outwards():
    pose = Pose.neutral(1, 1)
    pose.arms[..., :3] = torch.tensor([0.1, -0.7, 0.1])
    pose.arms[:, :, :, 3] = 0.8
    pose.arms[:, :, :, 4] = 0.9
    hand = torch.tensor([0.0, -0.17, 0.0])
    frames = forward_kinematics(standard_proportions(1), solve_pose(pose))
    for side, sign in SIDES:
        wrist = frames.origin[0, 0, INDEX[f"{side}_wrist"], 0]
        elbow = frames.origin[0, 0, INDEX[f"{side}_elbow"], 0]
        assert sign * (elbow - wrist) > 0.02
        assert sign * (frames.point(f"{side}_wrist", hand)[0, 0, 0] - wrist) < -0.05
