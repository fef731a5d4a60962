"""Recipe of the authors' configurations, on their data sets or on rendered images (official format, section 8).

What is learned, and in which order, is in the configuration's loop: `paper.pairs`, `paper.sequences`, `paper.motion`.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from pipelines.training.data.batches import mix_seed, move_to_device
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Losses, Task, Validation
from pipelines.training.engine.session import Session, Stateful
from pipelines.training.paper.configurations import Configuration
from pipelines.training.paper.data import make_batches
from pipelines.training.paper.loop import LoopSetup
from pipelines.training.paper.settings import LEARNING_RATE, Recipe
from pipelines.training.paper.vgg import find_vgg19

STEPS = 200_000  # the authors stop by eye
VALIDATE_EVERY = 1000
REPORT_EVERY = 50
SHOWN = 4  # samples on the sheet


class PaperTask(Task[nn.Module, Any]):
    """Trains a configuration; name: of the task in `gfla train NAME`.

    Raises:
        BackendUnavailable: VGG19 is needed and cannot be downloaded.
    """

    recipe_type = Recipe
    recipe: Recipe
    learning_rate = LEARNING_RATE

    def __init__(self, session: Session, recipe: Recipe, *, name: str, configuration: Configuration) -> None:
        super().__init__(session, recipe)
        config, loop = session.config, configuration.loop
        self.name, self.configuration, self.architecture = name, configuration, loop.architecture
        self.report_every = min(REPORT_EVERY, config.validate_every)
        with torch.random.fork_rng([]):
            torch.manual_seed(config.seed)
            network, discriminators = configuration.build_networks(recipe)
        if config.init:
            load_matching(network, config.init, session.progress)
        for each in (network, *discriminators):
            each.to(self.device).train()
        vgg = find_vgg19(config, session.processes, session.progress) if loop.uses_vgg else None
        self.loop = loop(network, discriminators, LoopSetup(recipe, session.processes, self.peak_rate, vgg))
        self.batches = make_batches(configuration, recipe, config, session.processes)
        self.last_losses: Losses = {}

    def options(self) -> str:
        return f"--config {self.configuration.name}"

    def state(self) -> dict[str, Stateful]:
        return self.loop.state() | {"batches": self.batches}

    def draw_batch(self) -> Any:
        return move_to_device(self.batches.next(), self.device)

    def update(self, batch: Any) -> Losses:
        """The loop's updates by a batch; returns the losses of the last."""
        seed = mix_seed(self.session.config.seed, self.batches.taken - 1)
        for losses in self.loop.consume(batch, Generator().manual_seed(seed)):
            self.session.advance()
            self.last_losses = losses
            if self.session.finished:
                break
        return self.last_losses

    def report_due(self) -> bool:
        return super().report_due() or self.session.finished

    def summarise(self, losses: Losses) -> Mapping[str, float | Tensor]:
        """Means over the processes."""
        return self.session.processes.average_numbers(losses)

    def published_network(self) -> nn.Module:
        return self.loop.network

    def validate(self, network: nn.Module) -> Validation:
        """No numbers: the authors judge by eye. The sheet shows samples of the last batch, one per row."""
        columns = [images[:SHOWN] for images in self.loop.shown]
        return Validation(sheet=[torch.stack(row) for row in zip(*columns, strict=True)])

    def metadata(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        losses = {name: round(float(value), 5) for name, value in self.last_losses.items()}
        own_data = self.session.config.data == "synthetic"
        return super().metadata(numbers) | {
            "licence": "Apache-2.0" if own_data else "as the training data allows",
            "extra": {"step": self.session.step, **losses},
            "official": self.configuration.name,
            "exact": True,
        }
