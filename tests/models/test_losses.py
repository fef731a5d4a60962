"""Losses against plain formulas and their numerical gradients; the authors' values are in the golden tests."""

from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import WeightsError
from models.losses.adversarial import ADVERSARIAL
from models.losses.perceptual import Vgg19, content_loss, gram, load_vgg19, style_loss
from models.losses.sampling import affine_regularisation, sampling_correctness
from models.ops.resampling import gaussian_resample


def uniform(*shape: int, seed: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, dtype=torch.float64, generator=generator) * 2 - 1


@pytest.mark.parametrize("kernel", [3, 4])
def test_affine_regularisation_is_the_best_fits_residual(kernel: int) -> None:
    flow = uniform(2, 2, 5, 6)
    rows, columns = torch.meshgrid(*[torch.arange(kernel, dtype=torch.float64)] * 2, indexing="ij")
    affine = torch.stack([rows.flatten(), columns.flatten(), torch.ones(kernel**2)], 1).double()
    total, count = 0.0, 0
    for b, y, x in product(range(2), range(5 - kernel + 1), range(6 - kernel + 1)):
        for axis, grid in enumerate((columns + x, rows + y)):
            window = (flow[b, axis, y : y + kernel, x : x + kernel] + grid).reshape(-1, 1)
            fit = affine @ torch.linalg.lstsq(affine, window).solution
            total += float((window - fit).square().sum())
        count += 1
    torch.testing.assert_close(affine_regularisation(flow, kernel), torch.tensor(total / count).double())


def test_affine_regularisation_gradient_and_refusal() -> None:
    assert torch.autograd.gradcheck(lambda flow: affine_regularisation(flow, 3), uniform(1, 2, 4, 5).requires_grad_())
    with pytest.raises(ValueError, match="smaller than a window of 5 x 5"):
        affine_regularisation(uniform(1, 2, 4, 9), 5)


def test_correctness_is_nothing_where_the_flow_finds_the_best_place() -> None:
    """A source of one direction everywhere agrees with the target at all places alike."""
    source = torch.ones(1, 4, 6, 6, dtype=torch.float64)
    target, flow = uniform(1, 4, 6, 6).abs() + 0.1, 2 * uniform(1, 2, 6, 6)
    torch.testing.assert_close(sampling_correctness(source, target, flow).item(), 0.0, atol=1e-7, rtol=0)
    varied = uniform(1, 4, 6, 6, seed=5).abs() + 0.1
    assert float(sampling_correctness(varied, target, flow)) > 1e-3


def test_correctness_by_hand() -> None:
    source, target = uniform(1, 3, 2, 3), uniform(1, 3, 2, 3, seed=4)
    flow, mask = uniform(1, 2, 2, 3) * 0.4, torch.tensor([[[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]]).double()
    fetched = gaussian_resample(source, flow)
    terms = []
    for y, x in product(range(2), range(3)):
        here = target[0, :, y, x]
        best = max(float(F.cosine_similarity(source[0, :, v, u], here, 0)) for v, u in product(range(2), range(3)))
        got = F.cosine_similarity(fetched[0, :, y, x], here, 0)
        terms.append(torch.exp(-got / best) - torch.exp(torch.tensor(-1.0)).double())
    table = torch.stack(terms).view(2, 3)
    torch.testing.assert_close(sampling_correctness(source, target, flow), table.mean(), atol=1e-6, rtol=0)
    masked = (table * mask[0, 0]).sum() / 3
    torch.testing.assert_close(sampling_correctness(source, target, flow, mask), masked, atol=1e-6, rtol=0)


def test_correctness_gradient() -> None:
    source, target = uniform(1, 3, 4, 5), uniform(1, 3, 4, 5, seed=4)
    flow = ((uniform(1, 2, 4, 5) * 2).round() + 0.5 + 0.3 * uniform(1, 2, 4, 5, seed=8)).requires_grad_()
    assert torch.autograd.gradcheck(lambda flow: sampling_correctness(source, target, flow), flow)


def test_adversarial_modes() -> None:
    real, fake = uniform(2, 1, 4, 3) * 3, uniform(2, 1, 4, 3, seed=4) * 3
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    entropy = F.binary_cross_entropy_with_logits
    expected = {
        "lsgan": ((F.mse_loss(real, ones) + F.mse_loss(fake, zeros)) / 2, F.mse_loss(fake, ones)),
        "hinge": (((1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean()) / 2, -fake.mean()),
        "vanilla": ((entropy(real, ones) + entropy(fake, zeros)) / 2, entropy(fake, ones)),
    }
    assert set(ADVERSARIAL) == set(expected)
    for mode, (discriminator, generator) in ADVERSARIAL.items():
        torch.testing.assert_close(discriminator(real, fake), expected[mode][0])
        torch.testing.assert_close(generator(fake), expected[mode][1])


def test_features_stop_at_the_deepest_wanted() -> None:
    vgg, image = Vgg19(width=2), torch.rand(1, 3, 32, 32)
    vgg.features[12].register_forward_hook(lambda module, inputs, output: pytest.fail("computed for nothing"))
    assert list(vgg(image, ["relu3_1", "relu1_1"])) == ["relu1_1", "relu3_1"]
    assert vgg(image, ["relu3_1"])["relu3_1"].shape == (1, 8, 8, 8)
    assert not any(parameter.requires_grad for parameter in vgg.parameters())


def test_perceptual_losses() -> None:
    vgg, image = Vgg19(width=2).double(), uniform(1, 3, 32, 32)
    flipped = vgg(image.flip(-1))
    assert float(content_loss(vgg(image), vgg(image))) == float(style_loss(vgg(image), vgg(image))) == 0
    assert float(content_loss(vgg(image), flipped)) > 0
    features = uniform(2, 3, 4, 5)
    torch.testing.assert_close(gram(features)[1, 0, 2], (features[1, 0] * features[1, 2]).sum() / 60)
    torch.testing.assert_close(gram(features.flip(-1)), gram(features))


def test_vgg_from_a_file(tmp_path: Path) -> None:
    vgg, path = Vgg19(width=2), tmp_path / "vgg19.pth"
    torch.save(vgg.state_dict() | {"classifier.0.bias": torch.zeros(3)}, path)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_vgg19(path)(image)["relu5_2"], vgg(image)["relu5_2"])
    torch.save({"features.0.bias": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match=r"vgg19\.pth has no weights of torchvision's vgg19"):
        load_vgg19(path)
    with pytest.raises(WeightsError, match="absent"):
        load_vgg19(tmp_path / "absent.pth")
