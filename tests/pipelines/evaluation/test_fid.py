"""The Frechet distance against scipy's matrix root and the authors' numbers."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from models.errors import InputError
from pipelines.evaluation.fid import BATCH, FrechetDistance, add_pictures
from tests.helpers.golden_data import data_cases


def frechet_distance(reference: np.ndarray, generated: np.ndarray) -> float:
    """The distance of features [N, F]."""
    distance = FrechetDistance(reference.shape[1])
    distance.add(torch.from_numpy(reference.astype(np.float64)), real=True)
    distance.add(torch.from_numpy(generated.astype(np.float64)), real=False)
    return distance.value()


def independent_distance(first: np.ndarray, second: np.ndarray) -> float:
    """The same with scipy's matrix root."""
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = np.real(np.asarray(sqrtm(a @ b)))
    return float(((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root))


def test_the_distance_of_features_is_the_formula() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(300, 24)) @ rng.normal(size=(24, 24)) + 3
    second = rng.normal(size=(200, 24)) * rng.uniform(0.1, 4, 24)
    assert frechet_distance(first, second) == pytest.approx(independent_distance(first, second), abs=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("case", data_cases("frechet"))
def test_the_authors_number_is_reproduced(case: dict[str, torch.Tensor]) -> None:
    found = frechet_distance(case["in.a"].numpy(), case["in.b"].numpy())
    assert found == pytest.approx(float(case["out.distance"]), abs=1e-6)


@pytest.mark.parametrize(("drop_last", "counted"), [(False, BATCH + 10), (True, BATCH)])
def test_all_pictures_count_or_complete_batches_only(drop_last: bool, counted: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (BATCH + 10, 6, 5, 3), dtype=np.uint8)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
    distance = FrechetDistance(12)
    for real, part in ((True, pictures), (False, 255 - pictures)):
        floats = (picture.astype(np.float32) for picture in part)
        add_pictures(distance, floats, network, real=real, drop_last=drop_last, device="cpu")
    assert (distance.reference, distance.generated) == (counted, counted)
    with torch.inference_mode():
        features, others = (
            network(torch.from_numpy(part[:counted].transpose(0, 3, 1, 2)).float()).double().numpy()
            for part in (pictures, 255 - pictures)
        )
    assert distance.value() == pytest.approx(independent_distance(features, others), rel=1e-6)


def test_pictures_of_different_sizes_are_refused() -> None:
    pictures = [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8)]
    with pytest.raises(InputError, match="differ in size: pass --resize"):
        add_pictures(FrechetDistance(3), pictures, nn.Flatten(), real=True, drop_last=False, device="cpu")


def test_a_single_picture_is_refused() -> None:
    with pytest.raises(InputError, match="two pictures on each side, not 5 generated and 1 reference"):
        frechet_distance(np.zeros((1, 4)), np.zeros((5, 4)))
