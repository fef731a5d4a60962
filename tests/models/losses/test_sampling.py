"""Losses of flows without ground truth against plain formulas and their numerical gradients."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from models.losses.sampling import affine_regularisation, sampling_correctness
from models.ops.resampling import gaussian_resample
from tests.helpers.looped_ops import make_flow, make_uniform


@pytest.mark.parametrize("kernel", [3, 4])
def test_affine_regularisation_is_the_best_fits_residual(kernel: int) -> None:
    flow = make_uniform(2, 2, 5, 6)
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
    assert torch.autograd.gradcheck(
        lambda flow: affine_regularisation(flow, 3), make_uniform(1, 2, 4, 5).requires_grad_()
    )
    with pytest.raises(ValueError, match="smaller than a window of 5 x 5"):
        affine_regularisation(make_uniform(1, 2, 4, 9), 5)


def test_correctness_is_nothing_where_the_flow_finds_the_best_place() -> None:
    """A source of one direction everywhere agrees with the target at all places alike."""
    source = torch.ones(1, 4, 6, 6, dtype=torch.float64)
    target, flow = make_uniform(1, 4, 6, 6).abs() + 0.1, 2 * make_uniform(1, 2, 6, 6)
    torch.testing.assert_close(sampling_correctness(source, target, flow).item(), 0.0, atol=1e-7, rtol=0)
    varied = make_uniform(1, 4, 6, 6).abs() + 0.1
    assert float(sampling_correctness(varied, target, flow)) > 1e-3


def test_correctness_by_hand() -> None:
    source, target = make_uniform(1, 3, 2, 3), make_uniform(1, 3, 2, 3)
    flow, mask = make_uniform(1, 2, 2, 3) * 0.4, torch.tensor([[[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]]).double()
    warped = gaussian_resample(source, flow)
    terms = []
    for y, x in product(range(2), range(3)):
        here = target[0, :, y, x]
        best = max(float(F.cosine_similarity(source[0, :, v, u], here, 0)) for v, u in product(range(2), range(3)))
        got = F.cosine_similarity(warped[0, :, y, x], here, 0)
        terms.append(torch.exp(-got / best) - torch.exp(torch.tensor(-1.0)).double())
    table = torch.stack(terms).view(2, 3)
    torch.testing.assert_close(sampling_correctness(source, target, flow), table.mean(), atol=1e-6, rtol=0)
    masked = (table * mask[0, 0]).sum() / 3
    torch.testing.assert_close(sampling_correctness(source, target, flow, mask), masked, atol=1e-6, rtol=0)


def test_correctness_gradient() -> None:
    source, target = make_uniform(1, 3, 4, 5), make_uniform(1, 3, 4, 5)
    flow = make_flow(1, 2, 4, 5, spread=2.0).requires_grad_()
    assert torch.autograd.gradcheck(lambda flow: sampling_correctness(source, target, flow), flow)
