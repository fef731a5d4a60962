"""Adversarial losses on raw discriminator outputs (logits), any shape."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean relu(1 - real) + mean relu(1 + fake), over two."""
    return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2


def hinge_generator(fake: Tensor) -> Tensor:
    """Minus the mean output for generated pictures."""
    return -fake.mean()


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Sum over layers of the L1 distance between the discriminator's features of both pictures."""
    terms = [(a.float() - b.float().detach()).abs().mean() for a, b in zip(fake, real, strict=True)]
    return sum(terms[1:], terms[0])
