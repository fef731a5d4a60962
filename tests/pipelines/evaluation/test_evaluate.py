"""Every metric against an independent computation, and against the authors' formulas of the golden files."""

import numpy as np
import pytest
import torch
from safetensors import safe_open
from scipy.linalg import sqrtm
from scipy.ndimage import correlate1d
from torch import nn
from torchmetrics.functional.image import structural_similarity_index_measure

from models.errors import InputError
from pipelines.evaluation.feature_networks import TorchvisionInception
from pipelines.evaluation.fid import BATCH, Frechet, add_pictures, frechet_distance
from pipelines.evaluation.image_metrics import (
    Flicker,
    l1,
    mae,
    psnr,
    ssim,
    ssim_of_prediction,
    ssim_uniform,
    to_tensor,
)
from tests.helpers.golden import FOLDER

Pair = tuple[np.ndarray, np.ndarray]


def golden(case: str) -> list:
    """The tensors of one case, one parameter for each file that has it."""
    found = []
    for path in sorted(FOLDER.glob("data*.safetensors")):
        with safe_open(path, "pt") as file:
            tensors = {key.split("/")[1]: file.get_tensor(key) for key in file.keys() if key.split("/")[0] == case}  # noqa: SIM118
        found += [pytest.param(tensors, id=path.stem)] if tensors else []
    return found


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


def by_hand(first: np.ndarray, second: np.ndarray) -> float:
    """SSIM from Wang et al.'s formula with filters of its own: uint8 [H, W, 3]."""
    places = np.arange(-5, 6)
    window = np.exp(-(places**2) / (2 * 1.5**2))
    window /= window.sum()

    def smooth(values: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(values, window, 0), window, 1)[5:-5, 5:-5]

    x, y = first / 255, second / 255
    mx, my = smooth(x), smooth(y)
    vx, vy, cov = smooth(x * x) - mx**2, smooth(y * y) - my**2, smooth(x * y) - mx * my
    return float(((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))).mean())


def test_ssim_is_the_formula_and_torchmetrics(pair: Pair) -> None:
    found = ssim(*tensors(pair))
    assert found == pytest.approx(by_hand(*pair), abs=1e-6)
    _, full = structural_similarity_index_measure(*tensors(pair), data_range=1.0, return_full_image=True)
    assert found == pytest.approx(float(full[..., 5:-5, 5:-5].mean()), abs=1e-6)


def test_small_pictures_are_refused_where_the_window_does_not_fit() -> None:
    small = to_tensor(np.zeros((50, 60, 3), np.uint8))
    assert ssim(small, small) == 1
    with pytest.raises(InputError, match="60x50 are smaller than SSIM's window of 51"):
        ssim_uniform(small, small)


@pytest.mark.parametrize("case", golden("metrics"))
def test_the_authors_numbers_reproduce(case: dict[str, torch.Tensor]) -> None:
    reference, generated = (case[f"in.{name}"].permute(2, 0, 1)[None].double() for name in ("gt", "pred"))
    measures = (psnr, ssim_uniform, ssim_of_prediction, mae, l1)
    found = [float(measure(generated, reference)) for measure in measures]
    np.testing.assert_allclose(found, case["out.psnr_ssim_ssim256_mae_l1"].numpy(), atol=1e-6)


def independent_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance with scipy's matrix root."""
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = np.real(np.asarray(sqrtm(a @ b)))
    return float(((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root))


def test_fid_of_given_features_is_the_formula() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(300, 24)) @ rng.normal(size=(24, 24)) + 3
    second = rng.normal(size=(200, 24)) * rng.uniform(0.1, 4, 24)
    assert frechet_distance(first, second) == pytest.approx(independent_distance(first, second), abs=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("case", golden("frechet"))
def test_the_authors_fid_reproduces(case: dict[str, torch.Tensor]) -> None:
    found = frechet_distance(case["in.a"].numpy(), case["in.b"].numpy())
    assert found == pytest.approx(float(case["out.distance"]), abs=1e-6)


def test_fid_of_pictures_takes_every_picture_or_whole_batches_only() -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (BATCH + 10, 6, 5, 3), dtype=np.uint8)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
    for drop_last, counted in ((False, BATCH + 10), (True, BATCH)):
        frechet = Frechet(12)
        for real, part in ((True, pictures), (False, 255 - pictures)):
            floats = (picture.astype(np.float32) for picture in part)
            add_pictures(frechet, floats, network, real=real, drop_last=drop_last, device="cpu")
        assert frechet.counts == {True: counted, False: counted}
        with torch.inference_mode():
            features = network(torch.from_numpy(pictures[:counted].transpose(0, 3, 1, 2)).float()).double().numpy()
            others = network(torch.from_numpy(255 - pictures[:counted].transpose(0, 3, 1, 2)).float()).double().numpy()
        assert frechet.value() == pytest.approx(independent_distance(features, others), rel=1e-6)


def test_fid_of_one_picture_is_refused() -> None:
    with pytest.raises(InputError, match="two pictures on each side"):
        frechet_distance(np.zeros((1, 4)), np.zeros((5, 4)))


def test_torchvisions_inception_gives_pool_features() -> None:
    pictures = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
    network = TorchvisionInception(None)
    features = network(pictures)
    assert features.shape == (2, network.num_features)
    assert (features >= 0).all()
    assert torch.equal(features, network(pictures))


def test_flicker_is_zero_for_a_constant_error_and_counts_what_blinks() -> None:
    rng = np.random.default_rng(2)
    frames = rng.uniform(0, 0.8, (4, 1, 3, 8, 8))
    steady, blinking = Flicker(), Flicker()
    for index, frame in enumerate(frames):
        steady.add(torch.from_numpy(frame + 0.1), torch.from_numpy(frame))
        blinking.add(torch.from_numpy(frame + 0.1 * (index % 2)), torch.from_numpy(frame))
    assert steady.value() == pytest.approx(0, abs=1e-12)
    assert blinking.value() == pytest.approx(0.1)
