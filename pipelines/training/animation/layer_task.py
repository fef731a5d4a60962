"""What the trainings of animated layers share, people (`animation.recipe`) and faces (`face.recipe`).

Legend: B clips, H, W image size.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import fields, replace

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.generators.animation import AnimationGenerator, Reference, State, Step
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
            image, losses = self.learn(*list_inputs(truth, previous, chunk.reference, *chunk.others))
            previous = State(image, truth.structure, truth.joints)
            if self.session.finished:
                break
        return losses

    def generate(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Inputs: of `list_inputs`."""
        truth, previous, *pictures = _name_inputs(inputs)
        with self.autocast():
            reference, *others = (self._encode(picture) for picture in pictures)
            reference = replace(reference, others=tuple(others))
            step = self.generator.step(reference, previous, truth.structure, truth.joints)
        return step.image, self.measure_losses(step, truth)

    def _encode(self, picture: State) -> Reference:
        return self.generator.encode_reference(picture.image, picture.structure, picture.joints)

    @abstractmethod
    def measure_losses(self, step: Step, truth: Truth) -> dict[str, Tensor]:
        """The weighted losses of a generated frame, scalars by name."""

    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        truth, *_ = _name_inputs(inputs)
        return truth.image, truth.structure


def list_inputs(truth: Truth, *states: State) -> list[Tensor]:
    """What `LayerTask.generate` takes.

    states: the previous one, the reference, and its further pictures.
    """
    return [*truth.tensors(), *(tensor for state in states for tensor in state_tensors(state))]


def _name_inputs(inputs: Sequence[Tensor]) -> tuple[Truth, *tuple[State, ...]]:
    """What was given to `list_inputs`."""
    first = len(fields(Truth))
    return Truth(*inputs[:first]), *(State(*inputs[start : start + 3]) for start in range(first, len(inputs), 3))
