"""Image losses against plain formulas."""

import pytest
import torch

from models.losses.image import gradient_pyramid, weighted_l1
from tests.helpers.looped_ops import make_uniform


def test_weighted_l1_is_not_divided_by_the_weight() -> None:
    image, target = make_uniform(2, 3, 4, 5), make_uniform(2, 3, 4, 5)
    weight = torch.zeros(2, 1, 4, 5, dtype=torch.float64)
    weight[:, :, :2] = 3.0
    expected = 3 * (image - target)[:, :, :2].abs().sum() / image.numel()
    torch.testing.assert_close(weighted_l1(image, target, weight), expected)


def test_gradient_pyramid_by_hand() -> None:
    error = torch.tensor([[1.0, 2.0], [4.0, 8.0]], dtype=torch.float64).view(1, 1, 2, 2)
    down, right, mean = (3 + 6) / 2, (1 + 4) / 2, 15 / 4
    target = make_uniform(1, 1, 2, 2)
    assert float(gradient_pyramid(target + error, target, levels=1)) == pytest.approx(down + right + mean)


def test_gradient_pyramid_penalises_blur_more_than_an_equal_shift() -> None:
    target = torch.zeros(1, 1, 16, 16)
    target[..., ::2] = 1.0
    blurred, shifted = torch.full_like(target, 0.5), target + 0.5  # the same plain L1
    assert gradient_pyramid(blurred, target, levels=1) == 2 * gradient_pyramid(shifted, target, levels=1)
    assert float(gradient_pyramid(target, target)) == 0
