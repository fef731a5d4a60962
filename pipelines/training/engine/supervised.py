"""Updates of a network that is judged by losses of its answer alone, without a discriminator."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from pipelines.training.engine.session import Average, Session

Network = TypeVar("Network", bound=nn.Module)


class DirectTrainer(Generic[Network]):
    """Network, optimiser and averaged weights on one process. `predict` is the network as training calls it.

    rate: the recipe's peak of the learning rate, which the session's config may replace; betas, decay: of AdamW; clip:
    the largest norm of the gradients.
    """

    def __init__(
        self,
        session: Session,
        network: Network,
        *,
        rate: float,
        betas: tuple[float, float] = (0.9, 0.99),
        decay: float = 0.02,
        clip: float = 5.0,
    ) -> None:
        device = session.processes.device
        self.session, self.device, self.clip = session, device, clip
        self.network = network.to(device).train()
        self.average = Average(self.network, session.config.average)
        self.rate = session.config.rate(rate)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), self.rate, betas, weight_decay=decay, fused=device.type == "cuda"
        )
        self.predict = session.processes.wrap(self.network)

    def parts(self) -> dict[str, Any]:
        """What a run saves to go on."""
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def learn(self, losses: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """One update by the sum of the losses, scalars that `losses` computes through `predict`; returns them."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.session.learning_rate(self.rate)
        parts = losses()
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()
        self.average.update(self.network, self.session.step)
        self.session.advance()
        return {name: value.detach() for name, value in parts.items()}

    def half_precision(self) -> torch.autocast:
        """bfloat16 on a GPU."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def averaged(self) -> Network:
        """A copy of the network with the averaged weights, in eval mode."""
        return self.average.applied(self.network)
