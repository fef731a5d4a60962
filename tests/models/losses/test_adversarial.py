"""Adversarial losses against plain formulas; the authors' values are in the golden tests."""

import pytest
import torch
import torch.nn.functional as F

from models.losses.adversarial import ADVERSARIAL, feature_matching
from tests.helpers.looped_ops import make_uniform


def test_adversarial_modes() -> None:
    real, fake = make_uniform(2, 1, 4, 3) * 3, make_uniform(2, 1, 4, 3) * 3
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


def test_feature_matching_sums_over_layers_and_trains_the_fake_side_only() -> None:
    fake = [make_uniform(2, 3, 4, 4).requires_grad_(), make_uniform(2, 6, 2, 2).requires_grad_()]
    real = [make_uniform(2, 3, 4, 4).requires_grad_(), make_uniform(2, 6, 2, 2).requires_grad_()]
    loss = feature_matching(fake, real)
    expected = sum(float(F.l1_loss(a.detach().float(), b.detach().float())) for a, b in zip(fake, real, strict=True))
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert [leaf.grad is None for leaf in (*fake, *real)] == [False, False, True, True]
