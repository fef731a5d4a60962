"""Moving average of a network's weights; the averaged weights validate better than the last ones and are published."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class ExponentialMovingAverage:
    """Average of a module's parameters and floating-point buffers; other buffers are copied.

    decay: share of the average that an update keeps, 0 to 1.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {key: value.detach().clone() for key, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards `module`. Early steps, counted from 0, average over a shorter time."""
        weight = 1 - min(self.decay, (step + 1) / (step + 10))
        targets, values = [], []
        for key, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                targets.append(self.state[key])
                values.append(value)
            else:
                self.state[key].copy_(value)
        torch._foreach_lerp_(targets, values, weight)  # pyright: ignore[reportPrivateImportUsage]

    def averaged_copy(self, module: Network) -> Network:
        """A copy of `module` with the averaged weights, in eval mode."""
        model = copy.deepcopy(module)  # building a new one would draw random numbers that training needs
        model.load_state_dict(self.state)
        return model.eval()

    def state_dict(self) -> dict[str, Tensor]:
        return self.state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.state = state
