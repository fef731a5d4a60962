"""Which recipe trains what `gfla train NAME` names. To add a task, write its recipe and add a line to `RECIPES`.

Imports no torch before a task is chosen, so that `gfla train --help` stays fast.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from models.errors import InputError

# The tasks that train the bundled weights, on rendered data: name -> module:class of its `engine.recipe.Task`.
RECIPES = {
    "animate": "pipelines.training.animation.recipe:AnimationTask",
    "face": "pipelines.training.face.recipe:FaceTask",
    "keypoints": "pipelines.training.keypoints.recipe:KeypointTask",
    "landmarks": "pipelines.training.landmarks.recipe:LandmarkTask",
    "motion": "pipelines.training.motion.recipe:MotionTask",
    "plate": "pipelines.training.plate.recipe:PlateTask",
    "segmentation": "pipelines.training.segmentation.recipe:SegmentationTask",
    "view-synth": "pipelines.training.view_synthesis.recipe:ViewSynthesisTask",
    "viewpoint": "pipelines.training.viewpoint.recipe:ViewpointTask",
}
# The tasks of the paper; their configurations are in `paper.configurations.TASKS`.
PAPER_TASKS = ("animate", "face", "flow", "motion", "pose", "view-synth")
TASK_NAMES = tuple(sorted({*RECIPES, *PAPER_TASKS}))


@dataclass(frozen=True)
class Training:
    """A recipe that was found, as `engine.recipe.fit` takes it."""

    make_task: Callable[[Any, Any], Any]
    """Makes the task of the session and the recipe."""
    recipe: Any
    """The recipe with its default numbers."""
    settings: tuple[str, ...]
    """Names of the recipe's numbers and yes-or-no choices, which can be changed."""
    defaults: Mapping[str, Any]
    """Fields of TrainConfig whose defaults differ."""
    unused_options: frozenset[str]
    """Fields of TrainConfig without effect."""

    @property
    def validation_setting(self) -> str:
        """Name of the setting that says how many held-out samples a validation takes; empty: there is none."""
        return next((name for name in self.settings if name.startswith("validation")), "")


def find_training(name: str, configuration: str, data: str) -> Training:
    """The project's own recipe, or with a configuration or a data set the paper's.

    Args:
        name: one of `TASK_NAMES`.
        configuration: name of one of the authors' configurations, or empty.
        data: "synthetic" or a folder.

    Raises:
        InputError: there is no such recipe, or no such folder.
    """
    rendered = data == "synthetic"
    if not rendered and not Path(data).is_dir():
        raise InputError(f"--data {data}: neither 'synthetic' nor an existing folder")
    if name not in PAPER_TASKS and not (rendered and not configuration):
        raise InputError(f"train {name} has one recipe: use --data synthetic and no --config")
    if name == "animate" and not rendered and not configuration:
        from pipelines.training.paper.configurations import TASKS

        raise InputError(f"--data {data}: choose the recipe as well, --config {' or '.join(TASKS[name])}")
    if name == "motion" and configuration and rendered:
        raise InputError(f"--config {configuration} needs Human3.6M: use --data FOLDER")
    if name in RECIPES and rendered and not configuration:
        return _find_own(name)
    return _find_paper(name, configuration, rendered=rendered)


def _find_own(name: str) -> Training:
    task = resolve_name(RECIPES[name])
    recipe = task.recipe_type()
    settings = tuple(name for name, value in vars(recipe).items() if type(value) in (int, float, bool) or value == ())
    return Training(task, recipe, settings, task.defaults, task.unused_options)


def _find_paper(name: str, configuration: str, *, rendered: bool) -> Training:
    from pipelines.training.paper.configurations import default_recipe, find_configuration, list_settings
    from pipelines.training.paper.recipe import STEPS, VALIDATE_EVERY, PaperTask

    chosen = find_configuration(name, configuration)
    unused = {"warmup", "only", "compile"} | (set() if chosen.loop.uses_vgg else {"vgg"})
    return Training(
        partial(PaperTask, name=name, configuration=chosen),
        default_recipe(chosen),
        list_settings(chosen, rendered=rendered),
        {"batch": chosen.batch, "steps": STEPS, "validate_every": VALIDATE_EVERY},
        frozenset(unused),
    )
