"""The numbers of the authors' training (official format, section 8). The defaults are the paper's second stage; what
other stages and configurations change is in `paper.configurations`."""

from dataclasses import dataclass

from models.errors import InputError
from models.losses.adversarial import ADVERSARIAL

LEARNING_RATE = 1e-4  # constant
BETAS = (0.0, 0.999)  # of Adam
SIZE_STEP = 64  # pixels: heights are multiples of it


@dataclass(frozen=True)
class Recipe:
    """Sizes, weights of the losses and pace.

    Raises:
        InputError: numbers with which no network can be built or trained.
    """

    width: int = 64
    """Channels of the generator's first layer, from which all other widths follow; even."""
    size: int = 256
    """Height of the images, in pixels; a multiple of 64."""
    picture: float = 5.0
    """Weight of the L1 distance."""
    correctness: float = 5.0
    """Weight of the sampling correctness."""
    regularisation: float = 0.0025
    """Weight of the flow's regularisation."""
    style: float = 500.0
    """Weight of the style distance."""
    content: float = 0.5
    """Weight of the content distance."""
    adversarial: float = 2.0
    """Weight of each discriminator's adversarial loss."""
    gan_mode: str = "lsgan"
    """Adversarial loss of generator and discriminators, a key of `models.losses.adversarial.ADVERSARIAL`."""
    critic_rate: float = 0.1
    """Learning rate of the discriminators, relative to the generator's."""
    true_flow: float = 0.5
    """Weight of the distance to the true flow, in pixels of the flow map; ours, on rendered data."""
    true_mask: float = 0.1
    """Weight of the distance to the true visibility; ours, on rendered data."""
    frames: int = 30
    """Frames of a clip."""
    chunk: int = 6
    """Frames per update."""
    together: int = 8
    """Samples that are rendered at once."""
    workers: int = 4
    """Processes that read a data set; 0: none but the training process."""

    def __post_init__(self) -> None:
        if self.gan_mode not in ADVERSARIAL:
            raise InputError(f"--set gan_mode={self.gan_mode}: must be one of {', '.join(ADVERSARIAL)}")
        if self.width < 2 or self.width % 2:
            raise InputError(f"--set width={self.width}: must be even, at least 2")
        if self.size < SIZE_STEP or self.size % SIZE_STEP:
            raise InputError(f"--set size={self.size}: must be a multiple of {SIZE_STEP}")
        if self.frames < self.chunk:
            raise InputError(f"--set frames={self.frames}: must be at least chunk, {self.chunk}")
        if self.together < 1:
            raise InputError(f"--set together={self.together}: must be at least 1")
        if self.workers < 0:
            raise InputError(f"--set workers={self.workers}: must be at least 0")
