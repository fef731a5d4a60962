"""`gfla train TASK`: the recipes of `pipelines.training`, in one process or under torchrun."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console
from gfla_cli.console import out as print_out
from models.errors import BackendUnavailable
from pipelines.training.registry import TASK_NAMES

if TYPE_CHECKING:
    from pipelines.runtime.progress import Progress, TqdmProgress
    from pipelines.training.config import TrainConfig

LENGTH, PLACE = "Length", "Place"
BOOLEANS = {"true": True, "false": False}
READERS: dict[type, Callable[[str], Any]] = {bool: BOOLEANS.__getitem__, tuple: lambda text: tuple(text.split(","))}


def _task(text: str) -> str:
    if text not in TASK_NAMES:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(TASK_NAMES)}")
    return text


Task = Annotated[str, typer.Argument(metavar="TASK", callback=_task, help=f"What to train: {', '.join(TASK_NAMES)}.")]
Data = Annotated[
    str, typer.Option(metavar="synthetic|FOLDER", help="Images rendered during training, or the folder of a data set.")
]
Config = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="NAME",
        show_default=False,
        help="The paper's network and settings: pose_fashion, dance_iper, shapenet_car ...",
    ),
]
Category = Annotated[
    Literal["car", "chair", "sofa", "table", "all", "any"] | None,
    typer.Option(
        metavar="car|chair|sofa|table|all|any",
        show_default="any",
        help="What view-synth renders: `any` is `all` and objects of no class.",
        rich_help_panel=options.MODEL,
    ),
]
Vgg = Annotated[
    str,
    typer.Option(
        metavar="torchvision|PATH|none",
        show_default="torchvision for a FOLDER, else none",
        help="VGG19 for the paper's losses: torchvision's, a file, or none to train without those that need it.",
        rich_help_panel=options.MODEL,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        show_default="runs/TASK",
        help="Folder for the log, the picture sheet and the weights.",
        rich_help_panel=PLACE,
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.", rich_help_panel=PLACE)]
Init = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Weights to start from.", rich_help_panel=PLACE)]
Only = Annotated[
    str,
    typer.Option(
        metavar="PREFIX",
        show_default=False,
        help="Train only the parameters whose name starts with this.",
        rich_help_panel=options.MODEL,
    ),
]
Steps = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Number of optimiser updates.", rich_help_panel=LENGTH)
]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds",  # named, because some versions of Typer take a metavar like the name for the option itself
        metavar="SECONDS",
        min=1,
        help="Seconds of training, instead of --steps.",
        rich_help_panel=LENGTH,
    ),
]
PauseAfter = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", min=1, help="Save and stop after this time; --resume continues.", rich_help_panel=LENGTH
    ),
]
Batch = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Samples per process and batch.", rich_help_panel=LENGTH)
]
LearningRate = Annotated[
    float | None, typer.Option(metavar="NUMBER", min=0.0, help="Peak of the learning rate.", rich_help_panel=LENGTH)
]
ValidateEvery = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Validate and save every N updates.", rich_help_panel=LENGTH)
]
Warmup = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, help="Updates until the learning rate is at its peak.", rich_help_panel=LENGTH),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a setting of the recipe; repeatable. An unknown NAME lists all names.",
        rich_help_panel=options.MODEL,
    ),
]
Compile = Annotated[
    bool, typer.Option("--compile", help="Compile the network with torch.compile.", rich_help_panel=options.MODEL)
]


def train(
    task: Task,
    data: Data = "synthetic",
    configuration: Config = "",
    category: Category = None,
    steps: Steps = None,
    seconds: Seconds = None,
    pause_after: PauseAfter = None,
    batch: Batch = None,
    learning_rate: LearningRate = None,
    warmup: Warmup = None,
    validate_every: ValidateEvery = None,
    out: Out = None,
    resume: Resume = False,
    init: Init = None,
    only: Only = "",
    changes: Set = None,
    vgg: Vgg = "",
    seed: options.Seed = 0,
    device: options.Device = "auto",
    compile: Compile = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network; omitted options keep the recipe's defaults.

    Several GPUs: torchrun --nproc-per-node N -m gfla_cli train TASK …
    """
    from pipelines.training.config import TrainConfig
    from pipelines.training.engine.recipe import fit
    from pipelines.training.registry import find_training

    training = find_training(task, configuration, data)
    given = {
        "steps": steps,
        "seconds": seconds,
        "pause_after": pause_after,
        "batch": batch,
        "learning_rate": learning_rate,
        "warmup": warmup,
        "validate_every": validate_every,
        "init": init,
        "only": only or None,
        "compile": compile or None,
        "vgg": vgg or None,
    }
    values = {name: value for name, value in given.items() if value is not None}
    if unused := training.unused_options & values.keys():
        raise typer.BadParameter(f"--{min(unused).replace('_', '-')} has no effect on this recipe: leave it out")
    place = {"data": data, "out": out or Path("runs") / task, "resume": resume, "seed": seed, "device": device}
    config = TrainConfig(**place, **(dict(training.defaults) | values))
    recipe = _change_recipe(training.recipe, training.settings, changes or [], category)
    first = os.environ.get("RANK", "0") == "0"
    with _open_display(quiet=quiet or not first) as progress:
        recipe = _limit_validation(recipe, training.validation_setting, changes or [], config, progress)
        weights = fit(training.make_task, recipe, config, progress)
    if first:
        print_out(str(weights))


def _change_recipe(recipe: Any, settings: Sequence[str], changes: list[str], category: str | None) -> Any:
    """`recipe` with `NAME=VALUE` applied to some of its `settings`, and with the category.

    Raises:
        typer.BadParameter: no such name, not a value for it, or a recipe without categories.
    """
    if category and not hasattr(recipe, "category"):
        raise typer.BadParameter("--category is for `train view-synth` on synthetic data without --config")
    kinds = {name: type(getattr(recipe, name)) for name in settings}
    values: dict[str, Any] = {"category": category} if category else {}
    for name, _, text in (change.partition("=") for change in changes):
        if name not in kinds:
            raise typer.BadParameter(f"--set {name!r}: the settings of this recipe are {', '.join(kinds)}")
        try:
            values[name] = READERS.get(kinds[name], kinds[name])(text)
        except (KeyError, ValueError):
            kind = {int: "an integer", bool: "true or false"}.get(kinds[name], "a number")
            raise typer.BadParameter(f"--set {name}: {text!r} is not {kind}") from None
    return replace(recipe, **values)


def _limit_validation(
    recipe: Any, setting: str, changes: list[str], config: "TrainConfig", progress: "Progress"
) -> Any:
    """`recipe` with fewer held-out samples if the run is short and the user has not set their number."""
    if not setting or any(change.startswith(f"{setting}=") for change in changes):
        return recipe
    full = getattr(recipe, setting)
    size = config.validation_size(full)
    if size < full:
        hint = f"--set {setting}={full} takes all"
        progress.note(f"the run is short, so it validates on {size} instead of {full} held-out samples: {hint}")
    return replace(recipe, **{setting: size})


def _open_display(*, quiet: bool) -> "Console | TqdmProgress":
    """A tqdm bar on a terminal, otherwise lines on stderr; `quiet`: nothing."""
    if not quiet and sys.stderr.isatty():
        from pipelines.runtime.progress import TqdmProgress

        try:
            return TqdmProgress(unit="steps", prefix="gfla: ")
        except BackendUnavailable:  # training machines may lack tqdm
            pass
    return Console(quiet=quiet, unit="steps")
