"""Recipe of the view-synthesis generator, `gfla train view-synth`: rendered objects of all classes.

Every sample is a source and a target view of one object. Legend: B samples, H = W image size.
"""

import math
from dataclasses import fields, replace
from typing import ClassVar

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.generators.config import bundled_objects
from models.generators.view import ViewGenerator
from models.turning import Camera
from pipelines.synthetic.objects.classes import CLASSES
from pipelines.training.data.object_sampler import ObjectSampler
from pipelines.training.data.object_styles import list_validations
from pipelines.training.engine.gan import GanTask
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session, Stateful
from pipelines.training.view_synthesis.data import Inputs, Recipe, Truth, ViewPairs, draw_pairs, join, pair_views
from pipelines.training.view_synthesis.losses import reconstruction_losses
from pipelines.training.view_synthesis.validation import VIEWS, validate
from pipelines.training.view_synthesis.warm_start import fit_codes

OBJECTS_AT_ONCE_ON_CPU = 2  # rendered together
SHOWN = 4  # objects of each category on the sheet
INPUTS = len(fields(Inputs))


class ViewSynthesisTask(GanTask[ViewGenerator, ViewPairs]):
    """Trains the view-synthesis generator; `generator` replaces the network of the bundled size."""

    name = "view-synth"
    architecture = "view"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 4e-4
    report_every = 100
    defaults: ClassVar = {"batch": 192, "validate_every": 5000}
    unused_options = frozenset({"vgg", "compile"})

    def __init__(self, session: Session, recipe: Recipe, generator: ViewGenerator | None = None) -> None:
        self.validations = list_validations(recipe.category, recipe.without)
        self.objects = ObjectSampler(session.processes, seed=session.config.seed)
        super().__init__(session, recipe, generator or build_generator(session), PatchDiscriminator())

    def state(self) -> dict[str, Stateful]:
        return super().state() | {"objects": self.objects}

    def options(self) -> str:
        return f"--category {self.recipe.category}"

    def prepare(self) -> None:
        self.warm_up()

    def draw_batch(self) -> ViewPairs:
        """Rendered bit by bit on a CPU, where a batch of the default size takes minutes."""
        batch = self.session.config.batch
        pairs = len(pair_views(self.recipe, batch))
        due = min(batch, math.ceil(self.session.samples_due(self.chunk) / pairs) * pairs)
        at_once, parts = OBJECTS_AT_ONCE_ON_CPU * pairs if self.device.type == "cpu" else due, []
        for start in range(0, due, at_once):
            number = min(at_once, due - start)
            parts.append(draw_pairs(self.recipe, number, self.session.generator, self.objects))
            self.session.progress.advance(0)
        return join(parts)

    def update_chunk(self, chunk: ViewPairs) -> Tensor:
        """One update."""
        return self.learn(*chunk.inputs.tensors(), *chunk.truth.tensors())[1]

    def generate(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Inputs: the fields of Inputs and of Truth."""
        given, truth = Inputs(*inputs[:INPUTS]), Truth(*inputs[INPUTS:])
        with self.autocast():
            view = self.generator(given.image, Camera.unstack(given.source), Camera.unstack(given.target), given.kind)
        return view.on(truth.background), reconstruction_losses(self.recipe, view, truth)

    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return (Truth(*inputs[INPUTS:]).on_background(),)

    def validate(self, network: ViewGenerator) -> Validation:
        """Numbers of each class, their names prefixed with it, then of the styles that were left out of each."""
        numbers, rows = {}, []
        size, number, progress = self.recipe.size, self.recipe.validation, self.session.progress
        self.session.begin("validate", len(self.validations) * number * VIEWS, unit="views")
        for prefix, (category, styles) in self.validations.items():
            found, shown = validate(network, category, number, size=size, progress=progress, **styles)
            numbers |= {f"{prefix}_{name}": value for name, value in found.items()}
            rows += shown[:SHOWN]
        return Validation(numbers, rows)


def build_generator(session: Session) -> ViewGenerator:
    """The untrained generator of the bundled size, equal in every process, with what matches of `config.init`."""
    torch.manual_seed(session.config.seed)
    generator = ViewGenerator(config=replace(bundled_objects(), lens=True, classes=tuple(CLASSES)))
    if session.config.init:
        load_matching(generator, session.config.init, session.progress, expect="view", adapt=fit_codes)
    return generator
