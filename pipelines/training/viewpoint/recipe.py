"""Recipe of the viewpoint network, `gfla train viewpoint`: by which camera a rendered object is seen."""

from typing import ClassVar

import torch
from torch import Tensor

from models.viewpoint import ViewpointConfig, ViewpointNetwork
from pipelines.training.data.object_sampler import ObjectSampler
from pipelines.training.data.object_styles import list_validations
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session, Stateful
from pipelines.training.engine.supervised import SupervisedTask
from pipelines.training.viewpoint.data import CATEGORY, KINDS, LabelledImages, Recipe, draw_labelled, join
from pipelines.training.viewpoint.losses import viewpoint_losses
from pipelines.training.viewpoint.validation import VALIDATION_SEED, recognise_others, validate
from pipelines.training.viewpoint.warm_start import fit_outputs

SHEET_ROWS, SHEET_COLUMNS = 4, 8
AT_ONCE_ON_CPU = 64  # images that are rendered together


class ViewpointTask(SupervisedTask[ViewpointNetwork, LabelledImages]):
    """Trains the viewpoint network."""

    name = "viewpoint"
    architecture = "viewpoint"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1.5e-3
    defaults: ClassVar = {"batch": 2048, "validate_every": 2000}
    unused_options = frozenset({"vgg", "compile", "only"})

    def __init__(self, session: Session, recipe: Recipe) -> None:
        config, self.validations = session.config, list_validations(CATEGORY, recipe.without)
        self.chunk = config.chunk_size(recipe.chunk)
        self.objects = ObjectSampler(session.processes, seed=config.seed)
        torch.manual_seed(config.seed)
        network = ViewpointNetwork(config=ViewpointConfig(kinds=KINDS, lens=True))
        if config.init:
            load_matching(network, config.init, session.progress, expect="viewpoint", adapt=fit_outputs)
        super().__init__(session, recipe, network)

    def state(self) -> dict[str, Stateful]:
        return super().state() | {"objects": self.objects}

    def prepare(self) -> None:
        self.warm_up()

    def draw_batch(self) -> LabelledImages:
        """Rendered bit by bit on a CPU, where a batch of the default size takes minutes."""
        due, size = self.session.samples_due(self.chunk), self.network.config.size
        at_once, parts = AT_ONCE_ON_CPU if self.device.type == "cpu" else due, []
        for start in range(0, due, at_once):
            number = min(at_once, due - start)
            parts.append(draw_labelled(self.recipe, number, size, self.session.generator, self.objects))
            self.session.progress.advance(0)
        return join(parts)

    def update(self, batch: LabelledImages) -> dict[str, Tensor]:
        """An update per chunk of the batch in random order; returns the losses of the last."""
        losses: dict[str, Tensor] = {}
        order = torch.randperm(len(batch.images), generator=self.session.generator, device=self.device)
        for chosen in order.split(self.chunk):
            losses = super().update(batch[chosen])
            if self.session.finished:
                break
        return losses

    def losses(self, batch: LabelledImages) -> dict[str, Tensor]:
        with self.autocast():
            answer = self.predict(batch.images)
        return viewpoint_losses(self.recipe, answer, batch)

    def validate(self, network: ViewpointNetwork) -> Validation:
        """Numbers of each class, their names prefixed with it, then of the styles that were left out of each.

        The sheet shows images as they are trained on.
        """
        number, progress = self.recipe.validation, self.session.progress
        self.session.begin("validate", (len(self.validations) + 1) * number, unit="images")
        numbers = {"nothing_kind": recognise_others(network, number, progress)}
        for prefix, (category, styles) in self.validations.items():
            found = validate(network, category, number, progress, **styles)
            numbers |= {f"{prefix}_{name}": value for name, value in found.items()}
        generator = torch.Generator(self.device).manual_seed(VALIDATION_SEED)
        shown = draw_labelled(self.recipe, SHEET_ROWS * SHEET_COLUMNS, network.config.size, generator)
        return Validation(numbers, shown.images.split(SHEET_COLUMNS))
