"""Recipe of the landmark network, `gfla train landmarks`: landmarks of rendered faces on square crops.

Legend: B batch, K = 68 landmarks, H = W = 192 crop size.
"""

from typing import ClassVar

import torch
from torch import Tensor

from models.fold import channels_last
from models.landmarks import LandmarkConfig, LandmarkNetwork
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.landmarks.data import Crops, Recipe, draw_crops, followed_crops, join
from pipelines.training.landmarks.losses import landmark_losses
from pipelines.training.landmarks.validation import at_once, draw_landmarks, render_held_out, validate

SHEET_CROPS, SHEET_COLUMNS = 24, 8  # crops of each kind


class LandmarkTask(SupervisedTask[LandmarkNetwork, Crops]):
    """Trains the landmark network."""

    name = "landmarks"
    architecture = "landmarks"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 2e-3
    defaults: ClassVar = {"batch": 2048, "validate_every": 2000}
    unused_options = frozenset({"vgg", "compile", "only"})

    def __init__(self, session: Session, recipe: Recipe) -> None:
        config = session.config
        self.chunk = config.chunk_size(recipe.chunk)
        torch.manual_seed(config.seed)
        network = LandmarkNetwork(config=LandmarkConfig())
        if config.init:
            load_matching(network, config.init, session.progress, expect="landmarks")
        super().__init__(session, recipe, channels_last(network))

    def prepare(self) -> None:
        """Held-out crops as of a detector that follows a face, and (names with the prefix) as of training."""
        self.warm_up()
        self.held_out: dict[str, Crops] = {}
        if self.session.processes.is_main:
            kinds = {"": followed_crops(self.recipe), "hard_": self.recipe}
            number, progress, size = self.recipe.validation, self.session.progress, self.network.config.size
            self.session.begin("render held-out crops", number * len(kinds), unit="crops")
            for prefix, kind in kinds.items():
                self.held_out[prefix] = render_held_out(kind, number, size, self.device, progress)

    def draw_batch(self) -> Crops:
        """Rendered bit by bit, in as large parts as the device takes."""
        due, size = self.session.samples_due(self.chunk), self.network.config.size
        together, parts = at_once(self.device) * self.recipe.looks, []
        for start in range(0, due, together):
            parts.append(draw_crops(self.recipe, min(together, due - start), size, self.session.generator))
            self.session.progress.advance(0)
        return join(parts)

    def update(self, batch: Crops) -> dict[str, Tensor]:
        """An update per chunk of the batch in random order; returns the losses of the last."""
        losses: dict[str, Tensor] = {}
        order = torch.randperm(len(batch), generator=self.session.generator, device=self.device)
        for chosen in order.split(self.chunk):
            losses = super().update(batch[chosen])
            if self.session.finished:
                break
        return losses

    def losses(self, batch: Crops) -> dict[str, Tensor]:
        with self.autocast():
            answer = self.predict(batch.images.contiguous(memory_format=torch.channels_last))
        return landmark_losses(self.recipe, answer, batch)

    def validate(self, network: LandmarkNetwork) -> Validation:
        numbers, drawn = {}, []
        self.session.begin("validate", sum(map(len, self.held_out.values())), unit="crops")
        for prefix, crops in self.held_out.items():
            found, landmarks, presence = validate(network, crops, self.session.progress)
            numbers |= {prefix + name: value for name, value in found.items()}
            shown = slice(SHEET_CROPS)
            drawn.append(draw_landmarks(crops.images[shown], landmarks[shown], presence[shown]))
        sheet = torch.cat(drawn)
        return Validation(numbers, sheet.split(min(SHEET_COLUMNS, len(sheet))))
