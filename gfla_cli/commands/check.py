"""`gfla check`: is this pair worth animating, and what will it take?"""

from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import InputError
from pipelines.configs import AnimateConfig

EXIT_DOUBTFUL = 3
USED = (
    *("source", "driving", "start", "end", "max_frames", "fps", "keypoints", "yolo_weights", "person", "retarget"),
    *("face", "weights", "motion", "device", "precision"),
)
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Inspect every frame of the video instead of at most 64 of them.")
]


@options.with_config(AnimateConfig, only=USED, keypoints=options.DETECTOR)
def check(
    config: AnimateConfig, thorough: Thorough = False, json: options.Json = False, quiet: options.Quiet = False
) -> None:
    """Inspect SOURCE and DRIVING, animate a few frames, report what to expect; exit 3 if doubtful, 2 if impossible."""
    from pipelines.preflight.check import DOUBTFUL, IMPOSSIBLE, InputChecker

    with Console(quiet=quiet) as console:
        found = InputChecker(config, console, thorough=thorough).check(config.source, config.driving)
    if json:
        out_json(found.as_dict() | {"warnings": console.notes})
    elif found.verdict != IMPOSSIBLE:
        table(("VERDICT", found.verdict), found.lines())
        for reason in found.reasons:
            out(f"doubt: {reason}")
    if found.verdict == IMPOSSIBLE:
        raise InputError("; ".join(found.reasons))
    if found.verdict == DOUBTFUL:
        raise typer.Exit(EXIT_DOUBTFUL)
