"""`gfla train TASK`: the recipes of `pipelines.training`, in one process or under torchrun."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console
from gfla_cli.console import out as print_out

LENGTH, PLACE = "Length", "Place"

Task = Annotated[
    Literal["animate", "face", "flow", "keypoints", "motion", "pose", "view-synth", "viewpoint"],
    typer.Argument(metavar="animate|face|flow|keypoints|motion|pose|view-synth|viewpoint"),
]
Data = Annotated[
    str, typer.Option(metavar="synthetic|FOLDER", help="Pictures rendered while training, or a data set's folder.")
]
Config = Annotated[
    str,
    typer.Option(
        "--config", metavar="NAME", help="The paper's network and settings: pose_fashion, dance_iper, shapenet_car ..."
    ),
]
Category = Annotated[
    Literal["car", "chair", "all"] | None,
    typer.Option(show_default="all", help="What view-synth renders.", rich_help_panel=options.MODEL),
]
Vgg = Annotated[
    str,
    typer.Option(
        metavar="torchvision|PATH|none",
        show_default="torchvision for a FOLDER, else none",
        help="VGG19 for the paper's losses.",
        rich_help_panel=options.MODEL,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", show_default="runs/TASK", help="Folder of the log, sheets and weights.", rich_help_panel=PLACE
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.", rich_help_panel=PLACE)]
Init = Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Weights to start from.", rich_help_panel=PLACE)]
Only = Annotated[
    str,
    typer.Option(metavar="PREFIX", help="Train only parameters whose name begins so.", rich_help_panel=options.MODEL),
]
Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser iterations.", rich_help_panel=LENGTH)]
Seconds = Annotated[float | None, typer.Option(min=1, help="Wall time, instead of --steps.", rich_help_panel=LENGTH)]
PauseAfter = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=1, help="Stop then, saved; go on with --resume.", rich_help_panel=LENGTH),
]
Batch = Annotated[int | None, typer.Option(min=1, help="Samples per process.", rich_help_panel=LENGTH)]
LearningRate = Annotated[float | None, typer.Option(min=0.0, help="Peak of the schedule.", rich_help_panel=LENGTH)]
ValidateEvery = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Validate each N iterations.", rich_help_panel=LENGTH)
]
Warmup = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Iterations of rising learning rate.", rich_help_panel=LENGTH)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=NUMBER",
        help="Change a number of the recipe, as often as needed; a wrong NAME lists them.",
        rich_help_panel=options.MODEL,
    ),
]
Compile = Annotated[
    bool, typer.Option("--compile", help="Compile the networks and the renderer.", rich_help_panel=options.MODEL)
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
    """Train a network; what is not given here is as the recipe has it.

    Several GPUs: torchrun --nproc-per-node N -m gfla_cli train TASK …
    """
    from pipelines.training.engine.session import TrainConfig
    from pipelines.training.registry import task_of

    chosen = task_of(task, configuration, data)
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
    if useless := chosen.without_effect & values.keys():
        raise typer.BadParameter(f"--{min(useless).replace('_', '-')} has no effect on this recipe: leave it out")
    place = {"data": data, "out": out or Path("runs") / task, "resume": resume, "seed": seed, "device": device}
    config = TrainConfig(**place, **(chosen.defaults | values))
    recipe = _changed(chosen.recipe, chosen.numbers, changes or [], category)
    first = os.environ.get("RANK", "0") == "0"
    with Console(quiet=quiet or not first, unit="steps") as console:
        weights = chosen.run(config, console, recipe)
    if first:
        print_out(str(weights))


def _changed(recipe: Any, numbers: Sequence[str], changes: list[str], category: str | None) -> Any:
    """`recipe` with `NAME=NUMBER` applied to some of its `numbers`, and with the category.

    Raises:
        typer.BadParameter: no such name, or no such number, or a recipe without categories.
    """
    if category and not hasattr(recipe, "category"):
        raise typer.BadParameter("--category is for `train view-synth` on synthetic data without --config")
    kinds = {name: type(getattr(recipe, name)) for name in numbers}
    values: dict[str, Any] = {"category": category} if category else {}
    for name, _, text in (change.partition("=") for change in changes):
        if name not in kinds:
            raise typer.BadParameter(f"--set {name!r}: the numbers of this recipe are {', '.join(kinds)}")
        try:
            values[name] = kinds[name](text)
        except ValueError:
            raise typer.BadParameter(f"--set {name}: {text!r} is no {kinds[name].__name__}") from None
    return replace(recipe, **values)
