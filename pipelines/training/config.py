"""How long, where and how fast a training run goes: the settings that every task shares.

`gfla train` builds a TrainConfig from its options and passes it to `engine.recipe.fit`. The numbers of one task, such
as the weights of its losses, are in that task's own `Recipe`. Imports no torch.
"""

from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError


@dataclass(frozen=True)
class TrainConfig:
    """Length, place and pace of a training run."""

    out: Path
    """Folder of the run: its log, picture sheet, weights, and the state from which it resumes."""

    steps: int = 1000
    """Number of optimiser updates of the run; not used if `seconds` is set."""

    seconds: float | None = None
    """Length of the run in seconds of training time, earlier parts of a resumed run included; None: `steps`."""

    pause_after: float | None = None
    """Stop after this many seconds of this process, with the state saved, for `resume`; None: run to the end."""

    batch: int = 8
    """Samples per batch, in each process."""

    learning_rate: float | None = None
    """Peak of the learning rate; None: the recipe's."""

    warmup: int = 200
    """Updates during which the learning rate rises to its peak; then it falls along a cosine to zero."""

    seed: int = 0
    """Seed of the initial weights, the data and dropout."""

    average: float = 0.999
    """Decay per update of the moving average of the weights, 0 to 1; the averaged weights are what is published."""

    validate_every: int = 500
    """Updates between two validations, each of which also writes the weights and the state."""

    save_every_seconds: float = 120.0
    """Seconds after which the weights and the state are written between validations as well."""

    compile: bool = False
    """Whether to compile the network with torch.compile."""

    device: str = "auto"
    """auto (a GPU if there is one), cpu, cuda, cuda:N or mps."""

    init: str | None = None
    """Name or file of weights to start from; None: random weights."""

    only: str = ""
    """Train only the parameters whose name starts with this prefix; empty: all."""

    resume: bool = False
    """Whether to continue the run in `out`."""

    data: str = "synthetic"
    """Either "synthetic", rendered during training, or the folder of a data set."""

    vgg: str = ""
    """VGG19 for the paper's losses: "torchvision", "none" or a file; empty: torchvision for a data set, else none."""

    @property
    def length_option(self) -> str:
        """The run's length as an option of `gfla train`."""
        return f"--seconds {self.seconds:g}" if self.seconds else f"--steps {self.steps}"

    def validation_size(self, full: int) -> int:
        """Held-out samples of a validation: `full` in long runs, else one per update or per ten seconds of the run.

        A run of the default number of updates is long.
        """
        if self.seconds is None and self.steps >= TrainConfig.steps:
            return full
        length = self.steps if self.seconds is None else int(self.seconds / 10)
        return max(1, min(full, length))

    def chunk_size(self, chunk: int) -> int:
        """Samples per update when a batch is divided into chunks of `chunk` samples.

        Raises:
            InputError: the batch is not a multiple of it.
        """
        size = min(chunk, self.batch)
        if self.batch % size:
            raise InputError(f"--batch {self.batch}: must be a multiple of the recipe's chunk, {size} (--set chunk=N)")
        return size
