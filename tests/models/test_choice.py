"""The choice among several images by the odds of their masks."""

import torch

from models.choice import choose_sources, mix
from tests.helpers.golden import assert_close


def test_one_image_is_taken_as_it_is() -> None:
    value, mask = torch.rand(2, 3, 4, 5), torch.rand(2, 1, 4, 5)
    shares = choose_sources([mask])
    assert mix([value], shares) is value
    assert torch.equal(shares[0], torch.ones_like(mask))


def test_shares_are_in_proportion_to_the_squared_odds_and_sum_to_one() -> None:
    masks = [torch.full((1, 1, 2, 2), value) for value in (0.5, 0.75, 0.9)]  # odds 1, 3 and 9
    shares = choose_sources(masks)
    for share, expected in zip(shares, (1 / 91, 9 / 91, 81 / 91), strict=True):
        assert_close("share", share, torch.full_like(share, expected), 1e-6)
    mixed = mix([torch.full((1, 2, 2, 2), float(n)) for n in range(3)], shares)
    assert_close("mean", mixed, torch.full_like(mixed, 171 / 91), 1e-6)


def test_masks_that_are_quite_sure_leave_finite_shares_and_gradients() -> None:
    masks = [torch.tensor(values).view(1, 1, 1, 3).requires_grad_() for values in ([0.0, 1.0, 1.0], [1.0, 0.0, 1.0])]
    shares = torch.cat(choose_sources(masks), 1)[0, :, 0]
    assert_close("shares", shares, torch.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]]), 1e-5)
    shares[0].sum().backward()
    assert all(torch.isfinite(mask.grad).all() for mask in masks if mask.grad is not None)
