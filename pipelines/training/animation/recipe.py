"""Recipe of the animation generator on rendered people.

Every clip gives a reference, a previous frame and `rollout` targets in order. The generator makes them one after
the other, each from its own last result, as in use (section 3.5 of the paper's extension, arXiv 2008.12606).
B clips, H, W image size.
"""

from pathlib import Path

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.generators.animation import AnimationGenerator, State, bundled_person
from models.weights import save_weights
from pipelines.runtime.progress import Progress
from pipelines.training.animation.data import Recipe, Sample, Truth, sample, tensors
from pipelines.training.animation.losses import reconstruction
from pipelines.training.animation.validation import HeldOut, render_validation, validate
from pipelines.training.engine.gan import AdversarialTrainer
from pipelines.training.engine.session import Processes, Session, TrainConfig, take_fitting

LEARNING_RATE = 4e-4
REPORT_EVERY = 200


class Trainer(AdversarialTrainer[AnimationGenerator]):
    """The animation generator, a frame after the other."""

    def __init__(self, session: Session, recipe: Recipe, generator: AnimationGenerator) -> None:
        discriminator = PatchDiscriminator(channels=3 + generator.config.structure_channels)
        super().__init__(session, recipe, generator, discriminator, rate=LEARNING_RATE)
        self.recipe = recipe

    def iterate(self) -> dict[str, Tensor]:
        """One batch of clips: an update per chunk and target frame; returns the last frame's losses."""
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, self.session.generator)
        self.begin_adversarial_when_due()
        losses = torch.zeros(())
        for chunk in batch.chunks(self.chunk):
            losses = self._play(chunk)
        return self.named(losses)

    def _play(self, clips: Sample) -> Tensor:
        """All target frames of a chunk in order; the losses of the last."""
        previous, losses = clips.previous, torch.zeros(())
        for truth in clips.targets:
            image, losses = self.learn(*tensors(clips.reference), *tensors(previous), *truth.tensors())
            previous = State(image, truth.structure, truth.joints)
        return losses

    def _made(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """From reference, previous state and truth."""
        source, previous, truth = State(*inputs[:3]), State(*inputs[3:6]), Truth(*inputs[6:])
        with self._autocast():
            reference = self.generator.encode_reference(source.image, source.structure, source.joints)
            step = self.generator.step(reference, previous, truth.structure, truth.joints)
        return step.image, reconstruction(self.recipe, step, truth)

    def _truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        truth = Truth(*inputs[6:])
        return truth.image, truth.structure

    def _conditioned(self, image: Tensor, *conditions: Tensor) -> Tensor:
        """With the structure [B, 20, H, W], its picture scaled to 0..1."""
        (structure,) = conditions
        return torch.cat([image, structure[:, :-3].to(image.dtype), structure[:, -3:].to(image.dtype) / 255], 1)


def start(config: TrainConfig, progress: Progress) -> AnimationGenerator:
    """The generator before training, of the bundled size and equal in every process.

    From `config.init` it takes every tensor of the same name and shape; the rest is fresh.
    """
    torch.manual_seed(config.seed)
    model = AnimationGenerator(config=bundled_person())
    if config.init:
        take_fitting(model, config.init, progress, expect="animation")
    return model


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered clips and write `weights.safetensors`, picture sheets and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run.
        WeightsError: `config.init` is not an animation generator, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe, start(config, progress))
    held_out = render_validation(recipe.validation_clips, 24, size=recipe.size, device=processes.device)
    sample(recipe, config.batch, session.generator)
    if config.resume:
        session.restore(**trainer.parts())
    session.restart_clock()
    session.play(
        trainer.iterate, lambda: _publish(trainer, held_out, config), rate=trainer.peak, report_every=REPORT_EVERY
    )
    return config.out / "weights.safetensors"


def _publish(trainer: Trainer, held_out: HeldOut, config: TrainConfig) -> None:
    """Validate the averaged weights, draw a sheet, save weights and state."""
    model, session = trainer.averaged(), trainer.session
    results, frames = validate(model, held_out)
    session.report(results, "validation")
    shown = min(4, len(frames))
    columns = torch.tensor([1, 8, 16, 23], device=frames.device)
    rows = []
    for clip in range(shown):
        truth, made = held_out.images[clip, columns], frames[clip, columns - 1]
        rows += [torch.cat([held_out.images[clip, :1], truth]), torch.cat([held_out.images[clip, :1], made])]
    session.sheet(rows)
    origin = f" --init {config.init}" if config.init else ""
    origin += f" --only {config.only}" if config.only else ""
    command = f"gfla train animate --data synthetic {config.length} --batch {config.batch} --seed {config.seed}{origin}"
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="animation",
        licence="Apache-2.0",
        command=command,
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
