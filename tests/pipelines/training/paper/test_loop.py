"""What the loops share: the adversarial losses that the recipe chooses."""

from collections.abc import Iterator
from math import exp, log

import pytest
import torch
from torch import Generator, Tensor, nn

from models.errors import InputError
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import Losses
from pipelines.training.paper.loop import Judged, Loop, LoopSetup, Optimiser
from pipelines.training.paper.settings import Recipe

REAL, FAKE = torch.tensor([0.5, 3.0]), torch.tensor([-2.0, 0.25])


class Scale(nn.Module):
    """A discriminator that answers with its input, as long as it is not trained."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        return self.factor * images


class TwoNumbersLoop(Loop[Scale]):
    def consume(self, batch: Tensor, generator: Generator) -> Iterator[Losses]:
        raise NotImplementedError


def entropy(logit: float) -> float:
    """Binary cross-entropy of a logit with label 1."""
    return log(1 + exp(-logit))


@pytest.mark.parametrize(
    ("mode", "of_discriminator", "of_generator"),
    [
        ("lsgan", ((0.25 + 4) / 2 + (4 + 0.0625) / 2) / 2, (9 + 0.5625) / 2),
        ("hinge", ((0.5 + 0) / 2 + (0 + 1.25) / 2) / 2, 0.875),
        (
            "vanilla",
            ((entropy(0.5) + entropy(3)) / 2 + (entropy(2) + entropy(-0.25)) / 2) / 2,
            (entropy(-2) + entropy(0.25)) / 2,
        ),
    ],
)
def test_the_recipe_chooses_the_adversarial_losses(mode: str, of_discriminator: float, of_generator: float) -> None:
    discriminator = Scale()
    setup = LoopSetup(Recipe(gan_mode=mode, adversarial=3.0), Processes("cpu"), rate=1e-4)
    loop = TwoNumbersLoop(Scale(), [discriminator], setup)
    fake = FAKE.clone().requires_grad_()
    loss = loop.generator_adversarial_loss(discriminator, fake)
    loss.backward()
    assert loss.item() == pytest.approx(3 * of_generator)
    assert fake.grad is not None
    assert discriminator.factor.grad is None
    judged = loop.update_discriminators({"critic": Judged(discriminator, REAL, FAKE)})
    assert float(judged["critic"]) == pytest.approx(of_discriminator)
    assert float(discriminator.factor) != 1.0


def test_another_mode_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(InputError, match="gan_mode=wgan-gp: must be one of lsgan, hinge, vanilla"):
        Recipe(gan_mode="wgan-gp")


def test_a_resumed_optimiser_takes_the_new_rate() -> None:
    network = Scale()
    old, new = (Optimiser([network], Processes("cpu"), rate=rate) for rate in (1e-4, 0.5))
    old.step({"loss": network.factor})
    new.adam.load_state_dict(old.adam.state_dict())
    before = float(network.factor)
    new.step({"loss": network.factor})
    assert float(network.factor) == pytest.approx(before - 0.5, rel=1e-3)
