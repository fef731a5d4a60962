"""Losses of the viewpoint network."""

import torch

from models.viewpoint import ViewpointOutput, azimuth_target
from pipelines.training.viewpoint.data import OTHER, Recipe, draw_labelled
from pipelines.training.viewpoint.losses import viewpoint_losses


def test_losses_vanish_for_the_truth_and_other_things_have_no_azimuth() -> None:
    recipe = Recipe(spread=1.0)
    truth = draw_labelled(Recipe(others=0.5), 8, 64, torch.Generator().manual_seed(1))
    known = azimuth_target(truth.azimuth, 72, 1.0).clamp(min=1e-6).log()
    kind = 40 * torch.nn.functional.one_hot(truth.kind, 3).float()
    right = viewpoint_losses(recipe, ViewpointOutput(known, kind, truth.elevation, truth.frame), truth)
    assert max(right[name] for name in ("kind", "elevation", "frame")) < 1e-6
    wrong = ViewpointOutput(known.roll(36, 1), kind.roll(1, 1), truth.elevation + 10, truth.frame + 0.1)
    assert all(viewpoint_losses(recipe, wrong, truth)[name] > value + 0.01 for name, value in right.items())
    truth.kind[:] = OTHER
    nothing = viewpoint_losses(Recipe(), wrong, truth)
    assert nothing["azimuth"] == nothing["elevation"] == nothing["frame"] == 0
