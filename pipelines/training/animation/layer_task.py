"""What the trainings of animated layers share, people (`animation.recipe`) and faces (`face.recipe`).

Legend: B clips, H, W image size.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.generators.animation import AnimationGenerator, State, Step
from pipelines.training.animation.data import Clips, Truth, state_tensors
from pipelines.training.animation.layer_recipe import LayerRecipe
from pipelines.training.engine.gan import GanTask
from pipelines.training.engine.session import Session


class LayerTask(GanTask[AnimationGenerator, Clips]):
    """Trains a generator of layers; the discriminator sees them and their structure maps."""

    architecture = "animation"
    learning_rate = 4e-4
    report_every = 200

    def __init__(self, session: Session, recipe: LayerRecipe, generator: AnimationGenerator) -> None:
        config = generator.config
        discriminator = PatchDiscriminator(channels=config.image_channels + config.structure_channels)
        super().__init__(session, recipe, generator, discriminator)

    def update_chunk(self, chunk: Clips) -> Tensor:
        """An update per target frame, in order."""
        previous, losses = chunk.previous, torch.zeros(())
        for truth in chunk.targets:
            inputs = *state_tensors(chunk.reference), *state_tensors(previous), *truth.tensors()
            image, losses = self.learn(*inputs)
            previous = State(image, truth.structure, truth.joints)
            if self.session.finished:
                break
        return losses

    def generate(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Inputs: the tensors of the reference, of the previous state and of Truth."""
        source, previous, truth = State(*inputs[:3]), State(*inputs[3:6]), Truth(*inputs[6:])
        with self.autocast():
            reference = self.generator.encode_reference(source.image, source.structure, source.joints)
            step = self.generator.step(reference, previous, truth.structure, truth.joints)
        return step.image, self.measure_losses(step, truth)

    @abstractmethod
    def measure_losses(self, step: Step, truth: Truth) -> dict[str, Tensor]:
        """The weighted losses of a generated frame, scalars by name."""

    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        truth = Truth(*inputs[6:])
        return truth.image, truth.structure
