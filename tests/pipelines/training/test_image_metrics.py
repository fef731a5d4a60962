"""PSNR, SSIM and L1 on tensors."""

import pytest
import torch

from pipelines.evaluation import image_metrics as evaluation
from pipelines.training.image_metrics import l1, psnr, ssim


def test_psnr_of_a_known_error_with_and_without_weights() -> None:
    truth = torch.zeros(2, 3, 8, 8)
    images = truth.clone()
    images[:, :, :, 4:] = 0.2  # an error of 0.1 in a range of 0 to 1, in half of the image
    left = torch.zeros(2, 1, 8, 8)
    left[..., :4] = 1
    torch.testing.assert_close(psnr(images, truth), torch.full((2,), 23.0103), atol=1e-3, rtol=0)
    torch.testing.assert_close(psnr(images, truth, 1 - left), torch.full((2,), 20.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(psnr(images, truth, left), torch.full((2,), 100.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(l1(images, truth), torch.full((2,), 0.05))


def test_psnr_of_clips_has_a_number_per_frame() -> None:
    clips = torch.rand(2, 5, 3, 8, 8)
    assert psnr(clips, torch.zeros_like(clips), torch.ones(2, 5, 1, 8, 8)).shape == (2, 5)


def test_ssim_is_that_of_evaluation() -> None:
    generator = torch.Generator().manual_seed(1)
    first = torch.rand(1, 3, 40, 48, generator=generator).double()
    second = (first + 0.3 * torch.rand(1, 3, 40, 48, generator=generator)).clamp(0, 1)
    assert float(ssim(2 * first - 1, 2 * second - 1)) == pytest.approx(evaluation.ssim(first, second), abs=1e-6)


def test_weighted_ssim_is_that_of_the_part() -> None:
    truth = torch.rand(2, 3, 40, 48, generator=torch.Generator().manual_seed(2)) * 2 - 1
    images = truth.clone()
    images[..., :20] = 0
    left, right = torch.zeros(2, 1, 40, 48), torch.zeros(2, 1, 40, 48)
    left[..., :14], right[..., 26:] = 1, 1
    inner = torch.nn.functional.pad(torch.ones(2, 1, 30, 38), (5,) * 4)
    torch.testing.assert_close(ssim(images, truth, inner), ssim(images, truth))
    torch.testing.assert_close(ssim(images, truth, right), torch.ones(2))
    assert ssim(images, truth, left).max() < 0.1
