"""Tasks whose network learns from losses of its own output alone, without a discriminator.

A subclass states its data, its losses and its validation.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import nn

from pipelines.training.engine.ema import ExponentialMovingAverage
from pipelines.training.engine.recipe import Batch, Losses, Network, Task
from pipelines.training.engine.session import Session, Stateful


class SupervisedTask(Task[Network, Batch]):
    """One network, its optimiser and its averaged weights.

    `predict` is the network as training must call it, so that gradients are averaged over the processes.
    """

    betas: ClassVar[tuple[float, float]] = (0.9, 0.99)
    """Of AdamW."""

    weight_decay: ClassVar[float] = 0.02
    """Of AdamW."""

    max_gradient_norm: ClassVar[float] = 5.0
    """Gradients are scaled down to this norm."""

    def __init__(self, session: Session, recipe: Any, network: Network) -> None:
        super().__init__(session, recipe)
        self.network = network.to(self.device).train()
        self.average = ExponentialMovingAverage(self.network, session.config.average)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(),
            self.peak_rate,
            self.betas,
            weight_decay=self.weight_decay,
            fused=self.device.type == "cuda",
        )
        self.predict = session.processes.wrap(self.network)

    @abstractmethod
    def losses(self, batch: Batch) -> Losses:
        """Weighted losses of a batch, scalars with gradients, computed through `predict`."""

    def state(self) -> dict[str, Stateful]:
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def update(self, batch: Batch) -> Losses:
        """One optimiser update by the sum of the losses; returns them without gradients."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.session.learning_rate(self.peak_rate)
        losses = self.losses(batch)
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.max_gradient_norm)
        self.optimiser.step()
        self.average.update(self.network, self.session.step)
        self.session.advance()
        return {name: value.detach() for name, value in losses.items()}

    def autocast(self) -> torch.autocast:
        """bfloat16 on a GPU, float32 elsewhere."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def published_network(self) -> Network:
        """A copy of the network with the averaged weights, in eval mode."""
        return self.average.averaged_copy(self.network)
