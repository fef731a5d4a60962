"""Recipe of the viewpoint network on rendered objects. B pictures, N bins of the azimuth."""

from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import InputError
from models.viewpoint import REACH, Answer, ViewpointConfig, ViewpointNetwork, angle_between, azimuth_target, decode
from models.weights import save_weights
from pipelines.runtime.progress import Progress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.engine.session import Processes, Session, TrainConfig, take_fitting
from pipelines.training.engine.supervised import DirectTrainer
from pipelines.training.viewpoint.data import OTHER, Labelled, Recipe, filling, others, sample

__all__ = ["Recipe", "run"]

LEARNING_RATE = 1.5e-3
VALIDATION_SEED = 20262
REVERSED = 120.0  # degrees: an error beyond is a confusion of front and back
AT_ONCE = 50


def losses(recipe: Recipe, answer: Answer, truth: Labelled) -> dict[str, Tensor]:
    """Cross entropies of azimuth and kind, errors of elevation and frame; only the kind where there is no object."""
    known = (truth.kind != OTHER).float()
    target = azimuth_target(truth.azimuth, answer.azimuth.shape[1], recipe.spread)
    azimuth = -(target * F.log_softmax(answer.azimuth, 1)).sum(1)
    off = F.smooth_l1_loss(answer.elevation / 10, truth.elevation / 10, reduction="none")
    return {
        "azimuth": (known * azimuth).mean(),
        "kind": recipe.kind * F.cross_entropy(answer.kind, truth.kind),
        "elevation": recipe.elevation * (known * off).mean(),
        "frame": recipe.frame * (known * (answer.frame - truth.frame).abs().mean(1)).mean(),
    }


class Trainer(DirectTrainer[ViewpointNetwork]):
    """The viewpoint network on rendered pictures."""

    def __init__(self, session: Session, recipe: Recipe, progress: Progress) -> None:
        config = session.config
        self.recipe, self.chunk = recipe, min(recipe.chunk, config.batch)
        if config.batch % self.chunk:
            raise InputError(f"batch {config.batch} must be a multiple of the recipe's chunk, {self.chunk}")
        torch.manual_seed(config.seed)
        network = ViewpointNetwork(config=ViewpointConfig())
        if config.init:
            take_fitting(network, config.init, progress, expect="viewpoint")
        super().__init__(session, network, rate=LEARNING_RATE)

    def iterate(self) -> dict[str, Tensor]:
        """One rendered batch: an update per chunk; returns the last one's losses."""
        size, generator = self.network.config.size, self.session.generator
        with torch.no_grad():
            batch = sample(self.recipe, self.session.config.batch, size, generator)
        parts: dict[str, Tensor] = {}
        for chosen in torch.randperm(len(batch.images), generator=generator, device=self.device).split(self.chunk):
            truth = Labelled(*(each[chosen] for each in vars(batch).values()))
            parts = self.learn(partial(self._losses, truth))
        return parts

    def _losses(self, truth: Labelled) -> dict[str, Tensor]:
        with self.half_precision():
            answer = self.predict(truth.images)
        return losses(self.recipe, answer, truth)


@torch.no_grad()
def validate(network: ViewpointNetwork, category: str, count: int) -> dict[str, float]:
    """Unseen objects from any azimuth at elevation 0.

    Returns:
        Median error in degrees; shares of errors beyond `REVERSED` and within `REACH`; the mean confidence, which
        should equal the latter, and the share within reach of the surer half; the median error of
        the frame's size, as a share; the share whose kind is right.
    """
    device, size = next(network.parameters()).device, network.config.size
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    errors, sure, right, misframed = [], [], [], []
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        drawn = sample_objects(category=category, batch=number, generator=generator)
        azimuth = 360 * torch.rand(number, generator=generator, device=device)
        views = render(drawn, azimuth[:, None], torch.zeros_like(azimuth)[:, None], size=size)
        images, _, frame = filling(views.images[:, 0], views.mask[:, 0])
        found = decode(network(images))
        misframed.append((found.frame - frame)[:, 2].abs())
        errors.append(angle_between(found.azimuth, azimuth))
        sure.append(found.confidence)
        right.append(found.kinds.argmax(1) == ("car", "chair").index(category))
    error, confidence = torch.cat(errors), torch.cat(sure)
    near = (error <= REACH).float()
    return {
        "median": float(error.median()),
        "reversed": float((error > REVERSED).float().mean()),
        "within20": float(near.mean()),
        "confidence": float(confidence.mean()),
        "within20_sure": float(near[confidence >= confidence.median()].mean()),
        "size": float(torch.cat(misframed).median()),
        "kind": float(torch.cat(right).float().mean()),
    }


@torch.no_grad()
def recognised(network: ViewpointNetwork, count: int) -> float:
    """Share of pictures of other things that are taken for such."""
    device = next(network.parameters()).device
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    images = torch.cat(
        [others(min(AT_ONCE, count - i), network.config.size, generator) for i in range(0, count, AT_ONCE)]
    )
    return float((network(images).kind.argmax(1) == OTHER).float().mean())


def run(config: TrainConfig, progress: Progress, recipe: Recipe | None = None) -> Path:
    """Train on rendered objects and write `weights.safetensors`, a picture sheet and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run, or the batch does not suit the recipe.
        WeightsError: `config.init` is not a viewpoint network, or there is nothing to resume.
    """
    recipe = recipe or Recipe()
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = Trainer(session, recipe, progress)
    sample(recipe, config.batch, trainer.network.config.size, session.generator)
    if config.resume:
        session.restore(**trainer.parts())
    session.restart_clock()
    session.play(trainer.iterate, lambda: _publish(trainer), rate=trainer.rate, report_every=50)
    return config.out / "weights.safetensors"


def _publish(trainer: Trainer) -> None:
    """Validate the averaged weights, draw a sheet of training pictures, save weights and state."""
    model, session, recipe = trainer.averaged(), trainer.session, trainer.recipe
    config = session.config
    origin = f" --init {config.init}" if config.init else ""
    results = {"other_kind": recognised(model, recipe.validation)}
    for category in ("car", "chair"):
        numbers = validate(model, category, recipe.validation)
        results |= {f"{category}_{name}": value for name, value in numbers.items()}
    session.report(results, "validation")
    generator = torch.Generator(trainer.device).manual_seed(VALIDATION_SEED)
    session.sheet(list(sample(recipe, 32, model.config.size, generator).images.split(8)))
    save_weights(
        session.out / "weights.safetensors",
        model,
        architecture="viewpoint",
        licence="Apache-2.0",
        command=f"gfla train viewpoint {config.length} --batch {config.batch} --seed {config.seed}{origin}",
        extra={"step": session.step, "seconds": round(session.elapsed), **results},
    )
    session.save(**trainer.parts())
