"""Arms of a source that are elsewhere in the target, and the detail head that does not copy them."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from models.arms import find_moved_arms
from models.generators.animation import AnimationGenerator, State, bundled_person
from tests.helpers.operations import COPIES, Operations

SIZE, CELL = 128, 4
HANGING, RAISED = 1, -1


def pose(direction: int) -> Tensor:
    """Joints [1,17,2] of someone whose left arm hangs or is raised straight, right beside the head or the hip."""
    joints = torch.full((1, 17, 2), 64.0)
    joints[0, [1, 4], 1] = 70
    joints[0, [2, 5], 1] = 90
    joints[0, [3, 6], 1] = 110
    joints[0, [11, 14], 1] = 40
    joints[0, [14, 15, 16], 0] = 50
    joints[0, [15, 16], 1] = torch.tensor([52.0, 62.0])
    joints[0, [11, 12, 13], 0] = 84
    joints[0, [12, 13], 1] = 40 + direction * torch.tensor([14.0, 26.0])
    return joints


def find(target: Tensor, source: Tensor, x: int, y: int, flow: Tensor | None = None) -> float:
    """What is found at an image position, without motion unless there is a flow."""
    still = torch.zeros(1, 2, SIZE // CELL, SIZE // CELL)
    return find_moved_arms(target, source, still if flow is None else flow, CELL)[0, 0, y // CELL, x // CELL].item()


def test_an_arm_that_has_moved_away_is_found_where_it_was() -> None:
    hanging, raised = pose(HANGING), pose(RAISED)
    assert find(raised, hanging, 84, 58) > 0.9, "the forearm"
    assert find(raised, hanging, 84, 70) > 0.9, "the hand"
    assert find(raised, hanging, 84, 16) < 0.1, "where it is now"
    assert find(raised, hanging, 66, 60) < 0.1, "the body"
    assert find(raised, hanging, 50, 56) < 0.1, "the arm that did not move"
    assert find(hanging, hanging, 84, 58) < 0.1


def test_what_the_flow_points_to_counts() -> None:
    flow = torch.zeros(1, 2, SIZE // CELL, SIZE // CELL)
    flow[:, 1] = 44 / CELL
    assert find(pose(RAISED), pose(HANGING), 84, 16, flow) < 0.1, "the arm is where it is to be"
    assert find(pose(RAISED), pose(HANGING), 110, 16, flow) < 0.1, "the wall"
    flow[:, 0] = -26 / CELL
    assert find(pose(RAISED), pose(HANGING), 110, 16, flow) > 0.9, "the arm, beside where it is to be"


def test_arms_that_are_not_known_are_not_found() -> None:
    unknown = pose(HANGING)
    unknown[0, 13] = math.nan
    for target, source in ((pose(RAISED), unknown), (unknown, pose(RAISED))):
        found = find_moved_arms(target, source, torch.zeros(1, 2, 32, 32), CELL)
        assert found.max() < 0.1


def test_the_detail_head_does_not_copy_them() -> None:
    torch.manual_seed(1)
    config = replace(bundled_person(), width=4, max_width=8, flow_width=4, doubt=0.0)
    generator = AnimationGenerator(config=config).eval()
    image, structure = torch.rand(1, 4, SIZE, SIZE), torch.rand(1, generator.config.structure_channels, SIZE, SIZE)
    shares = []
    with torch.inference_mode():
        for hanging in (pose(RAISED), pose(HANGING)):  # in the source
            state = State.initial(reference := generator.encode_reference(image, structure, hanging))
            detail = generator.step(reference, state, structure, pose(RAISED)).detail
            assert detail is not None
            torch.testing.assert_close(detail.blend.sum(1), torch.ones(1, SIZE, SIZE))
            shares.append(detail.blend[0, 1:, 58, 84].sum().item())
    assert shares[0] > 0.3
    assert shares[1] < 0.1 * shares[0]


def test_nothing_is_copied_from_the_cpu_while_a_graph_is_captured() -> None:
    target, source, flow = pose(RAISED), pose(HANGING), torch.zeros(1, 2, 32, 32)
    with Operations() as operations:
        find_moved_arms(target, source, flow, CELL)
    assert not operations.names & COPIES
    with Operations() as operations:
        torch.zeros(3)[[0, 2]]
        torch.zeros(1).new_tensor([1.0])
    assert operations.names >= COPIES
