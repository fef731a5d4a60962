"""Recipe of the segmentation network, `gfla train segmentation`: rendered objects in rendered places."""

from typing import ClassVar

import torch
from torch import Tensor

from models.segmentation import SegmentationConfig, SegmentationNetwork
from pipelines.training.data.object_sampler import ObjectSampler
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session, Stateful
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.segmentation.data import Recipe, Scenes, draw_scenes, join
from pipelines.training.segmentation.losses import coverage_losses
from pipelines.training.segmentation.validation import render_held_out, validate

SHEET_COLUMNS = 8
AT_ONCE_ON_CPU = 16  # pictures that are rendered together


class SegmentationTask(SupervisedTask[SegmentationNetwork, Scenes]):
    """Trains the segmentation network."""

    name = "segmentation"
    architecture = "segmentation"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1.5e-3
    defaults: ClassVar = {"batch": 512, "validate_every": 2000}
    unused_options = frozenset({"vgg", "compile", "only"})

    def __init__(self, session: Session, recipe: Recipe) -> None:
        config = session.config
        self.chunk = config.chunk_size(recipe.chunk)
        self.objects = ObjectSampler(session.processes, seed=config.seed)
        torch.manual_seed(config.seed)
        network = SegmentationNetwork(config=SegmentationConfig())
        if config.init:
            load_matching(network, config.init, session.progress, expect="segmentation")
        super().__init__(session, recipe, network)

    def state(self) -> dict[str, Stateful]:
        return super().state() | {"objects": self.objects}

    def prepare(self) -> None:
        number, progress = self.recipe.validation, self.session.progress
        self.session.begin("render held-out pictures", number, unit="pictures")
        self.held_out = render_held_out(self.recipe, number, self.device, progress)
        self.warm_up()

    def draw_batch(self) -> Scenes:
        """Rendered bit by bit on a CPU, where a batch of the default size takes minutes."""
        due = self.session.samples_due(self.chunk)
        at_once, parts = AT_ONCE_ON_CPU if self.device.type == "cpu" else due, []
        for start in range(0, due, at_once):
            number = min(at_once, due - start)
            parts.append(draw_scenes(self.recipe, number, self.session.generator, self.objects))
            self.session.progress.advance(0)
        return join(parts)

    def update(self, batch: Scenes) -> dict[str, Tensor]:
        """An update per chunk of the batch; returns the losses of the last."""
        losses: dict[str, Tensor] = {}
        for start in range(0, len(batch), self.chunk):
            losses = super().update(batch[start : start + self.chunk])
            if self.session.finished:
                break
        return losses

    def losses(self, batch: Scenes) -> dict[str, Tensor]:
        with self.autocast():
            logits = self.predict(batch.image)
        return coverage_losses(self.recipe, logits.float(), batch.coverage)

    def validate(self, network: SegmentationNetwork) -> Validation:
        """The sheet has rows of pictures, of what the network found in them, and of the truth."""
        self.session.begin("validate", len(self.held_out), unit="pictures")
        numbers, found = validate(network, self.held_out, self.session.progress)
        shown = slice(SHEET_COLUMNS)
        masks = (2 * mask[shown].expand(-1, 3, -1, -1) - 1 for mask in (found, self.held_out.coverage))
        return Validation(numbers, [self.held_out.image[shown], *masks])
