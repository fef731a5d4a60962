"""The authors' configurations: networks, data sets, and the loops that train them (official format, section 8)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from models.discriminators import official_discriminators
from models.errors import InputError
from models.generators import config
from models.generators.config import GeneratorConfig
from models.motion import MotionConfig
from pipelines.training.paper.loop import Loop, initialise
from pipelines.training.paper.motion import MotionLoop
from pipelines.training.paper.pairs import FlowLoop, PairLoop
from pipelines.training.paper.sequences import FaceLoop, PersonLoop
from pipelines.training.paper.settings import Recipe


@dataclass(frozen=True)
class Configuration:
    """One of the authors' trained networks."""

    name: str
    """The authors' name."""
    config: Callable[[], GeneratorConfig] | Callable[[], MotionConfig]
    """Makes the network's config."""
    loop: type[Loop]
    """Trains the network."""
    layout: str
    """Of its data set, a key of `pipelines.datasets.registry.LAYOUTS`."""
    batch: int
    """Samples per process and update."""
    height: int = 256
    """Of the images, in pixels."""
    aspect: float = 1.0
    """Width of the images over their height."""
    masked: bool = False
    """Whether the correctness counts inside the data set's masks only."""
    true_flow: bool = True
    """Whether rendered images come with their true flow."""

    def build_networks(self, recipe: Recipe) -> tuple[nn.Module, list[nn.Module]]:
        """The network and its discriminators, initialised from torch's random state."""
        network = self.loop.network_type(config=self.network_config(recipe.width))
        discriminators = []
        if self.loop.adversarial:
            discriminators = official_discriminators(self.name, generator_width=recipe.width)
        for each in (network, *discriminators):
            initialise(each)
        return network, discriminators

    def network_config(self, width: int) -> GeneratorConfig | MotionConfig:
        """The network's config, every width of a generator in its official proportion to `width`."""
        official = self.config()
        if isinstance(official, MotionConfig):
            return official
        sizes = {"width": width, "max_width": 8 * width, "flow_width": width // 2, "flow_max_width": 4 * width}
        return replace(official, **sizes, attention_hidden=2 * width)


CONFIGURATIONS = {
    each.name: each
    for each in (
        Configuration("pose_fashion", config.pose_fashion, PairLoop, "fashion", 8),
        Configuration("pose_market", config.pose_market, PairLoop, "market", 8, height=128, aspect=0.5),
        Configuration("dance_fashion", config.dance_fashion, PersonLoop, "dance-fashion", 2),
        Configuration("dance_iper", config.dance_iper, PersonLoop, "dance-iper", 2, masked=True),
        Configuration("face", config.face, FaceLoop, "faceforensics", 2, true_flow=False),
        Configuration("shapenet_car", config.shapenet_car, PairLoop, "shapenet-car", 8),
        Configuration("shapenet_chair", config.shapenet_chair, PairLoop, "shapenet-chair", 8),
        Configuration("keypoint", MotionConfig, MotionLoop, "human36m", 32),
    )
}
# Which configurations a task trains; the first is the default.
TASKS = {
    "flow": ("pose_fashion", "pose_market", "shapenet_car", "shapenet_chair"),
    "pose": ("pose_fashion", "pose_market"),
    "animate": ("dance_fashion", "dance_iper"),
    "face": ("face",),
    "view-synth": ("shapenet_car", "shapenet_chair"),
    "motion": ("keypoint",),
}


def find_configuration(task: str, name: str = "") -> Configuration:
    """The configuration of this name, or the task's default. The task "flow" trains the first stage of each.

    Raises:
        InputError: the task has no configuration of this name.
    """
    known = TASKS[task]
    if name and name not in known:
        raise InputError(f"--config {name}: `train {task}` takes {' or '.join(known)}")
    found = CONFIGURATIONS[name or known[0]]
    return replace(found, loop=FlowLoop) if task == "flow" else found


def default_recipe(configuration: Configuration) -> Recipe:
    """The authors' numbers for a configuration."""
    recipe = Recipe(size=configuration.height)
    if configuration.loop is FlowLoop:
        return replace(recipe, correctness=20.0, regularisation=0.01)
    return replace(recipe, correctness=2.0) if configuration.masked else recipe


def list_settings(configuration: Configuration, *, rendered: bool) -> tuple[str, ...]:
    """Names of the recipe's numbers that have an effect, with rendered images or with a data set."""
    true_flow = ("true_flow", "true_mask") if configuration.true_flow else ()
    data = ("together", *true_flow) if rendered else ("workers",)
    return (*data, *configuration.loop.settings)
