"""The rig of rendered people: proportions, kinematics and joint layouts."""

import pytest
import torch

from pipelines.synthetic.people.skeleton import (
    FRAMES,
    INDEX,
    RIG,
    RIG_PARENT,
    Motion,
    coco17,
    forward_kinematics,
    human36m17,
    standard_proportions,
)
from pipelines.synthetic.rotations import rotation_about
from tests.helpers.poses import sample_people


def at_rest(batch: int, length: int = 1) -> Motion:
    return Motion(torch.eye(3).expand(batch, length, len(RIG), 3, 3).clone(), torch.zeros(batch, length, 3))


def test_parents_precede_their_children():
    assert all(parent < joint for joint, parent in enumerate(RIG_PARENT))


def test_joint_layouts_at_rest():
    proportions = sample_people(6, 1)
    frames = forward_kinematics(proportions, at_rest(6))
    coco, human = coco17(frames, proportions)[:, 0], human36m17(frames, proportions)[:, 0]
    assert (coco[:, 1::2, 0] > 0).all()
    assert (coco[:, 2::2, 0] < 0).all()
    assert (coco[:, 0, 2] > coco[:, 3, 2]).all()  # the nose is before the ears
    order = [10, 9, 8, 7, 0]
    assert (human[:, order, 1].diff(dim=1) < 0).all()  # crown, nose, neck base, mid-torso, hips: downwards
    assert torch.allclose(human[:, 0], (human[:, 1] + human[:, 4]) / 2, atol=1e-6)
    shared = [
        (5, 11),
        (7, 12),
        (9, 13),
        (6, 14),
        (8, 15),
        (10, 16),
        (11, 4),
        (13, 5),
        (15, 6),
        (12, 1),
        (14, 2),
        (16, 3),
    ]
    for first, second in shared:
        assert torch.equal(coco[:, first], human[:, second])
    assert torch.allclose(human[:, 7], (human[:, 0] + human[:, 8]) / 2, atol=0.06)


def test_standard_people_are_average_adults():
    assert standard_proportions(1).height.item() == pytest.approx(1.72, abs=0.02)


def test_bones_keep_their_length_and_frames_stay_rotations():
    proportions = sample_people(3, 3)
    motion = at_rest(3, 4)
    motion.rotations = torch.linalg.qr(torch.randn(3, 4, len(RIG), 3, 3, generator=torch.Generator().manual_seed(4)))[0]
    motion.rotations = motion.rotations * torch.linalg.det(motion.rotations)[..., None, None]
    frames = forward_kinematics(proportions, motion)
    assert frames.origin.shape == (3, 4, len(FRAMES), 3)
    identity = frames.rotation @ frames.rotation.mT
    assert torch.allclose(identity, torch.eye(3).expand_as(identity), atol=1e-4)
    assert torch.allclose(torch.linalg.det(frames.rotation), torch.ones(3, 4, len(FRAMES)), atol=1e-4)
    for joint in (INDEX["l_elbow"], INDEX["r_ankle"], INDEX["head"]):
        length = (frames.origin[:, :, joint] - frames.origin[:, :, RIG_PARENT[joint]]).norm(dim=-1)
        assert torch.allclose(length, proportions.offsets[:, None, joint].norm(dim=-1).expand_as(length), atol=1e-5)


def test_raised_arm_lifts_its_shoulder_only():
    proportions, motion = standard_proportions(1), at_rest(1)
    rest = forward_kinematics(proportions, motion).origin[0, 0]
    motion.rotations[:, :, INDEX["r_shoulder"]] = rotation_about(2, torch.tensor(-3.0))
    raised = forward_kinematics(proportions, motion).origin[0, 0]
    assert raised[INDEX["r_wrist"], 1] > raised[INDEX["head"], 1]
    assert raised[INDEX["r_shoulder"], 1] - rest[INDEX["r_shoulder"], 1] > 0.04
    assert torch.equal(raised[INDEX["l_shoulder"]], rest[INDEX["l_shoulder"]])


def test_hair_hangs_between_the_head_and_straight_down():
    motion = at_rest(1)
    motion.rotations[:, :, INDEX["head"]] = rotation_about(0, torch.tensor(1.0))
    frames = forward_kinematics(standard_proportions(1), motion)
    hair = frames.rotation[0, 0, INDEX["hair"]]
    assert 0.8 < hair[1, 1] < 1.0
    assert hair[1, 1] > rotation_about(0, torch.tensor(1.0))[1, 1]
    assert torch.equal(frames.origin[0, 0, INDEX["hair"]], frames.origin[0, 0, INDEX["head"]])


def test_root_scales_with_the_legs():
    proportions = sample_people(5, 5)
    motion = at_rest(5)
    motion.root += 1.0
    root = forward_kinematics(proportions, motion).origin[:, 0, 0, 1]
    assert torch.allclose(root, proportions.legs / standard_proportions(5).legs, atol=1e-3)
