"""Recipe of the view-synthesis generator on rendered objects.

Every sample is a source and a target view of one object. B samples, H = W image size.
"""

from pathlib import Path

import torch
from torch import Tensor

from models.discriminators import PatchDiscriminator
from models.generators.config import ViewConfig, bundled_objects
from models.generators.view import ViewGenerator
from models.weights import save_weights
from pipelines.runtime.progress import Progress
from pipelines.synthetic.objects.scene import CATEGORIES
from pipelines.training.engine.gan import AdversarialTrainer
from pipelines.training.engine.session import Processes, Session, TrainConfig, take_fitting
from pipelines.training.view_synthesis.data import Given, Recipe, Truth, chunks, sample
from pipelines.training.view_synthesis.losses import reconstruction
from pipelines.training.view_synthesis.validation import validate

__all__ = ["Recipe", "Trainer", "run"]

LEARNING_RATE = 4e-4
REPORT_EVERY = 100
SHOWN = 4  # objects of each category on the sheet


class Trainer(AdversarialTrainer[ViewGenerator]):
    """The view-synthesis generator, a view at a time."""

    def __init__(self, session: Session, recipe: Recipe, generator: ViewGenerator) -> None:
        super().__init__(session, recipe, generator, PatchDiscriminator(), rate=LEARNING_RATE)
        self.recipe = recipe

    def iterate(self) -> dict[str, Tensor]:
        """One rendered batch: an update per chunk; returns the last one's losses."""
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, self.session.generator)
        self.begin_adversarial_when_due()
        losses = torch.zeros(())
        for given, truth in chunks(batch, self.chunk):
            losses = self.learn(*vars(given).values(), *vars(truth).values())[1]
        return self.named(losses)

    def _made(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """From the fields of Given and of Truth."""
        given, truth = Given(*inputs[:5]), Truth(*inputs[5:])
        with self._autocast():
            view = self.generator(*vars(given).values())
        return view.on(truth.ground), reconstruction(self.recipe, view, truth)

    def _truth(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return (Truth(*inputs[5:]).grounded,)


def start(config: TrainConfig, progress: Progress, size: ViewConfig | None = None) -> ViewGenerator:
    """The generator before training, of the bundled size and equal in every process.

    From `config.init` it takes every tensor of the same name and shape; the rest is fresh.
    """
    torch.manual_seed(config.seed)
    model = ViewGenerator(config=size or bundled_objects())
    if config.init:
        take_fitting(model, config.init, progress, expect="view")
    return model


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered objects and write `weights.safetensors`, picture sheets and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run, or the batch does not suit the recipe.
        WeightsError: `config.init` is not a view generator, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe, start(config, progress))
    sample(recipe, config.batch, session.generator)
    if config.resume:
        session.restore(**trainer.parts())
    session.restart_clock()
    session.play(trainer.iterate, lambda: _publish(trainer, config), rate=trainer.peak, report_every=REPORT_EVERY)
    return config.out / "weights.safetensors"


def _publish(trainer: Trainer, config: TrainConfig) -> None:
    """Validate the averaged weights, draw a sheet, save weights and state."""
    model, session, recipe = trainer.averaged(), trainer.session, trainer.recipe
    results, rows = {}, []
    for category in CATEGORIES if recipe.category == "all" else (recipe.category,):
        if category == "all":
            continue
        numbers, shown = validate(model, category, recipe.validation, size=recipe.size)
        results |= {f"{category}_{name}": value for name, value in numbers.items()}
        rows += shown[:SHOWN]
    session.report(results, "validation")
    session.sheet(rows)
    origin = f" --init {config.init}" if config.init else ""
    data = f"--data synthetic --category {recipe.category}"
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="view",
        licence="Apache-2.0",
        command=f"gfla train view-synth {data} {config.length} --batch {config.batch} --seed {config.seed}{origin}",
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
