"""Losses of the viewpoint network."""

from dataclasses import replace

import torch

from models.turning import Camera
from models.viewpoint import OTHER, ViewpointOutput, azimuth_target
from pipelines.training.viewpoint.data import KINDS, Recipe, draw_labelled
from pipelines.training.viewpoint.losses import viewpoint_losses


def test_every_azimuth_from_which_a_table_looks_the_same_is_right() -> None:
    truth = draw_labelled(Recipe(), 8, 64, torch.Generator().manual_seed(1))
    truth.kind[:], truth.folds = KINDS.index("table"), torch.tensor([1, 2, 4, 360]).repeat(2)
    likely = azimuth_target(Camera.unstack(truth.camera).azimuth, 72, 6.0, truth.folds).clamp(min=1e-9).log()

    def measure(turn: float, folds: int) -> float:
        """The azimuth's loss where it is answered as after a turn in degrees."""
        chosen, zero = truth.folds == folds, torch.zeros(2)
        kind, frame, spread = torch.zeros(2, len(KINDS)), torch.zeros(2, 3), torch.ones(2, 2)
        answer = ViewpointOutput(likely.roll(round(turn / 5), 1)[chosen], kind, zero, frame, zero, spread)
        return float(viewpoint_losses(Recipe(), answer, truth[chosen])["azimuth"])

    for turn, alike in ((180, (2, 4, 360)), (90, (4, 360)), (45, (360,))):
        right = [folds for folds in (1, 2, 4, 360) if measure(turn, folds) < measure(0, folds) + 0.01]
        assert right == list(alike)


def test_losses_vanish_for_the_truth_and_other_things_have_no_azimuth() -> None:
    recipe = Recipe(spread=1.0)
    truth = draw_labelled(Recipe(others=0.5), 8, 64, torch.Generator().manual_seed(1))
    truth.kind[:4], truth.folds[:4] = KINDS.index("car"), 1
    camera = Camera.unstack(truth.camera)
    known = azimuth_target(camera.azimuth, 72, 1.0).clamp(min=1e-6).log()
    kind = 40 * torch.nn.functional.one_hot(truth.kind, len(KINDS)).float()
    spread = torch.full((8, 2), 0.5)  # whose density is 1 at the truth
    exact = ViewpointOutput(known, kind, camera.elevation, truth.frame, camera.nearness, spread)
    right = viewpoint_losses(recipe, exact, truth)
    assert max(right[name] for name in ("kind", "elevation", "nearness", "frame")) < 1e-6
    wrong = ViewpointOutput(
        known.roll(36, 1), kind.roll(1, 1), camera.elevation + 10, truth.frame + 0.1, camera.nearness + 0.3, spread
    )
    assert all(viewpoint_losses(recipe, wrong, truth)[name] > value + 0.01 for name, value in right.items())
    unsure = replace(wrong, spread=torch.tensor([10.0, 0.3]).expand(8, 2))
    assert viewpoint_losses(recipe, unsure, truth)["elevation"] < viewpoint_losses(recipe, wrong, truth)["elevation"]
    truth.kind[:] = KINDS.index(OTHER)
    unknown = viewpoint_losses(Recipe(), wrong, truth)
    assert unknown["azimuth"] == 0  # an object without a front
    assert unknown["frame"] > 0
    truth.shown[:] = False
    nothing = viewpoint_losses(Recipe(), wrong, truth)
    assert nothing["azimuth"] == nothing["elevation"] == nothing["nearness"] == nothing["frame"] == 0
