"""Maps of both hands."""

import pytest
import torch
from torch import Tensor

from models.joints import DETAIL_NAMES, DETAIL_POINTS, HAND_LIMBS, HAND_POINTS
from pipelines.keypoints.finger_maps import draw_fingers
from tests.helpers.operations import COPIES, Operations

FIRST = len(DETAIL_NAMES), len(DETAIL_NAMES) + HAND_POINTS  # rows of both wrists


def spread_hand(wrist: tuple[float, float], length: float) -> Tensor:
    """[21, 2]: five straight fingers that point up, from the wrist."""
    hand = torch.zeros(HAND_POINTS, 2)
    for finger in range(5):
        angle = torch.tensor(0.4 * (finger - 2))
        direction = torch.stack([angle.sin(), -angle.cos()])
        for joint in range(4):
            hand[1 + 4 * finger + joint] = length * (0.4 + 0.2 * joint) * direction
    return hand + torch.tensor(wrist)


def place(*hands: Tensor | None) -> Tensor:
    """Points [1, 52, 2] of a left and a right hand; None is not known."""
    points = torch.full((1, DETAIL_POINTS, 2), torch.nan)
    for first, hand in zip(FIRST, hands, strict=True):
        if hand is not None:
            points[0, first : first + HAND_POINTS] = hand
    return points


def test_lines_run_along_the_bones_and_between_fingers_is_nothing() -> None:
    hand = spread_hand((40.0, 60.0), 26.0)
    left, right = draw_fingers(place(hand, None), height=96, width=128)[0]
    assert not right.any()
    for first, second in HAND_LIMBS:
        x, y = ((hand[first] + hand[second]) / 2).round().long().tolist()
        assert left[y, x] > 0.8
    tips = hand[[8, 12]].mean(0).round().long()
    assert left[tips[1], tips[0]] < 0.1
    assert 0 <= left.min() <= left.max() <= 1


def test_fingers_are_as_broad_as_the_hand_is_long() -> None:
    def breadth(length: float) -> float:
        points = place(None, spread_hand((64.0, 90.0), length))
        row = draw_fingers(points, height=128, width=128)[0, 1, round(90 - 0.9 * length)]  # along the middle finger
        return float((row[60:69] > 0.5).sum())

    assert breadth(60.0) > breadth(20.0)


@pytest.mark.parametrize("wrist", [(5.0, 5.0), (-8.0, 50.0), (130.0, 96.0), (-400.0, 900.0)])
def test_hands_at_the_border_and_beyond_are_cut_off(wrist: tuple[float, float]) -> None:
    hand = spread_hand(wrist, 20.0)
    drawn = draw_fingers(place(hand, hand + 0.0), height=96, width=128)[0]
    shift = torch.tensor([256.0, 256.0])
    larger = draw_fingers(place(hand + shift, None), height=608, width=640)[0, 0, 256:352, 256:384]
    assert torch.equal(drawn[0], drawn[1])
    torch.testing.assert_close(drawn[0], larger, atol=2e-4, rtol=0)


def test_a_hand_of_which_a_point_is_not_known_is_not_drawn() -> None:
    hand = spread_hand((40.0, 60.0), 30.0)
    points = place(hand, hand)
    points[0, FIRST[1] + 7, 1] = torch.nan
    left, right = draw_fingers(points, height=96, width=96)[0]
    assert left.any()
    assert not right.any()
    assert left.isfinite().all()


def test_nothing_is_copied_from_the_cpu_while_a_graph_is_captured() -> None:
    points = place(*[spread_hand((40.0, 60.0), 26.0)] * 2)
    with Operations() as operations:
        draw_fingers(points, height=96, width=128)
    assert not operations.names & COPIES
