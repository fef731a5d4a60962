"""Recipe of the plate network, `gfla train plate`: rendered places, from which people are taken away.

The run begins with small pictures. When the adversarial losses start, the pictures become as large as in use.

Legend: B pictures, H = W size.
"""

from typing import ClassVar

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.plate import PlateNetwork, bundled_plate
from pipelines.training.engine.gan import GanTask
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session
from pipelines.training.plate.data import Pictures, Recipe, draw_pictures, join
from pipelines.training.plate.losses import filling_losses
from pipelines.training.plate.validation import render_held_out, validate

AT_ONCE_ON_CPU = 16  # pictures that are rendered together


class PlateTask(GanTask[PlateNetwork, Pictures]):
    """Trains the plate network; `generator` replaces the network of the bundled size."""

    name = "plate"
    architecture = "plate"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 8e-4
    report_every = 200
    defaults: ClassVar = {"batch": 512, "validate_every": 5000}
    unused_options = frozenset({"vgg", "compile"})

    def __init__(self, session: Session, recipe: Recipe, generator: PlateNetwork | None = None) -> None:
        discriminator = PatchDiscriminator(channels=4, width=32, max_width=256, layers=4)
        super().__init__(session, recipe, generator or build_generator(session), discriminator)
        self.largest_chunk = self.chunk

    def prepare(self) -> None:
        number, progress = self.recipe.validation, self.session.progress
        self.session.begin("render held-out pictures", number, unit="pictures")
        self.held_out = render_held_out(number, size=self.recipe.fine_size, device=self.device, progress=progress)
        self.warm_up()

    def draw_batch(self) -> Pictures:
        """As many pixels in large pictures as in small ones; on a CPU rendered bit by bit."""
        size = self._choose_size()
        self.chunk = max(1, self.largest_chunk * self.recipe.size**2 // size**2)
        due = self.session.samples_due(self.largest_chunk) // self.largest_chunk * self.chunk
        at_once, parts = AT_ONCE_ON_CPU if self.device.type == "cpu" else due, []
        for start in range(0, due, at_once):
            parts.append(draw_pictures(self.recipe, min(at_once, due - start), size, self.session.generator))
            self.session.progress.advance(0)
        return join(parts)

    def _choose_size(self) -> int:
        """Of the next pictures: it changes when the adversarial losses start, since a CUDA graph has one size."""
        fine = self.session.fraction_done >= self.recipe.adversarial_from
        return self.recipe.fine_size if fine else self.recipe.size

    def update_chunk(self, chunk: Pictures) -> Tensor:
        """One update."""
        return self.learn(chunk.image, chunk.hole)[1]

    def generate(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Inputs: the fields of Pictures."""
        image, hole = inputs
        with self.autocast():
            filled = self.generator(image, hole)
        return filled, filling_losses(self.recipe, filled, image, hole)

    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return inputs

    def add_conditions(self, image: Tensor, *conditions: Tensor) -> Tensor:
        """With the hole, [B, 4, H, W]."""
        return torch.cat([image, *conditions], 1)

    def validate(self, network: PlateNetwork) -> Validation:
        self.session.begin("validate", len(self.held_out), unit="pictures")
        return Validation(*validate(network, self.held_out, self.session.progress))


def build_generator(session: Session) -> PlateNetwork:
    """The untrained network of the bundled size, equal in every process, with what matches of `config.init`."""
    torch.manual_seed(session.config.seed)
    network = PlateNetwork(config=bundled_plate())
    if session.config.init:
        load_matching(network, session.config.init, session.progress, expect="plate")
    return network
