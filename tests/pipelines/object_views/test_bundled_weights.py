"""How good the bundled weights of view synthesis are, on objects that training never rendered."""

import pytest

from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights
from pipelines.training.view_synthesis import validation as view_validation
from pipelines.training.viewpoint import recipe as viewpoint


@pytest.mark.parametrize(("category", "least"), [("car", 23.0), ("chair", 21.0)])
def test_views_are_far_closer_to_the_truth_than_the_source_is(category: str, least: float) -> None:
    model = load_weights("objects", expect="view")
    assert isinstance(model, ViewGenerator)
    numbers, _ = view_validation.validate(model, category, 1, size=256)
    assert numbers["psnr"] > max(least, numbers["copy"] + 6)
    assert numbers["ssim"] > numbers["copy_ssim"] + 0.05
    assert numbers["l1"] < numbers["copy_l1"] / 2


@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_azimuth_is_found(category: str) -> None:
    network = load_weights("viewpoint", expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    numbers = viewpoint.validate(network, category, 40)
    assert numbers["median"] < 3
    assert numbers["reversed"] <= 0.05
    assert numbers["kind"] > 0.95
