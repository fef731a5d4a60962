"""Adversarial losses (official format, section 8.1): logits of a discriminator in, scalars out.

`real` and `fake` are the raw outputs for real and for generated images, tensors of any shape. `ADVERSARIAL` names the
pairs of losses (discriminator's, generator's): "lsgan" is the authors'.
"""

from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor


def lsgan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Half of the mean squared distance of `real` to 1 plus that of `fake` to 0."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def lsgan_generator(fake: Tensor) -> Tensor:
    """Mean squared distance of `fake` to 1."""
    return (fake - 1).square().mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Half of mean relu(1 - real) plus mean relu(1 + fake)."""
    return (F.relu(1 - real).mean() + F.relu(1 + fake).mean()) / 2


def hinge_generator(fake: Tensor) -> Tensor:
    """Minus the mean of `fake`."""
    return -fake.mean()


def vanilla_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Half of the binary cross-entropy of `real` with label 1 plus that of `fake` with label 0."""
    return (F.softplus(-real).mean() + F.softplus(fake).mean()) / 2


def vanilla_generator(fake: Tensor) -> Tensor:
    """Binary cross-entropy of `fake` with label 1."""
    return F.softplus(-fake).mean()


ADVERSARIAL: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "lsgan": (lsgan_discriminator, lsgan_generator),
    "hinge": (hinge_discriminator, hinge_generator),
    "vanilla": (vanilla_discriminator, vanilla_generator),
}


def feature_matching(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Sum over layers of the mean absolute difference of the discriminator's features of both images.

    fake, real: features of each layer, of equal shapes; no gradient flows into `real`.
    """
    terms = [(a.float() - b.float().detach()).abs().mean() for a, b in zip(fake, real, strict=True)]
    return sum(terms[1:], terms[0])
