"""Recipe of the face generator, `gfla train face`: rendered heads that talk and turn, frame after frame.

As the recipe of people (`animation.recipe`), with lines through 68 landmarks and irises instead of skeletons.

Legend: B clips, H = W image size.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from models.generators.animation import AnimationGenerator, Step
from models.generators.config import bundled_face
from models.joints import FACE_STRUCTURES
from models.weights import load_weights
from pipelines.training.animation.data import Clips, Truth
from pipelines.training.animation.layer_task import LayerTask
from pipelines.training.animation.losses import reconstruction_losses
from pipelines.training.animation.plates import choose_fill
from pipelines.training.animation.warm_start import fit_channels
from pipelines.training.engine.initialisation import load_matching
from pipelines.training.engine.recipe import Validation
from pipelines.training.engine.session import Session
from pipelines.training.face.data import Recipe, draw_clips
from pipelines.training.face.regions import weigh_features, weigh_openings
from pipelines.training.face.validation import draw_sheet, render_held_out, validate


class FaceTask(LayerTask):
    """Trains the face generator; `generator` replaces the network of the bundled size."""

    name = "face"
    recipe_type = Recipe
    recipe: Recipe

    def __init__(self, session: Session, recipe: Recipe, generator: AnimationGenerator | None = None) -> None:
        super().__init__(session, recipe, generator or build_generator(session))

    def prepare(self) -> None:
        number, progress = self.recipe.validation_clips, self.session.progress
        self.session.begin("render held-out clips", number, unit="clips")
        fill = choose_fill(self.device, progress)
        self.held_out = render_held_out(self.recipe, number, device=self.device, fill=fill, progress=progress)
        self.warm_up()

    def draw_batch(self) -> Clips:
        batch = self.session.samples_due(self.chunk, updates=self.recipe.targets)
        return draw_clips(self.recipe, batch, self.session.generator)

    def measure_losses(self, step: Step, truth: Truth) -> dict[str, Tensor]:
        mouths, eyes = weigh_openings(truth.structure)
        emphasis = self.recipe.emphasis * weigh_features(truth.structure)
        emphasis = emphasis + self.recipe.openings * torch.maximum(mouths, eyes)
        return reconstruction_losses(self.recipe, step, truth, emphasis)

    def add_conditions(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return torch.cat([image, conditions[0].to(image.dtype)], 1)  # [B, 4 + S, H, W]

    def validate(self, network: AnimationGenerator) -> Validation:
        self.session.begin("validate", self.held_out.images[:, 1:, 0, 0, 0].numel(), unit="frames")
        numbers, made = validate(network, self.held_out, progress=self.session.progress)
        return Validation(numbers, draw_sheet(self.held_out, made))


def build_generator(session: Session) -> AnimationGenerator:
    """The generator of the bundled size, equal in every process, with what matches of `config.init`; of the size of
    those weights if they are of a face."""
    init, config = session.config.init, bundled_face()
    given = load_weights(init, expect="animation") if init else None
    if isinstance(given, AnimationGenerator) and given.config.structure_channels in FACE_STRUCTURES:
        config = replace(given.config, structure_channels=config.structure_channels, limbs=config.limbs)
    torch.manual_seed(session.config.seed)
    generator = AnimationGenerator(config=config)
    if init:
        load_matching(generator, init, session.progress, expect="animation", adapt=_fit_structures)
    return generator


def _fit_structures(given: nn.Module, network: nn.Module) -> dict[str, Tensor]:
    """The state of `given`, that of earlier generators of faces with room for openings or irises.

    Structures of people are of another kind, and what reads them does not match.
    """
    assert isinstance(given, AnimationGenerator)
    earlier = given.config.structure_channels in FACE_STRUCTURES[:-1]
    return fit_channels(given, network) if earlier else given.state_dict()
