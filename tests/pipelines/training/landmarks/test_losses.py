"""Losses and accuracy of landmarks."""

import torch

from models.landmarks import LandmarkOutput
from pipelines.training.landmarks.data import Crops, Recipe
from pipelines.training.landmarks.losses import landmark_losses
from pipelines.training.landmarks.metrics import LIDS, LIPS, eye_distance, mean_errors, opening_slope
from tests.helpers.faces import make_landmarks


def make_truth(number: int) -> Crops:
    points = torch.from_numpy(make_landmarks(128, 128)).float().clamp(2, 125)
    landmarks = torch.cat([points, torch.ones(68, 1)], -1).repeat(number, 1, 1)
    return Crops(torch.zeros(number, 3, 128, 128), landmarks, torch.ones(number, 2))


def draw_answer(points: torch.Tensor, presence: float) -> LandmarkOutput:
    """Maps whose expected places are the points [B, K, 2]."""
    axis, cell = torch.arange(32), (points - 1.5) / 4
    x, y = ((axis - cell[..., i : i + 1]).square() for i in (0, 1))
    return LandmarkOutput(-0.5 * (x[..., None, :] + y[..., :, None]), torch.full((len(points),), presence))


def test_losses_are_least_for_the_truth_and_hidden_points_do_not_count() -> None:
    recipe, truth = Recipe(), make_truth(3)
    right = landmark_losses(recipe, draw_answer(truth.landmarks[..., :2], 20.0), truth)
    assert right["point"] < 1e-2
    assert right["presence"] < 1e-6
    shift = (4.0 + torch.arange(68) % 5)[:, None]  # other for each of two lips or lids
    moved = draw_answer(truth.landmarks[..., :2] + shift, -20.0)
    wrong = landmark_losses(recipe, moved, truth)
    assert all(wrong[name] > value + 0.1 for name, value in right.items())
    truth.landmarks[..., 2] = 0
    truth.presence[:, 1] = 0
    assert set(map(float, landmark_losses(recipe, moved, truth).values())) == {0.0}


def test_errors_are_in_distances_of_the_eyes() -> None:
    truth = make_truth(2).landmarks
    found = truth.clone()
    found[0, :, 0] += 0.1 * eye_distance(truth)[0]
    found[1, 0] += 1000
    truth[1, 0, 2] = 0
    assert torch.allclose(mean_errors(found, truth), torch.tensor([0.1, 0.0]), atol=1e-5)


def test_slopes_say_how_far_lips_and_lids_are_found_to_move() -> None:
    truth = make_truth(5).landmarks
    opening = torch.tensor([0.0, 4.0, 8.0, 12.0, 90.0])[:, None]
    lower = [67, 66, 65]
    truth[:, lower, 1] = truth[:, [61, 62, 63], 1] + opening
    truth[4, 62, 2] = 0  # does not count
    found = truth[..., :2].clone()
    found[:, lower, 1] = truth[:, [61, 62, 63], 1] + 3 + opening / 4
    torch.testing.assert_close(opening_slope(found, truth, LIPS), torch.tensor(0.25))
    assert opening_slope(found, truth, LIDS) == 0, "they don't move"
