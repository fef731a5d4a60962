"""What the authors' training loops share: networks, optimisers, the update of the discriminators.

Each configuration names its loop: `paper.pairs`, `paper.sequences` or `paper.motion`. `paper.recipe` runs it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import torch
from torch import Generator, Tensor, nn

from models.losses.adversarial import ADVERSARIAL
from models.losses.perceptual import Vgg19
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import Losses
from pipelines.training.engine.session import Stateful
from pipelines.training.paper.settings import BETAS, Recipe

Network = TypeVar("Network", bound=nn.Module)


class Optimiser:
    """Adam at a constant rate, with gradients averaged over the processes."""

    def __init__(self, networks: Sequence[nn.Module], processes: Processes, *, rate: float) -> None:
        self.parameters = [parameter for network in networks for parameter in network.parameters()]
        self.adam = torch.optim.Adam(self.parameters, lr=rate, betas=BETAS)
        self.rate, self.processes = rate, processes

    def step(self, losses: Losses) -> Losses:
        """One update by the sum of the losses; returns them without gradients."""
        self.adam.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        self.processes.average_gradients(self.parameters)
        for group in self.adam.param_groups:
            group["lr"] = self.rate  # the state of a resumed run brings its own
        self.adam.step()
        return {name: loss.detach() for name, loss in losses.items()}


class Judged(NamedTuple):
    """What a discriminator compares: real and generated images or clips of one shape."""

    discriminator: nn.Module
    real: Tensor
    generated: Tensor


@dataclass(frozen=True)
class LoopSetup:
    """What every loop needs beside its networks."""

    recipe: Recipe
    processes: Processes
    rate: float
    """Learning rate of the generator."""
    vgg: Vgg19 | None = None
    """None: without the losses that need it."""


class Loop(ABC, Generic[Network]):
    """How the networks of one configuration learn from a batch.

    The discriminators step first, all in one optimiser, at `recipe.critic_rate` times the rate of the generator.

    network: what is trained and published; discriminators: of images, then of video if there is one; shown: the last
    batch as columns of the sheet, [B, 3, H, W] each.
    """

    architecture: ClassVar[str]
    """Of the published weights."""

    network_type: ClassVar[type[nn.Module]]
    """Built from a config."""

    adversarial: ClassVar[bool] = False
    """Whether there are discriminators."""

    uses_vgg: ClassVar[bool] = True
    """Whether any of the losses needs VGG19."""

    settings: ClassVar[tuple[str, ...]] = ()
    """Numbers of the recipe that have an effect, whatever the data."""

    def __init__(self, network: Network, discriminators: Sequence[nn.Module], setup: LoopSetup) -> None:
        self.network, self.discriminators, self.recipe = network, discriminators, setup.recipe
        self.optimiser = Optimiser([network], setup.processes, rate=setup.rate)
        self.shown: list[Tensor] = []
        if discriminators:
            rate = setup.rate * setup.recipe.critic_rate
            self.discriminator_optimiser = Optimiser(discriminators, setup.processes, rate=rate)

    @staticmethod
    def adapt(items: Any, *, masked: bool) -> Any:
        """The collated items of a data set as a batch; masked: whether its masks are used."""
        return items

    @abstractmethod
    def consume(self, batch: Any, generator: Generator) -> Iterator[Losses]:
        """Train on a batch, with choices drawn from `generator` (CPU); yields the losses of every update."""

    def state(self) -> dict[str, Stateful]:
        """Everything that `state.pt` saves, by its key there."""
        state: dict[str, Stateful] = {"network": self.network, "optimiser": self.optimiser.adam}
        if self.discriminators:
            state["optimiser_d"] = self.discriminator_optimiser.adam
        return state | {f"critic{index}": each for index, each in enumerate(self.discriminators)}

    def update_discriminators(self, judged: Mapping[str, Judged]) -> Losses:
        """One step of all discriminators; returns their losses under the same names."""
        discriminator_loss, _ = ADVERSARIAL[self.recipe.gan_mode]
        losses = {
            name: discriminator_loss(each.discriminator(each.real), each.discriminator(each.generated.detach()))
            for name, each in judged.items()
        }
        return self.discriminator_optimiser.step(losses)

    def generator_adversarial_loss(self, discriminator: nn.Module, generated: Tensor) -> Tensor:
        """The generator's weighted loss through a discriminator, which receives no gradients.

        generated: images [B, 3, H, W] or whatever else the discriminator takes.
        """
        _, generator_loss = ADVERSARIAL[self.recipe.gan_mode]
        discriminator.requires_grad_(False)
        loss = self.recipe.adversarial * generator_loss(discriminator(generated))
        discriminator.requires_grad_(True)
        return loss


def initialise(network: nn.Module) -> None:
    """Draw orthogonal weights of gain 0.02 and set biases to 0; norms keep their values.

    Spectral-normalised weights keep PyTorch's default, as in the authors' training (official format, sections 8.2 and
    11.19).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.Linear):
            if "weight_orig" not in module._parameters:
                nn.init.orthogonal_(module.weight, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
