"""What the recipes of the shipped generators share: updates of a generator and of the discriminator that judges it.

B samples, H, W image size.
"""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from models.errors import InputError
from models.losses.adversarial import feature_matching, hinge_discriminator, hinge_generator
from pipelines.training.engine.cuda_graphs import Graphed
from pipelines.training.engine.session import Average, Session

DISCRIMINATOR_RATE = 2e-4

Network = TypeVar("Network", bound=nn.Module)


class Pace(Protocol):
    """What this trainer reads of a recipe: `chunk` samples per update; the weights of the adversarial part, which
    begins at the share `adversarial_from` of the run."""

    @property
    def chunk(self) -> int: ...
    @property
    def adversarial(self) -> float: ...
    @property
    def features(self) -> float: ...
    @property
    def adversarial_from(self) -> float: ...


class AdversarialTrainer(ABC, Generic[Network]):
    """Generator, discriminator, their optimisers and the averaged weights, on one process.

    An update is cut into pieces without communication or looking at values, each a CUDA graph on a GPU: gradients of
    the generator, its optimiser, and when the adversarial part is on the same for the discriminator.
    """

    def __init__(
        self, session: Session, pace: Pace, generator: Network, discriminator: nn.Module, *, rate: float
    ) -> None:
        device, config = session.processes.device, session.config
        self.session, self.pace, self.device = session, pace, device
        self.cuda = device.type == "cuda"
        self.chunk = min(pace.chunk, config.batch)
        if config.batch % self.chunk:
            raise InputError(f"batch {config.batch} must be a multiple of the recipe's chunk, {self.chunk}")
        layout = torch.channels_last if self.cuda else torch.contiguous_format
        self.generator = generator.to(device).to(memory_format=layout).train(not config.only)
        for name, parameter in generator.named_parameters():
            parameter.requires_grad_(name.startswith(config.only))
        self.discriminator = discriminator.to(device)
        self.average = Average(self.generator, config.average)
        self.peak = config.rate(rate)
        self.rate = torch.tensor(self.peak, device=device)
        optimiser = {"fused": True, "capturable": True} if self.cuda else {}
        self.optimiser = torch.optim.AdamW(
            self.generator.parameters(),
            self.rate if self.cuda else self.peak,
            (0.5, 0.99),
            weight_decay=1e-4,
            **optimiser,
        )
        self.optimiser_d = torch.optim.Adam(
            self.discriminator.parameters(), DISCRIMINATOR_RATE, (0.0, 0.99), **optimiser
        )
        self.names: list[str] = []
        self.adversarial = False
        self._build()

    @abstractmethod
    def _made(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's picture [B, 3, H, W] and its losses but the adversarial ones, already weighted."""

    @abstractmethod
    def _truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Of the inputs the true picture [B, 3, H, W], and what `_conditioned` adds to it and to the generator's."""

    def _conditioned(self, image: Tensor, *conditions: Tensor) -> Tensor:
        """The picture as the discriminator reads it."""
        return image

    def _trained(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.generator.parameters() if parameter.requires_grad]

    def _build(self) -> None:
        """Fresh pieces: what was recorded without the adversarial part can't serve with it."""
        parts, judge = self.optimiser, self.optimiser_d
        self.gradients = Graphed(self._gradients, enabled=self.cuda, reset=parts.zero_grad)
        self.update = Graphed(self._update, enabled=self.cuda)
        self.judge_gradients = Graphed(self._judge_gradients, enabled=self.cuda, reset=judge.zero_grad)
        self.judge_update = Graphed(self._judge_update, enabled=self.cuda)

    def parts(self) -> dict:
        """What a run saves to go on."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "optimiser": self.optimiser,
            "optimiser_d": self.optimiser_d,
        }

    def learn(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """One update of both networks: the generator's picture and its losses, in the order of `names`."""
        self._set_rate()
        image, losses = self.gradients(*inputs)
        self.session.processes.average_gradients(self._trained())
        self.update()
        if self.adversarial:
            self.judge_gradients(image, *self._truth(*inputs))
            self.session.processes.average_gradients(list(self.discriminator.parameters()))
            self.judge_update()
        self.average.update(self.generator, self.session.step)
        self.session.advance()
        return image, losses

    def begin_adversarial_when_due(self) -> None:
        """Called between batches: what is recorded changes here."""
        if not self.adversarial and self.session.done >= self.pace.adversarial_from:
            self.adversarial = True
            self._build()

    def named(self, losses: Tensor) -> dict[str, Tensor]:
        """The losses of `learn` by name."""
        return dict(zip(self.names, losses.unbind(), strict=True))

    def _set_rate(self) -> None:
        rate = self.session.learning_rate(self.peak)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _gradients(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """A picture [B, 3, H, W] and its losses; leaves gradients behind."""
        image, losses = self._made(*inputs)
        if self.adversarial:
            losses |= self._judged(image, *self._truth(*inputs))
        self.names = list(losses)
        values = torch.stack(list(losses.values()))
        values.sum().backward()
        return image.detach().float(), values.detach()

    def _update(self) -> tuple[Tensor, ...]:
        norm = nn.utils.clip_grad_norm_(self._trained(), 5.0)
        self.optimiser.step()
        return (norm,)

    def _judged(self, image: Tensor, truth: Tensor, *conditions: Tensor) -> dict[str, Tensor]:
        """The generator's losses through the discriminator, which stays as it is."""
        self.discriminator.requires_grad_(False)
        with self._autocast():
            fake, fake_features = self.discriminator(self._conditioned(image, *conditions))
            with torch.no_grad():
                real_features = self.discriminator(self._conditioned(truth, *conditions))[1]
        self.discriminator.requires_grad_(True)
        return {
            "adversarial": self.pace.adversarial * hinge_generator(fake.float()),
            "features": self.pace.features * feature_matching(fake_features, real_features),
        }

    def _judge_gradients(self, image: Tensor, truth: Tensor, *conditions: Tensor) -> tuple[Tensor, ...]:
        pair = torch.cat([self._conditioned(picture, *conditions) for picture in (truth, image)])
        with self._autocast():
            real, fake = self.discriminator(pair)[0].float().chunk(2)
        loss = hinge_discriminator(real, fake)
        loss.backward()
        return (loss.detach(),)

    def _judge_update(self) -> tuple[Tensor, ...]:
        self.optimiser_d.step()
        return ()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.cuda, cache_enabled=False)

    def averaged(self) -> Network:
        """A copy of the generator with the averaged weights, in eval mode."""
        return self.average.applied(self.generator)
