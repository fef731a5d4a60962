"""How good the bundled weights of view synthesis are, on objects that training never rendered."""

import pytest
import torch

from benchmarks.former_objects import measure_azimuth, measure_views, read_objects
from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights

CPU = torch.device("cpu")


@torch.inference_mode()
@pytest.mark.parametrize(("category", "least"), [("car", 24.0), ("chair", 21.0)])
def test_views_are_far_closer_to_the_truth_than_the_source_is(category: str, least: float) -> None:
    model = load_weights("objects", expect="view")
    assert isinstance(model, ViewGenerator)
    (objects,) = read_objects(category, 8, CPU)
    psnr, ssim, l1, copy, copy_ssim, copy_l1 = measure_views(model, objects).mean(0).tolist()
    assert psnr > max(least, copy + 6)
    assert ssim > copy_ssim + 0.05
    assert l1 < copy_l1 / 2


@torch.inference_mode()
@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_azimuth_is_found(category: str) -> None:
    network = load_weights("viewpoint", expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    errors = torch.cat([measure_azimuth(network, objects) for objects in read_objects(category, 40, CPU)])
    assert errors.median() < 3
    assert (errors > 120).float().mean() <= 0.05
