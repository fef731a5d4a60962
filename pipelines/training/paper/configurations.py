"""The authors' configurations and the settings they were trained with (official format, section 8)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from models.discriminators import ResDiscriminator, TemporalDiscriminator
from models.errors import InputError
from models.generators import config
from models.generators.config import GeneratorConfig
from models.motion import MotionConfig

LEARNING_RATE = 1e-4
BETAS = (0.0, 0.999)
DIFFERENCES = 3  # frames that the face's video critic compares
CLIP = 6  # frames that the dance's video critic sees


@dataclass(frozen=True)
class Recipe:
    """Sizes, weights of the losses and pace; the defaults are the paper's second stage, other stages differ in
    `recipe_of`.

    width: channels of the generator's first layer, from which all other widths follow. size: height of the pictures.
    picture, correctness, regularisation, style, content, adversarial
    weigh the authors' terms, true_flow and true_mask ours on rendered data. critic_rate: learning rate of the
    discriminators over the generator's. frames: of a clip, trained `chunk` at a time. together: samples rendered at
    once. workers: processes that read a data set.
    """

    width: int = 64
    size: int = 256
    picture: float = 5.0
    correctness: float = 5.0
    regularisation: float = 0.0025
    style: float = 500.0
    content: float = 0.5
    adversarial: float = 2.0
    critic_rate: float = 0.1
    true_flow: float = 0.5
    true_mask: float = 0.1
    frames: int = 30
    chunk: int = 6
    together: int = 8
    workers: int = 4


@dataclass(frozen=True)
class Configuration:
    """One of the authors' trained networks: its config, data set layout, batch, and what tells the others apart.

    height: of the pictures; aspect: their width over it. masked: the correctness counts inside the data set's masks
    only. critic_layers: halvings of the picture discriminator. true_flow: rendered pictures come with it.
    """

    name: str
    config: Callable[[], GeneratorConfig] | Callable[[], MotionConfig]
    layout: str
    batch: int
    height: int = 256
    aspect: float = 1.0
    masked: bool = False
    critic_layers: int = 4
    true_flow: bool = True

    def generator_config(self, width: int) -> GeneratorConfig:
        """The generator's config, every width in its official proportion to `width`."""
        official = self.config()
        assert isinstance(official, GeneratorConfig)
        sizes = {"width": width, "max_width": 8 * width, "flow_width": width // 2, "flow_max_width": 4 * width}
        return replace(official, **sizes, attention_hidden=2 * width)

    def critics(self, width: int) -> list[nn.Module]:
        """The discriminator of pictures, and for sequences that of video."""
        sizes = {"width": width // 2, "max_width": 2 * width}
        picture = ResDiscriminator(**sizes, layers=self.critic_layers)
        if self.name == "face":
            return [picture, ResDiscriminator(channels=3 * (DIFFERENCES - 1), **sizes)]
        return [picture, TemporalDiscriminator(frames=CLIP, **sizes)] if self.name in DANCES else [picture]


DANCES = ("dance_fashion", "dance_iper")
CONFIGURATIONS = {
    each.name: each
    for each in (
        Configuration("pose_fashion", config.pose_fashion, "fashion", 8),
        Configuration("pose_market", config.pose_market, "market", 8, height=128, aspect=0.5, critic_layers=3),
        Configuration("dance_fashion", config.dance_fashion, "dance-fashion", 2),
        Configuration("dance_iper", config.dance_iper, "dance-iper", 2, masked=True),
        Configuration("face", config.face, "faceforensics", 2, true_flow=False),
        Configuration("shapenet_car", config.shapenet_car, "shapenet-car", 8),
        Configuration("shapenet_chair", config.shapenet_chair, "shapenet-chair", 8),
        Configuration("keypoint", MotionConfig, "human36m", 32),
    )
}
# Which configurations a task trains; the first is the default.
TASKS = {
    "flow": ("pose_fashion", "pose_market", "shapenet_car", "shapenet_chair"),
    "pose": ("pose_fashion", "pose_market"),
    "animate": DANCES,
    "face": ("face",),
    "view-synth": ("shapenet_car", "shapenet_chair"),
    "motion": ("keypoint",),
}


def configuration_of(task: str, name: str = "") -> Configuration:
    """The configuration of this name, or the task's default. Raises InputError if the task has none such."""
    known = TASKS[task]
    if name and name not in known:
        raise InputError(f"--config {name}: `train {task}` takes {' or '.join(known)}")
    return CONFIGURATIONS[name or known[0]]


def recipe_of(task: str, configuration: Configuration) -> Recipe:
    """The paper's settings of a task."""
    recipe = Recipe(size=configuration.height)
    if task == "flow":
        return replace(recipe, correctness=20.0, regularisation=0.01)
    return replace(recipe, correctness=2.0) if configuration.masked else recipe


def numbers_of(task: str, configuration: Configuration, *, rendered: bool) -> tuple[str, ...]:
    """The recipe's numbers that a task has a use for, with rendered pictures or a data set."""
    true = ("true_flow", "true_mask") if configuration.true_flow else ()
    names = ("together", *true) if rendered else ("workers",)
    if task != "motion":
        names += "width", "size", "correctness", "regularisation"
    if task not in ("motion", "flow"):
        names += "picture", "style", "content", "adversarial", "critic_rate"
    return (*names, "frames", "chunk") if task in ("animate", "face") else names
