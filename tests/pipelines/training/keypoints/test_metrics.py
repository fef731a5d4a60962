"""Numbers that judge keypoints."""

import pytest
import torch

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.keypoints.metrics import body_height, measure


def person(facing=1.0):
    """A standing person [1, 17, 3], 100 px from eyes to ankles; facing 1 looks at the camera, -1 away."""
    side = facing * torch.tensor([0.0] + [1, -1] * 8)
    width = torch.tensor([0, 2, 2, 4, 4, 15, 15, 20, 20, 22, 22, 10, 10, 11, 11, 12, 12.0])
    y = torch.tensor([2, 0, 0, 1, 1, 20, 20, 38, 38, 55, 55, 50, 50, 75, 75, 100, 100.0])
    return torch.stack([60 + side * width, y, torch.ones(17)], 1)[None]


def test_truth_is_perfect():
    numbers = measure(person(), person())
    assert numbers["error"] == 0
    assert numbers["pck"] == 1
    assert numbers["swapped_front"] == 0


def test_pck_counts_body_joints_within_a_tenth_of_the_height():
    truth, found = person(), person()
    assert body_height(truth).item() == pytest.approx(110.0)
    found[0, 5, 0] += 10.9
    found[0, 6, 0] += 11.1
    found[0, 0, 0] += 50
    assert measure(found, truth)["pck"].item() == pytest.approx(11 / 12)


@pytest.mark.parametrize("facing", [1.0, -1.0])
def test_exchanged_sides_are_told_apart_from_wrong_places(facing):
    truth = person(facing)
    numbers = measure(truth[:, list(COCO17_FLIP)], truth)
    assert numbers["pck"] < 0.1
    assert numbers["pck_any_side"] == 1
    assert numbers["swapped_front"] == (facing > 0)
    assert numbers["swapped_back"] == (facing < 0)


def test_joints_without_weight_do_not_count():
    truth, found = person(), person()
    found[0, 15, 0] += 80
    truth[0, 15, 2] = 0
    assert measure(found, truth)["pck"] == 1
