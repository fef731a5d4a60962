"""Which recipe trains what `gfla train TASK` names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from models.errors import InputError
from pipelines.training.paper.configurations import TASKS, configuration_of, numbers_of, recipe_of

OWN = (
    "animate",
    "keypoints",
    "motion",
    "view-synth",
    "viewpoint",
)  # recipes of the bundled weights, on rendered data only
FOLDERS = {"animate": "animation", "view-synth": "view_synthesis"}
DEFAULTS = {"view-synth": {"batch": 192, "validate_every": 5000}, "viewpoint": {"batch": 2048, "validate_every": 2000}}
USELESS = {name: frozenset({"vgg", "compile"}) for name in ("view-synth", "viewpoint")}
USELESS["viewpoint"] |= {"only"}


@dataclass(frozen=True)
class Task:
    """A recipe and what runs it, `run(config, progress, recipe)`; which of its `numbers` can be changed, `defaults` of
    the training's config, and the options that mean nothing to it."""

    run: Callable[..., Path]
    recipe: Any
    numbers: tuple[str, ...]
    defaults: dict[str, Any] = field(default_factory=dict)
    without_effect: frozenset[str] = frozenset()


def task_of(name: str, configuration: str, data: str) -> Task:
    """The project's own recipe, or with a configuration or a data set the authors'.

    Raises:
        InputError: there is no such recipe, or no such data.
    """
    folder = data != "synthetic"
    if folder and not Path(data).is_dir():
        raise InputError(f"--data {data}: neither 'synthetic' nor a folder that exists")
    if name in ("keypoints", "viewpoint") and (folder or configuration):
        raise InputError(f"train {name} has one recipe, --data synthetic")
    if name == "animate" and folder and not configuration:
        raise InputError(f"--data {data}: name the recipe as well, --config {' or '.join(TASKS[name])}")
    if name == "motion" and configuration and not folder:
        raise InputError(f"--config {configuration} needs Human3.6M: --data FOLDER")
    if name in OWN and not folder and not configuration:
        module = import_module(f"pipelines.training.{FOLDERS.get(name, name)}.recipe")
        recipe = module.Recipe()
        numbers = tuple(name for name, value in vars(recipe).items() if type(value) in (int, float))
        return Task(module.run, recipe, numbers, DEFAULTS.get(name, {}), USELESS.get(name, frozenset({"vgg"})))
    return _official(name, configuration, rendered=not folder)


def _official(name: str, configuration: str, *, rendered: bool) -> Task:
    from pipelines.training.paper import recipe as official

    chosen = configuration_of(name, configuration)
    useless = {"warmup", "only", "compile"} | ({"vgg"} if name == "motion" else set())
    return Task(
        partial(official.run, task=name, configuration=chosen),
        recipe_of(name, chosen),
        numbers_of(name, chosen, rendered=rendered),
        {"batch": chosen.batch, "steps": official.STEPS, "validate_every": official.VALIDATE_EVERY},
        frozenset(useless),
    )
