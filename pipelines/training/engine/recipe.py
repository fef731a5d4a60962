"""What is the same in every recipe: a `Task` states what to train, and `fit` trains, validates, reports and saves it.

`gfla train` gets the task's class from `pipelines.training.registry` and calls `fit`, which returns the path of
`weights.safetensors`. Most tasks extend `engine.supervised.SupervisedTask` or `engine.gan.GanTask`, which add the
networks, the optimisers and the update.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from models.errors import ProcessingError, WeightsError
from models.weights import save_weights
from pipelines.runtime.progress import Progress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session, Stateful

Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch")

Losses = dict[str, Tensor]  # weighted scalars by name


@dataclass(frozen=True)
class Validation:
    """What validation found."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    """For the log and the metadata of the weights, by name."""

    sheet: Sequence[Tensor] = ()
    """Rows of `sheet.png`, each [N, 3, H, W] in [-1, 1]."""


class Task(ABC, Generic[Network, Batch]):
    """What one recipe trains, in one process: its networks, data, update and validation, and what it publishes.

    A subclass is made of the run's session and its own `Recipe`, and builds its networks from `torch.manual_seed`, so
    that they are equal in every process.
    """

    name: str
    """As in `gfla train NAME`."""

    architecture: str
    """Of the published weights, a key of `models.weights.files.ARCHITECTURES`."""

    recipe_type: ClassVar[Callable[[], Any]]
    """Makes the task's `Recipe` with its default numbers; `--set` changes them."""

    learning_rate: float
    """Peak of the learning rate, unless the run's config has another."""

    report_every: int = 50
    """Updates between two reports of the losses."""

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Fields of TrainConfig whose defaults differ for this task."""

    unused_options: ClassVar[frozenset[str]] = frozenset({"vgg"})
    """Fields of TrainConfig without effect on this task: setting them is refused."""

    def __init__(self, session: Session, recipe: Any) -> None:
        self.session, self.recipe, self.device = session, recipe, session.processes.device
        configured = session.config.learning_rate
        self.peak_rate = self.learning_rate if configured is None else configured

    @abstractmethod
    def state(self) -> dict[str, Stateful]:
        """Everything that `state.pt` saves for a resumed run, by its key there."""

    def prepare(self) -> None:
        """Whatever should be done before the clock starts: held-out data, a first batch to warm up the renderer."""

    def warm_up(self) -> None:
        """Render a batch that is not used, on a GPU, where the first one takes long."""
        if self.device.type == "cuda":
            self.draw_batch()

    @abstractmethod
    def draw_batch(self) -> Batch:
        """The next batch; called without gradients."""

    @abstractmethod
    def update(self, batch: Batch) -> Losses:
        """One or more optimiser updates, each counted by `session.advance`; returns the losses of the last.

        The updates end with `session.finished`, also in the middle of a batch.
        """

    @abstractmethod
    def published_network(self) -> Network:
        """The network to validate and to publish, in eval mode."""

    @abstractmethod
    def validate(self, network: Network) -> Validation:
        """How good the network is; called without gradients, by the main process only."""

    def report_due(self) -> bool:
        """Whether to report the losses after this iteration."""
        return self.session.has_passed(self.report_every)

    def summarise(self, losses: Losses) -> Mapping[str, float | Tensor]:
        """What to report of an iteration; called by every process."""
        return {**losses, "rate": self.session.learning_rate(self.peak_rate)}

    def options(self) -> str:
        """Options of `gfla train` that chose this task beside its name, for the weights' metadata."""
        return ""

    def metadata(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        """What the weights file says about itself: keyword arguments of `models.weights.save_weights`."""
        config = self.session.config
        words = ["gfla train", self.name, self.options(), f"--data {Path(config.data).name}", config.length_option]
        words += [f"--batch {config.batch}", f"--seed {config.seed}"]
        words += [f"--{name} {value}" for name, value in (("init", config.init), ("only", config.only)) if value]
        return {
            "architecture": self.architecture,
            "licence": "Apache-2.0",
            "command": " ".join(word for word in words if word),
            "extra": {"step": self.session.step, "seconds": round(self.session.elapsed), **numbers},
        }


def fit(
    make_task: Callable[[Session, Any], Task[Any, Any]], recipe: Any, config: TrainConfig, progress: Progress
) -> Path:
    """Train a task to the end of the run, or until it pauses, and return the path of its weights.

    make_task: a subclass of Task, or a function that makes one of the session and the recipe.

    Raises:
        InputError: `config.out` holds another run, or the recipe, the config and the data do not fit together.
        WeightsError: `config.init` does not fit the network, or there is nothing to resume.
        ProcessingError: the training diverged; what was saved before is kept.
    """
    processes = Processes(config.device)
    session = Session(config, processes, progress)
    task = make_task(session, recipe)
    with torch.no_grad():
        task.prepare()
    if config.resume:
        session.restore(**task.state())
    session.restart_clock()
    while session.running():
        session.begin_training()
        with torch.no_grad():
            batch = task.draw_batch()
        losses = task.update(batch)
        if task.report_due():
            numbers = task.summarise(losses)
            _check_finite(session, numbers)
            session.report(numbers)
        if processes.is_main and (session.save_due() or session.has_passed(config.validate_every)):
            publish(task)
    if processes.is_main and session.unsaved:
        publish(task)
    processes.close()
    return _weights_file(session)


def publish(task: Task[Any, Any]) -> None:
    """Validate the network and write its weights, the picture sheet and the state to resume from.

    Raises:
        ProcessingError: the network's values are infinite or too large; nothing is saved.
    """
    session, network = task.session, task.published_network()
    _check_finite(session, network.state_dict())
    with torch.no_grad():
        validation = task.validate(network)
    if validation.numbers:
        session.report(validation.numbers, "validation")
    if validation.sheet:
        session.write_sheet(validation.sheet)
    try:
        save_weights(_weights_file(session), network, **task.metadata(validation.numbers))
    except WeightsError as error:  # too large for float16
        raise _describe_divergence(session, str(error)) from None
    session.save(**task.state())


def _check_finite(session: Session, values: Mapping[str, float | Tensor]) -> None:
    """Raises ProcessingError if losses or parameters are infinite or not a number: no update brings them back."""
    bad = [name for name, value in values.items() if not torch.as_tensor(value).isfinite().all()]
    if bad:
        raise _describe_divergence(session, f"{bad[0]} is not finite")


def _describe_divergence(session: Session, what: str) -> ProcessingError:
    kept = f"--resume from step {session.saved_step} in {session.out}" if session.saved_step else "start again"
    return ProcessingError(f"the training diverged by step {session.step}, {what}: {kept} with a lower --learning-rate")


def _weights_file(session: Session) -> Path:
    return session.out / "weights.safetensors"
