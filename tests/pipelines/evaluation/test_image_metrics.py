"""Every metric against an independent computation, and against the authors' numbers of the golden files."""

import math
import runpy
import sys

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.functional.regression import mean_absolute_error, mean_squared_error

from models.errors import InputError
from pipelines.evaluation import image_metrics
from pipelines.evaluation.image_metrics import (
    FlickerMeter,
    MeanMeter,
    l1,
    mae,
    psnr,
    ssim,
    ssim_of_prediction,
    ssim_uniform,
    to_tensor,
)
from tests.helpers.golden_data import data_cases

Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture(params=["noise", "bright", "dark", "equal"])
def pair(request: pytest.FixtureRequest) -> Pair:
    """Two pictures uint8 [61, 53, 3]: unequal, almost white, almost black, and the same."""
    rng = np.random.default_rng(3)
    low, high = {"noise": (0, 256), "bright": (249, 256), "dark": (0, 3), "equal": (0, 256)}[request.param]
    first, second = rng.integers(low, high, (2, 61, 53, 3), dtype=np.uint8)
    return first, first if request.param == "equal" else second


def tensors(pair: Pair) -> tuple[torch.Tensor, torch.Tensor]:
    return to_tensor(pair[0]), to_tensor(pair[1])


def test_psnr_and_l1_are_the_formulas(pair: Pair) -> None:
    first, second = (picture.astype(np.float64) / 255 for picture in pair)
    squared = ((first - second) ** 2).mean()
    expected = 10 * np.log10(1 / squared) if squared else np.inf
    assert float(psnr(*tensors(pair))) == pytest.approx(expected, abs=1e-6)
    assert float(l1(*tensors(pair))) == pytest.approx(np.abs(first - second).mean(), abs=1e-9)
    assert float(mae(*tensors(pair))) == pytest.approx(np.abs(first - second).sum() / (first + second).sum(), abs=1e-9)


def test_psnr_and_l1_are_those_of_torchmetrics(pair: Pair) -> None:
    first, second = (picture.flatten() for picture in tensors(pair))
    error = float(mean_squared_error(first, second))
    assert psnr(*tensors(pair)) == (-10 * math.log10(error) if error else math.inf)
    assert torch.equal(l1(*tensors(pair)), mean_absolute_error(first, second))


def independent_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """SSIM of uint8 [H, W, 3] by the formula of Wang et al., with filters of its own."""
    places = np.arange(-5, 6)
    window = np.exp(-(places**2) / (2 * 1.5**2))
    window /= window.sum()

    def smooth(values: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(values, window, 0), window, 1)[5:-5, 5:-5]

    x, y = first / 255, second / 255
    mx, my = smooth(x), smooth(y)
    vx, vy, cov = smooth(x * x) - mx**2, smooth(y * y) - my**2, smooth(x * y) - mx * my
    return float(((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))).mean())


def test_ssim_is_the_formula_and_that_of_torchmetrics(pair: Pair) -> None:
    found = ssim(*tensors(pair))
    assert found == pytest.approx(independent_ssim(*pair), abs=1e-6)
    _, full = structural_similarity_index_measure(*tensors(pair), data_range=1.0, return_full_image=True)
    assert found == pytest.approx(float(full[..., 5:-5, 5:-5].mean()), abs=1e-6)


def test_pictures_smaller_than_the_window_are_refused() -> None:
    small = to_tensor(np.zeros((50, 60, 3), np.uint8))
    assert ssim(small, small) == 1
    with pytest.raises(InputError, match="60x50 are smaller than SSIM's window of 51"):
        ssim_uniform(small, small)


@pytest.mark.parametrize("case", data_cases("metrics"))
def test_the_authors_numbers_are_reproduced(case: dict[str, torch.Tensor]) -> None:
    reference, generated = (case[f"in.{name}"].permute(2, 0, 1)[None].double() for name in ("gt", "pred"))
    measures = (psnr, ssim_uniform, ssim_of_prediction, mae, l1)
    found = [float(measure(generated, reference)) for measure in measures]
    np.testing.assert_allclose(found, case["out.psnr_ssim_ssim256_mae_l1"].numpy(), atol=1e-6)


def test_a_mean_is_over_pictures() -> None:
    meter, zero = MeanMeter("l1", "lower", "", l1), torch.zeros(1, 3, 4, 4)
    for value in (0.25, 0.75, 0.5):
        meter.add(zero + value, zero)
    assert meter.value() == 0.5


def test_flicker_is_zero_for_a_constant_error_and_counts_what_blinks() -> None:
    frames = np.random.default_rng(2).uniform(0, 0.8, (4, 1, 3, 8, 8))
    steady, blinking = FlickerMeter(), FlickerMeter()
    for index, frame in enumerate(frames):
        steady.add(torch.from_numpy(frame + 0.1), torch.from_numpy(frame))
        blinking.add(torch.from_numpy(frame + 0.1 * (index % 2)), torch.from_numpy(frame))
    assert steady.value() == pytest.approx(0, abs=1e-12)
    assert blinking.value() == pytest.approx(0.1)
    assert np.isnan(FlickerMeter().value())


def test_the_module_needs_nothing_that_training_machines_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("torchmetrics", "skimage", "av"):
        monkeypatch.setitem(sys.modules, package, None)
    fresh = runpy.run_path(str(image_metrics.__file__))
    assert fresh["psnr"](torch.zeros(4), torch.full((4,), 0.1)) == pytest.approx(20, abs=1e-5)
