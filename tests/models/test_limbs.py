import math

import pytest
import torch

from models.generators.animation import AnimationConfig, AnimationGenerator, State
from models.limbs import limb_motion

LIMBS = torch.tensor([(0, 1), (1, 2), (2, 2)])


def turned(points, degrees, shift):
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return points @ turn.T + torch.tensor(shift)


def test_limbs_of_a_body_that_turns_as_a_whole_all_move_with_it():
    source = torch.tensor([[[20.0, 10.0], [60.0, 30.0], [50.0, 90.0]]])
    target = turned(source, 30, (7.0, -4.0))
    motion = limb_motion(target, source, LIMBS[:2])
    flows, _ = motion.candidates(24, 16, 4.0)
    places = torch.stack(torch.meshgrid(torch.arange(16), torch.arange(24), indexing="xy"), -1) * 4 + 1.5
    back = turned(places - torch.tensor((7.0, -4.0)), -30, (0.0, 0.0))
    expected = ((back - places) / 4).permute(2, 0, 1)
    # The length at which a limb counts as seen from its end softens even long ones a little.
    torch.testing.assert_close(flows[0, 1:], expected.expand(2, -1, -1, -1), atol=0.15, rtol=0)
    assert not flows[:, 0].any()


def test_a_limb_keeps_its_width_while_its_length_changes():
    source, target = torch.tensor([[[10.0, 50.0], [90.0, 50.0]]]), torch.tensor([[[10.0, 50.0], [50.0, 50.0]]])
    matrix = limb_motion(target, source, LIMBS[:1]).maps[0, 1]
    torch.testing.assert_close(matrix[:, :2], torch.tensor([[1.0, 0.0], [0.0, 0.0]]), atol=0.02, rtol=0)


def test_a_joint_alone_only_moves():
    source, target = torch.zeros(1, 3, 2), torch.full((1, 3, 2), 5.0)
    torch.testing.assert_close(limb_motion(target, source, LIMBS).maps[0, 3, :, 2], torch.tensor([-5.0, -5.0]))
    assert not limb_motion(target, source, LIMBS).maps[0, 3, :, :2].any()


def test_a_limb_whose_end_is_not_known_in_both_poses_only_moves_with_its_beginning():
    source = torch.tensor([[[10.0, 10.0], [30.0, 10.0], [50.0, 60.0]]])
    target = source + 5
    target[0, 1] = torch.nan
    for one, other in ((target, source), (source, target)):
        motion = limb_motion(one, other, torch.tensor([(0, 1), (0, 2)]))
        shift = (other - one)[0, 0]
        torch.testing.assert_close(motion.maps[0, 1:, :, 2], shift.expand(2, -1), atol=0.02, rtol=0)
        assert not motion.maps[0, 1, :, :2].any()
        flows, near = motion.candidates(16, 16, 4.0)
        assert flows.isfinite().all()
        assert near.isfinite().all()


def test_joints_that_are_not_given_are_not_known():
    network = build(limbs=((0, 1), (1, 2)))
    image, structures = torch.rand(1, 3, 64, 64), torch.rand(2, 1, 20, 64, 64)
    known = torch.tensor([[[10.0, 10.0], [30.0, 10.0], [torch.nan, torch.nan]]])
    results = []
    for joints in (known, known[:, :2]):
        reference = network.encode_reference(image, structures[0], joints)
        results.append(network.step(reference, State.initial(reference), structures[1], joints + 3).image)
    torch.testing.assert_close(*results)


def test_places_on_a_limb_score_highest_for_it():
    pose = torch.tensor([[[10.0, 10.0], [50.0, 10.0], [50.0, 60.0]]])
    _, near = limb_motion(pose, pose, LIMBS[:2]).candidates(64, 64, 1.0)
    assert near[0, :, 10, 30].argmax() == 1
    assert near[0, :, 40, 50].argmax() == 2
    assert near[0, :, 60, 5].argmax() == 0


def build(limbs=((0, 1), (1, 2), (2, 2))):
    torch.manual_seed(0)
    config = AnimationConfig(
        width=8, max_width=16, flow_width=8, flow_max_width=16, kernel_sizes=(3, 3), attention_hidden=8,
        limbs=limbs,
    )  # fmt: skip
    return AnimationGenerator(config=config).eval()


def test_an_untrained_flow_follows_the_nearest_limb():
    image, structure = torch.rand(1, 3, 256, 256), torch.rand(1, 20, 256, 256)
    source = torch.tensor([[[32.0, 32.0], [32.0, 160.0], [120.0, 160.0]]])
    target = source + torch.tensor((51.5, 16.0))
    generator = build()
    reference = generator.encode_reference(image, structure, source)
    step = generator.step(reference, State.initial(reference), structure, target)
    for flow, cell in zip(step.flows_reference, (8, 4), strict=True):
        column, row = (round((at - (cell - 1) / 2) / cell) for at in (83.5, 112.0))
        torch.testing.assert_close(flow[0, :, row, column] * cell, torch.tensor([-51.5, -16.0]), atol=5, rtol=0)


def test_joints_are_asked_for():
    image, structure = torch.rand(1, 3, 64, 64), torch.rand(1, 20, 64, 64)
    generator = build()
    reference = generator.encode_reference(image, structure)
    with pytest.raises(ValueError, match="joints"):
        generator.step(reference, State.initial(reference), structure)


def test_a_pose_means_the_same_at_every_resolution():
    source = torch.tensor([[[20.0, 10.0], [60.0, 30.0], [64.0, 34.0]]])
    target = turned(source, 30, (7.0, -4.0))
    flows, near = limb_motion(target, source, LIMBS).candidates(16, 16, 4.0)
    pixel = 1.5  # of the larger image per pixel of the smaller one; pixel centres are integers in both
    there, here = ((pose + 0.5) * pixel - 0.5 for pose in (target, source))
    flows_larger, near_larger = limb_motion(there, here, LIMBS, unit=pixel).candidates(16, 16, 4.0 * pixel)
    torch.testing.assert_close(flows_larger, flows, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(near_larger, near, atol=1e-4, rtol=1e-4)
