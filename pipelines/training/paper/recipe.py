"""Training of the authors' configurations on a data set or on rendered pictures (official format, section 8).

What is learnt, and in which order, is in `official_pair`, `official_sequence` and `official_motion`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import InputError
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import GeneratorConfig, PictureConfig
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.losses.perceptual import Vgg19
from models.motion import MotionConfig, MotionNetwork
from models.weights import save_weights
from pipelines.runtime.progress import Progress
from pipelines.training.data.batches import Batches, mixed, moved
from pipelines.training.engine.session import Processes, Session, TrainConfig, take_fitting
from pipelines.training.paper.configurations import CLIP, DIFFERENCES, LEARNING_RATE, Configuration, Recipe
from pipelines.training.paper.data import batches_of, prepared
from pipelines.training.paper.losses import Learner, Losses, Terms, initialise
from pipelines.training.paper.motion import MotionLoop
from pipelines.training.paper.pairs import FlowLoop, PairLoop
from pipelines.training.paper.sequences import Carried, Clips, SequenceLoop
from pipelines.training.paper.vgg import find_vgg19

REPORT_EVERY = 50
STEPS = 200_000  # the authors stop by eye
VALIDATE_EVERY = 1000
SMALLEST = 64  # size of pictures, and a divisor of all others

Loop = FlowLoop | PairLoop | SequenceLoop | MotionLoop


@dataclass
class Trainer:
    """Everything that learns, on one process: a loop and its networks and optimisers."""

    session: Session
    recipe: Recipe
    configuration: Configuration
    architecture: str
    loop: Loop
    critics: list[nn.Module]
    batches: Batches

    def parts(self) -> dict[str, Any]:
        """What a saved state holds."""
        parts = {"network": self.loop.network, "optimiser": self.loop.learner.optimiser, "batches": self.batches}
        if self.critics:
            assert isinstance(self.loop, PairLoop | SequenceLoop)
            parts["optimiser_d"] = self.loop.judge.optimiser
        return parts | {f"critic{index}": critic for index, critic in enumerate(self.critics)}

    def iterate(self) -> Losses:
        """One batch: an update, of clips one per chunk; returns the last losses."""
        number = self.batches.taken
        batch: Any = prepared(moved(self.batches.next(), self.session.processes.device), self.configuration)
        if isinstance(self.loop, SequenceLoop):
            return self._play(batch, number)
        losses = self.loop.update(batch)
        self.session.advance()
        return losses

    def _play(self, clips: Clips, number: int) -> Losses:
        assert isinstance(self.loop, SequenceLoop)
        generator = torch.Generator().manual_seed(mixed(self.session.config.seed, number))

        def pick(low: int, high: int) -> int:
            return int(torch.randint(low, high, (), generator=generator))

        losses: Losses = {}
        carried: Carried | None = None
        chunks = list(clips.chunks(self.recipe.chunk))
        for chunk in chunks:
            losses, carried = self.loop.update(chunk, pick, carried)
        self.session.advance(len(chunks))
        return losses


def build(task: str, configuration: Configuration, recipe: Recipe) -> tuple[str, nn.Module, list[nn.Module]]:
    """Architecture, network and critics of a task, freshly initialised from torch's own random state."""
    if task == "motion":
        config = configuration.config()
        assert isinstance(config, MotionConfig)
        network, critics = MotionNetwork(config=config), []
        architecture = "motion"
    else:
        architecture, network = _generator(task, configuration.generator_config(recipe.width))
        critics = [] if task == "flow" else configuration.critics(recipe.width)
    for each in (network, *critics):
        initialise(each)
    return architecture, network, critics


def _generator(task: str, config: GeneratorConfig) -> tuple[str, nn.Module]:
    if isinstance(config, PictureConfig):
        flow = task == "flow"
        return ("flow", FlowEstimator(config=config)) if flow else ("picture", PictureGenerator(config=config))
    if isinstance(config, AnimationConfig):
        return "animation", AnimationGenerator(config=config)
    return "face", FaceGenerator(config=config)


def loop_of(
    network: nn.Module, critics: list[nn.Module], recipe: Recipe, vgg: Vgg19 | None, processes: Processes, rate: float
) -> Loop:
    """The loop that trains a network."""
    learner = Learner([network], processes, rate=rate)
    if isinstance(network, MotionNetwork):
        return MotionLoop(network, learner)
    config: GeneratorConfig = network.config  # pyright: ignore[reportAssignmentType]
    terms = Terms(recipe, dict(zip(config.attention_layers, config.kernel_sizes, strict=True)), vgg)
    if isinstance(network, FlowEstimator):
        return FlowLoop(network, terms, learner)
    judge = Learner(critics, processes, rate=rate * recipe.critic_rate)
    if isinstance(network, PictureGenerator):
        return PairLoop(network, critics, terms, learner, judge)
    assert isinstance(network, AnimationGenerator | FaceGenerator)
    return SequenceLoop(network, critics, terms, learner, judge)


def start(
    task: str, configuration: Configuration, recipe: Recipe, session: Session, begin: Callable[[], Batches]
) -> Trainer:
    """Networks and loop before the first step, equal in every process."""
    config, device = session.config, session.processes.device
    with torch.random.fork_rng([]):
        torch.manual_seed(config.seed)
        architecture, network, critics = build(task, configuration, recipe)
    if config.init:
        take_fitting(network, config.init, session.progress)
    for each in (network, *critics):
        each.to(device).train()
    true_flow = config.data == "synthetic" and configuration.true_flow
    instead = "the true flow" if true_flow else "nothing"
    vgg = None if task == "motion" else find_vgg19(config, session.processes, session.progress, instead=instead)
    loop = loop_of(network, critics, recipe, vgg, session.processes, config.rate(LEARNING_RATE))
    return Trainer(session, recipe, configuration, architecture, loop, critics, begin())


def run(config: TrainConfig, progress: Progress, recipe: Recipe, *, task: str, configuration: Configuration) -> Path:
    """Train and write `weights.safetensors`, picture sheets and a log into `config.out`.

    Raises:
        InputError: `config.out` holds another run, the data can't be used, or a number of the recipe can't be.
        WeightsError: nothing of `config.init` fits, VGG19's file is none, or there is nothing to resume.
        BackendUnavailable: VGG19 can't be fetched.
    """
    check(task, recipe)
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    trainer = start(task, configuration, recipe, session, lambda: batches_of(configuration, recipe, config, processes))
    if config.resume:
        session.restore(**trainer.parts())
    losses: Losses = {}
    while session.running():
        losses = trainer.iterate()
        if session.due(min(REPORT_EVERY, config.validate_every)) or session.finished:
            session.report(processes.average(losses))
        if processes.main and (session.save_due() or session.due(config.validate_every)):
            _publish(trainer, task, losses)
    if processes.main and session.unsaved:
        _publish(trainer, task, losses)
    processes.close()
    return config.out / "weights.safetensors"


def check(task: str, recipe: Recipe) -> None:
    """Raise InputError for numbers that no network can be built of or trained with."""
    if recipe.width < 2 or recipe.width % 2:
        raise InputError(f"--set width={recipe.width}: must be even, at least 2")
    if recipe.size < SMALLEST or recipe.size % SMALLEST:
        raise InputError(f"--set size={recipe.size}: must be a multiple of {SMALLEST}")
    seen = {"animate": CLIP, "face": DIFFERENCES}.get(task, 1)
    if recipe.chunk < seen:
        raise InputError(f"--set chunk={recipe.chunk}: the video discriminator sees {seen} frames")
    if recipe.frames < recipe.chunk:
        raise InputError(f"--set frames={recipe.frames}: must be at least chunk, {recipe.chunk}")
    if recipe.together < 1 or recipe.workers < 0:
        raise InputError("--set together or workers: must be at least 1 and 0")


def _publish(trainer: Trainer, task: str, losses: Losses) -> None:
    """A sheet of the last batch, the weights, the state."""
    session, config = trainer.session, trainer.session.config
    if trainer.loop.shown:
        columns: list[Tensor] = [images[:4] for images in trainer.loop.shown]
        session.sheet([torch.stack(row) for row in zip(*columns, strict=True)])
    command = (
        f"gfla train {task} --config {trainer.configuration.name} --data {Path(config.data).name} "
        f"{config.length} --batch {config.batch} --seed {config.seed}"
    )
    save_weights(
        session.out / "weights.safetensors",
        trainer.loop.network,
        architecture=trainer.architecture,
        licence="Apache-2.0" if config.data == "synthetic" else "as the training data allows",
        command=command + (f" --init {config.init}" if config.init else ""),
        extra={"step": session.step, **{name: round(float(value), 5) for name, value in losses.items()}},
        official=trainer.configuration.name,
        exact=True,
    )
    session.save(**trainer.parts())
