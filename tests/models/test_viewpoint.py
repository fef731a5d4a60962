import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.viewpoint import (
    USUAL_DISTANCE,
    ViewpointConfig,
    ViewpointNetwork,
    ViewpointOutput,
    angle_between,
    average_views,
    azimuth_target,
    decode_viewpoint,
    join_answers,
    mirror_answer,
)
from models.weights import load_weights, save_weights

SMALL = ViewpointConfig(widths=(4, 8, 8, 8, 8), hidden=8, bins=36, size=64)


def answer(chances: Tensor) -> ViewpointOutput:
    batch = len(chances)
    flat = torch.zeros(batch)
    frame, spread = torch.zeros(batch, 3), torch.full((batch, 2), torch.inf)
    return ViewpointOutput(chances.clamp(min=1e-9).log(), torch.zeros(batch, 3), flat, frame, flat, spread)


@pytest.mark.parametrize("azimuth", [0.0, 3.0, 90.0, 181.5, 358.0])
@pytest.mark.parametrize("bins", [36, 72])
def test_the_direction_of_a_peak_is_found_between_bins_and_across_zero(azimuth: float, bins: int) -> None:
    estimate = decode_viewpoint(answer(azimuth_target(torch.tensor([azimuth]), bins, 6.0)))
    assert float(angle_between(estimate.azimuth, torch.tensor(azimuth))) < 0.3
    assert 0 <= float(estimate.azimuth) < 360
    assert float(estimate.confidence) > 0.98


def test_front_or_back_is_decided_for_the_likelier_and_confidence_says_so() -> None:
    front, back = (azimuth_target(torch.tensor([azimuth]), 72, 6.0) for azimuth in (30.0, 210.0))
    estimate = decode_viewpoint(answer(0.35 * front + 0.65 * back))
    assert float(estimate.azimuth) == pytest.approx(210, abs=0.5)
    assert float(estimate.confidence) == pytest.approx(0.65, abs=0.02)
    assert float(decode_viewpoint(answer(torch.full((1, 72), 1 / 72))).confidence) == pytest.approx(9 / 72, abs=1e-3)


def test_what_looks_the_same_from_several_sides_has_a_peak_for_each() -> None:
    azimuth = torch.tensor([20.0, 20.0, 20.0])
    several = azimuth_target(azimuth, 72, 6.0, torch.tensor([1, 2, 4]))
    for chances, folds in zip(several, (1, 2, 4), strict=True):
        peaks = torch.tensor([20.0 + 360 * fold / folds for fold in range(folds)])
        torch.testing.assert_close(chances, azimuth_target(peaks, 72, 6.0).mean(0), atol=0.003, rtol=0)
    torch.testing.assert_close(azimuth_target(azimuth, 72, 6.0, 360), torch.full((3, 72), 1 / 72), atol=1e-4, rtol=0)


def test_angles_are_apart_the_short_way() -> None:
    first, second = torch.tensor([350.0, 10, 180, -30]), torch.tensor([10.0, 350, 0, 330])
    assert angle_between(first, second).tolist() == [20, 20, 180, 0]
    assert angle_between(first, second, torch.tensor([2, 4, 2, 1])).tolist() == [20, 20, 0, 0]
    assert angle_between(torch.tensor([0.0, 80, 100]), torch.tensor(0.0), 2).tolist() == [0, 80, 80]
    assert angle_between(torch.tensor([45.0, 80]), torch.tensor(0.0), 4).tolist() == [45, 10]


def test_an_object_in_squares_of_several_sizes_has_one_frame_and_the_mean_of_all_else() -> None:
    sizes = torch.tensor([0.8, 1.25])
    sides = 1.5 / sizes[:, None]  # [2,1] of the same frame in units of each square
    frame = torch.cat([torch.tensor([[0.1, -0.05]]) / sizes[:, None], sides.log()], 1)
    one_way, other = (azimuth_target(torch.tensor([azimuth]), 72, 6.0) for azimuth in (40.0, 220.0))
    chances = torch.cat([0.9 * one_way + 0.1 * other, 0.4 * one_way + 0.6 * other])
    found = average_views(replace(answer(chances), frame=frame, elevation=torch.tensor([4.0, 8.0])), sizes)
    torch.testing.assert_close(found.azimuth.exp(), chances.mean(0, keepdim=True), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.frame, torch.tensor([[0.1, -0.05, math.log(1.5)]]), atol=1e-6, rtol=0)
    assert found.elevation.tolist() == [6]


def test_mirrored_pictures_say_the_same_of_an_object_whose_sides_are_alike() -> None:
    seen, mirrored = (azimuth_target(torch.tensor([azimuth]), 72, 6.0) for azimuth in (40.0, 320.0))
    frame = torch.tensor([[0.1, -0.05, 0.2]])
    first = replace(answer(seen), frame=frame)
    second = mirror_answer(replace(answer(mirrored), frame=frame * torch.tensor([-1.0, 1.0, 1.0])))
    torch.testing.assert_close(second.azimuth, first.azimuth, atol=1e-4, rtol=0)
    assert torch.equal(second.frame, frame)
    joined = join_answers(first, second)
    assert joined.azimuth.shape == (2, 72)
    assert joined.elevation.shape == (2,)


def test_small_errors_make_elevation_and_nearness_sure() -> None:
    sure, unsure = (
        decode_viewpoint(
            replace(answer(torch.ones(1, 72)), nearness=torch.tensor([-0.1]), spread=torch.tensor([errors]))
        )
        for errors in ((0.5, 0.01), (20.0, 2.0))
    )
    assert min(sure.elevation_confidence, sure.nearness_confidence) > 0.99
    assert max(unsure.elevation_confidence, unsure.nearness_confidence) < 0.3
    assert float(sure.nearness) == 0  # no camera is behind infinity
    assert float(decode_viewpoint(answer(torch.ones(1, 72))).elevation_confidence) == 0


def test_a_network_with_lens_estimates_nearness_and_its_errors() -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 3, 64, 64)
    without, lens = (ViewpointNetwork(config=replace(SMALL, lens=lens)).eval()(image) for lens in (False, True))
    assert (without.nearness == 1 / USUAL_DISTANCE).all()
    assert without.spread.isinf().all()
    assert lens.spread.isfinite().all()
    assert lens.nearness[0] != lens.nearness[1]


def test_shapes_and_the_file_it_is_saved_in(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ViewpointNetwork(config=SMALL).eval()
    image = torch.rand(2, 3, 64, 64)
    found = network(image)
    assert [tuple(value.shape) for value in vars(found).values()] == [(2, 36), (2, 3), (2,), (2, 3), (2,), (2, 2)]
    path = tmp_path / "w.safetensors"
    save_weights(path, network, architecture="viewpoint", licence="", command="", extra={}, exact=True)
    assert torch.equal(load_weights(path, expect="viewpoint")(image).azimuth, found.azimuth)
