"""Tasks whose generator also learns from a discriminator (hinge loss and feature matching).

A subclass states its data, how the generator makes an image with its losses, the true image, and its validation.

Legend: B samples, C image channels and conditions, H, W image size. Images are in [-1, 1].
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from models.losses.adversarial import feature_matching, hinge_discriminator, hinge_generator
from pipelines.runtime.cuda_graphs import GraphedFunction
from pipelines.training.engine.ema import ExponentialMovingAverage
from pipelines.training.engine.recipe import Losses, Network, Task
from pipelines.training.engine.session import Session, Stateful

DISCRIMINATOR_RATE = 2e-4  # learning rate of the discriminator, constant
MAX_GRADIENT_NORM = 5.0  # of the generator


class GanRecipe(Protocol):
    """What this module reads of a recipe."""

    @property
    def chunk(self) -> int: ...  # samples per update
    @property
    def adversarial(self) -> float: ...  # weight of the adversarial loss
    @property
    def features(self) -> float: ...  # weight of feature matching
    @property
    def adversarial_from(self) -> float: ...  # fraction of the run at which both start


class Chunked(Protocol):
    """A batch that can be divided into smaller ones."""

    def chunks(self, size: int) -> Iterator[Self]: ...


ChunkedBatch = TypeVar("ChunkedBatch", bound=Chunked)


class GanTask(Task[Network, ChunkedBatch]):
    """Generator, discriminator, their optimisers and the generator's averaged weights.

    An update consists of pieces that neither communicate nor read values on the CPU, each a CUDA graph on a GPU: the
    generator's gradients, its optimiser step and, once the adversarial losses are on, the same of the discriminator.
    """

    betas: ClassVar[tuple[float, float]] = (0.5, 0.99)
    """Of the generator's AdamW."""

    weight_decay: ClassVar[float] = 1e-4
    """Of the generator's AdamW."""

    recipe: GanRecipe

    def __init__(self, session: Session, recipe: GanRecipe, generator: Network, discriminator: nn.Module) -> None:
        super().__init__(session, recipe)
        config, self.on_gpu = session.config, self.device.type == "cuda"
        self.chunk = config.chunk_size(recipe.chunk)
        layout = torch.channels_last if self.on_gpu else torch.contiguous_format
        self.generator = generator.to(self.device).to(memory_format=layout).train(not config.only)
        for name, parameter in generator.named_parameters():
            parameter.requires_grad_(name.startswith(config.only))
        self.discriminator = discriminator.to(self.device)
        self.average = ExponentialMovingAverage(self.generator, config.average)
        self.optimiser, self.discriminator_optimiser = self._build_optimisers()
        self.loss_names: list[str] = []
        self.adversarial_on = False
        self._build_graphs()

    def _build_optimisers(self) -> tuple[torch.optim.AdamW, torch.optim.Adam]:
        """A CUDA graph reads the learning rate from a tensor."""
        rate = torch.tensor(self.peak_rate, device=self.device) if self.on_gpu else self.peak_rate
        flags = {"fused": True, "capturable": True} if self.on_gpu else {}
        generator, discriminator = self.generator.parameters(), self.discriminator.parameters()
        return (
            torch.optim.AdamW(generator, rate, self.betas, weight_decay=self.weight_decay, **flags),
            torch.optim.Adam(discriminator, DISCRIMINATOR_RATE, (0.0, 0.99), **flags),
        )

    def _build_graphs(self) -> None:
        generator, discriminator, enabled = self.optimiser, self.discriminator_optimiser, self.on_gpu
        self.generator_gradients = GraphedFunction(
            self.compute_generator_gradients, enabled=enabled, reset=generator.zero_grad
        )
        self.generator_step = GraphedFunction(self._step_generator, enabled=enabled)
        self.discriminator_gradients = GraphedFunction(
            self._compute_discriminator_gradients, enabled=enabled, reset=discriminator.zero_grad
        )
        self.discriminator_step = GraphedFunction(self._step_discriminator, enabled=enabled)

    @abstractmethod
    def generate(self, *inputs: Tensor) -> tuple[Tensor, Losses]:
        """The generator's image [B, 3, H, W] and its weighted losses, all but the adversarial ones."""

    @abstractmethod
    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The true image [B, 3, H, W] of the same inputs, and the conditions that `add_conditions` takes."""

    def add_conditions(self, image: Tensor, *conditions: Tensor) -> Tensor:
        """The image [B, 3, H, W] as the discriminator sees it, [B, C, H, W]."""
        return image

    @abstractmethod
    def update_chunk(self, chunk: ChunkedBatch) -> Tensor:
        """One or more updates by `learn`; returns the losses of the last, [number of losses]."""

    def state(self) -> dict[str, Stateful]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "optimiser": self.optimiser,
            "optimiser_d": self.discriminator_optimiser,
        }

    def update(self, batch: ChunkedBatch) -> Losses:
        """The updates by every chunk of the batch; returns the losses of the last."""
        self.start_adversarial_when_due()
        losses = torch.zeros(())
        for chunk in batch.chunks(self.chunk):
            losses = self.update_chunk(chunk)
            if self.session.finished:
                break
        return self.name_losses(losses)

    def start_adversarial_when_due(self) -> None:
        """Switch the adversarial losses on once the run is far enough."""
        if not self.adversarial_on and self.session.fraction_done >= self.recipe.adversarial_from:
            self.adversarial_on = True
            # Rebuild the CUDA graphs: a graph captured without the adversarial losses cannot replay them.
            self._build_graphs()

    def learn(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """One update of both networks.

        Returns:
            The generator's image [B, 3, H, W] and its losses [number of losses], in the order of `loss_names`.
        """
        self._set_learning_rate()
        image, losses = self.generator_gradients(*inputs)
        self.session.processes.average_gradients(self._trained_parameters())
        self.generator_step()
        if self.adversarial_on:
            self.discriminator_gradients(image, *self.truth(*inputs))
            self.session.processes.average_gradients(list(self.discriminator.parameters()))
            self.discriminator_step()
        self.average.update(self.generator, self.session.step)
        self.session.advance()
        return image, losses

    def name_losses(self, losses: Tensor) -> Losses:
        """The losses that `learn` returned, by name."""
        return dict(zip(self.loss_names, losses.unbind(), strict=True))

    def published_network(self) -> Network:
        """A copy of the generator with the averaged weights, in eval mode."""
        return self.average.averaged_copy(self.generator)

    def autocast(self) -> torch.autocast:
        """bfloat16 on a GPU, float32 elsewhere; without the cache of casts, which a CUDA graph cannot use."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.on_gpu, cache_enabled=False)

    def _trained_parameters(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.generator.parameters() if parameter.requires_grad]

    def _set_learning_rate(self) -> None:
        rate = self.session.learning_rate(self.peak_rate)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def compute_generator_gradients(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Image [B, 3, H, W] and losses [number of losses], as `learn` returns them; leaves the gradients behind."""
        image, losses = self.generate(*inputs)
        if self.adversarial_on:
            losses |= self._adversarial_losses(image, *self.truth(*inputs))
        self.loss_names = list(losses)
        values = torch.stack(list(losses.values()))
        values.sum().backward()
        return image.detach().float(), values.detach()

    def _step_generator(self) -> tuple[Tensor, ...]:
        norm = nn.utils.clip_grad_norm_(self._trained_parameters(), MAX_GRADIENT_NORM)
        self.optimiser.step()
        return (norm,)

    def _adversarial_losses(self, image: Tensor, truth: Tensor, *conditions: Tensor) -> Losses:
        """The generator's losses through the discriminator, which receives no gradients; images [B, 3, H, W]."""
        self.discriminator.requires_grad_(False)
        with self.autocast():
            fake, fake_features = self.discriminator(self.add_conditions(image, *conditions))
            with torch.no_grad():
                real_features = self.discriminator(self.add_conditions(truth, *conditions))[1]
        self.discriminator.requires_grad_(True)
        return {
            "adversarial": self.recipe.adversarial * hinge_generator(fake.float()),
            "features": self.recipe.features * feature_matching(fake_features, real_features),
        }

    def _compute_discriminator_gradients(self, image: Tensor, truth: Tensor, *conditions: Tensor) -> tuple[Tensor, ...]:
        pair = torch.cat([self.add_conditions(each, *conditions) for each in (truth, image)])  # [2 * B, C, H, W]
        with self.autocast():
            real, fake = self.discriminator(pair)[0].float().chunk(2)
        loss = hinge_discriminator(real, fake)
        loss.backward()
        return (loss.detach(),)

    def _step_discriminator(self) -> tuple[Tensor, ...]:
        self.discriminator_optimiser.step()
        return ()
