"""Noise fields, masks and blur."""

import pytest
import torch

from pipelines.synthetic.rendering.noise import column, gaussian_blur, over, pick, spectral_noise


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("size", [(32, 48), (33, 20)])
def test_spectral_noise_is_normalised_and_wraps_around(generator, size):
    noise = spectral_noise(4, 2, size[0], size[1], generator, slope=1.5)
    assert noise.shape == (4, 2, *size)
    assert noise.mean((-2, -1)).abs().max() < 1e-5
    torch.testing.assert_close(noise.std((-2, -1)), torch.ones(4, 2))
    inner = (noise[..., 1:] - noise[..., :-1]).abs().mean()
    seam = (noise[..., 0] - noise[..., -1]).abs().mean()
    assert seam < 2 * inner


def test_slope_sets_how_rough_each_sample_is(generator):
    noise = spectral_noise(2, 1, 64, 64, generator, slope=torch.tensor([0.0, 2.0]))
    rough, smooth = (noise[..., 1:] - noise[..., :-1]).square().mean((1, 2, 3))
    assert rough > 10 * smooth


def test_stretch_draws_features_out_along_the_rows(generator):
    noise = spectral_noise(1, 1, 64, 64, generator, slope=1.0, stretch=8.0)
    assert noise.diff(dim=-1).square().mean() > 4 * noise.diff(dim=-2).square().mean()


def test_blur_uses_each_samples_own_width_and_keeps_the_mean(generator):
    images = torch.zeros(2, 3, 33, 33)
    images[:, :, 16, 16] = 1
    blurred = gaussian_blur(images, torch.tensor([0.0, 2.0]), max_sigma=2.0)
    torch.testing.assert_close(blurred[0], images[0])
    torch.testing.assert_close(blurred.sum((-2, -1)), torch.ones(2, 3))
    rows = torch.arange(33.0) - 16
    variance = (blurred[1, 0].sum(1) * rows.square()).sum()
    assert variance.sqrt() == pytest.approx(2.0, abs=0.05)


def test_pick_follows_its_weights(generator):
    drawn = pick(generator, (1.0, 0.0, 3.0), 4000)
    counts = drawn.bincount(minlength=3) / 4000
    torch.testing.assert_close(counts, torch.tensor([0.25, 0.0, 0.75]), atol=0.03, rtol=0)


def test_over_mixes_colours_by_the_mask():
    image = torch.zeros(2, 3, 4, 4)
    mask = column(torch.tensor([0.0, 0.5]), 4).expand(2, 1, 4, 4)
    mixed = over(image, mask, torch.ones(2, 3))
    assert mixed[0].eq(0).all()
    assert mixed[1].eq(0.5).all()
