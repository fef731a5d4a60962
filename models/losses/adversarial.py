"""Adversarial losses on raw discriminator outputs (logits), any shape.

`ADVERSARIAL` names them: "lsgan" is the authors', "vanilla" the cross-entropy.
"""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor


def lsgan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean squared distance of real to 1 and of fake to 0, over two."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def lsgan_generator(fake: Tensor) -> Tensor:
    """Mean squared distance of the output for generated pictures to 1."""
    return (fake - 1).square().mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean relu(1 - real) + mean relu(1 + fake), over two."""
    return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2


def hinge_generator(fake: Tensor) -> Tensor:
    """Minus the mean output for generated pictures."""
    return -fake.mean()


def vanilla_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of real to 1 and of fake to 0, over two."""
    return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2


def vanilla_generator(fake: Tensor) -> Tensor:
    """Binary cross-entropy of the output for generated pictures to 1."""
    return F.softplus(-fake).mean()


ADVERSARIAL: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "lsgan": (lsgan_discriminator, lsgan_generator),
    "hinge": (hinge_discriminator, hinge_generator),
    "vanilla": (vanilla_discriminator, vanilla_generator),
}


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Sum over layers of the L1 distance between the discriminator's features of both pictures."""
    terms = [(a.float() - b.float().detach()).abs().mean() for a, b in zip(fake, real, strict=True)]
    return sum(terms[1:], terms[0])
