"""Gaussian resampling against loops over pixels, its numerical gradient, and awkward inputs."""

import pytest
import torch

from models.ops.resampling import gaussian_resample
from tests.helpers.golden import assert_close
from tests.helpers.looped_ops import looped_resampling, make_flow, make_uniform


@pytest.mark.parametrize("spread", [0.0, 2.3, 60.0])
@pytest.mark.parametrize(("kernel", "dilation", "sigma"), [(4, 1, 2.0), (2, 3, 0.7)])
def test_gaussian_resampling(kernel: int, dilation: int, sigma: float, spread: float) -> None:
    source, flow = make_uniform(2, 2, 5, 4), make_flow(2, 2, 3, 4, spread=spread)
    found = gaussian_resample(source, flow, kernel_size=kernel, dilation=dilation, sigma=sigma)
    assert_close("resampled", found, looped_resampling(source, flow, kernel, dilation, sigma), 1e-12)


def test_gradient() -> None:
    leaves = [make_uniform(2, 2, 3, 4).requires_grad_(), make_flow(2, 2, 3, 2, spread=2.0).requires_grad_()]
    assert torch.autograd.gradcheck(gaussian_resample, leaves)


@pytest.mark.parametrize("size", [(0, 3, 4), (2, 0, 4)])
def test_empty_batch_or_flow(size: tuple[int, int, int]) -> None:
    batch, height, width = size
    found = gaussian_resample(make_uniform(batch, 4, 5, 6), make_uniform(batch, 2, height, width))
    assert found.shape == (batch, 4, height, width)


def test_odd_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        gaussian_resample(make_uniform(1, 2, 4, 4), make_uniform(1, 2, 4, 4), kernel_size=3)
