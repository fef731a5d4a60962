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
            further = () if chunk.other is None else state_tensors(chunk.other)
            inputs = *state_tensors(chunk.reference), *state_tensors(previous), *truth.tensors(), *further
            image, losses = self.learn(*inputs)
            previous = State(image, truth.structure, truth.joints)
            if self.session.finished:
                break
        return losses

    def generate(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Inputs: the tensors of the reference, of the previous state, of Truth, and of the further picture, if any."""
        source, previous, truth, other = _name_inputs(inputs)
        with self.autocast():
            reference = self._encode(source)
            if other is not None:
                reference = replace(reference, others=(self._encode(other),))
            step = self.generator.step(reference, previous, truth.structure, truth.joints)
        return step.image, self.measure_losses(step, truth)

    def _encode(self, picture: State) -> Reference:
        return self.generator.encode_reference(picture.image, picture.structure, picture.joints)

    @abstractmethod
    def measure_losses(self, step: Step, truth: Truth) -> dict[str, Tensor]:
        """The weighted losses of a generated frame, scalars by name."""

    def truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        _, _, truth, _ = _name_inputs(inputs)
        return truth.image, truth.structure


def _name_inputs(inputs: Sequence[Tensor]) -> tuple[State, State, Truth, State | None]:
    """The reference, the previous state, the truth and the further picture, if there is one."""
    reference, previous, rest = State(*inputs[:3]), State(*inputs[3:6]), inputs[6:]
    if len(rest) < len(fields(Truth)):
        return reference, previous, Truth(*rest), None
    return reference, previous, Truth(*rest[:-3]), State(*rest[-3:])
