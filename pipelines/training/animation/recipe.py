"""Recipe of the animation generator, `gfla train animate`: rendered people, frame after frame.

Every clip gives a reference, a previous frame and targets. The generator makes the targets one after another, each from
its own last result, as in use (section 3.5 of the paper's extension, arXiv 2008.12606). Images are people without
background, premultiplied RGBA; the discriminator sees them as they are, which is over grey, and their coverage.

Legend: B clips, H, W image size.
"""

from dataclasses import replace

import torch
from torch import Tensor

from models.generators.animation import AnimationGenerator, Step, bundled_person
from models.joints import DETAILED_CHANNELS, STRUCTURE_CHANNELS
from pipelines.training.animation.data import Clips, Recipe, Truth, draw_clips
from pipelines.training.animation.layer_task import LayerTask
from pipelines.training.animation.losses import reconstruction_losses, weigh_extremities, weigh_hands
from pipelines.training.animation.plates import choose_fill
from pipelines.training.animation.validation import draw_sheet, render_held_out, validate
from pipelines.training.animation.warm_start import fit_channels
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session

JOINTS = 17


class AnimationTask(LayerTask):
    """Trains the animation generator; `generator` replaces the network of the bundled size."""

    name = "animate"
    recipe_type = Recipe
    recipe: Recipe

    def __init__(self, session: Session, recipe: Recipe, generator: AnimationGenerator | None = None) -> None:
        super().__init__(session, recipe, generator or build_generator(session, recipe))

    def prepare(self) -> None:
        number, progress = self.recipe.validation_clips, self.session.progress
        self.session.begin("render held-out clips", number, unit="clips")
        fill = choose_fill(self.device, progress)
        self.held_out = render_held_out(number, size=self.recipe.size, device=self.device, fill=fill, progress=progress)
        self.warm_up()

    def draw_batch(self) -> Clips:
        batch = self.session.samples_due(self.chunk, updates=self.recipe.targets)
        return draw_clips(self.recipe, batch, self.session.generator)

    def measure_losses(self, step: Step, truth: Truth) -> dict[str, Tensor]:
        emphasis = self.recipe.extremities * weigh_extremities(truth.structure)
        if self.recipe.structure_details:
            emphasis = emphasis + self.recipe.hands * weigh_hands(truth.structure)
        losses = reconstruction_losses(self.recipe, step, truth, emphasis)
        if step.shadow is not None:
            losses["shadow"] = self.recipe.shadow * (step.shadow.float() - truth.shadow).abs().mean()
        return losses

    def add_conditions(self, image: Tensor, *conditions: Tensor) -> Tensor:
        """With the structure [B, S, H, W], whose skeleton image is scaled from 0..255 to 0..1."""
        structure = conditions[0].to(image.dtype)
        heat_maps, skeleton, details = structure.split([JOINTS, 3, structure.shape[1] - JOINTS - 3], 1)
        return torch.cat([image, heat_maps, skeleton / 255, details], 1)  # [B, 4 + S, H, W]

    def validate(self, network: AnimationGenerator) -> Validation:
        self.session.begin("validate", self.held_out.images[:, 1:, 0, 0, 0].numel(), unit="frames")
        numbers, frames = validate(network, self.held_out, progress=self.session.progress)
        return Validation(numbers, draw_sheet(self.held_out, frames))


def build_generator(session: Session, recipe: Recipe) -> AnimationGenerator:
    """The untrained generator of the bundled size, equal in every process, with what matches of `config.init`."""
    torch.manual_seed(session.config.seed)
    channels = DETAILED_CHANNELS if recipe.structure_details else STRUCTURE_CHANNELS
    config = replace(bundled_person(), structure_channels=channels)
    generator = AnimationGenerator(config=config if recipe.structure_details else replace(config, finger_hidden=0))
    if session.config.init:
        load_matching(generator, session.config.init, session.progress, expect="animation", adapt=fit_channels)
    return generator
