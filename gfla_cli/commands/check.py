"""`gfla check`: is this pair worth animating, and what will it take?"""

from pathlib import Path
from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import InputError
from pipelines.configs import AnimateConfig, PreviewConfig

EXIT_DOUBTFUL = 3
USED = (
    *("source", "driving", "start", "end", "max_frames", "fps", "keypoints", "yolo_weights", "person", "retarget"),
    *("people", "also", "place", "background", "quality", "face", "weights", "motion", "device", "precision"),
    "overwrite",
)
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Inspect every frame of the video instead of at most 64 of them.")
]
Sheet = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the sheet of gfla preview.", rich_help_panel=options.OUTPUT),
]


@options.with_config(AnimateConfig, only=USED, keypoints=options.DETECTOR)
def check(
    config: AnimateConfig,
    thorough: Thorough = False,
    sheet: Sheet = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Inspect SOURCE and DRIVING, animate a few frames, report what to expect; exit 3 if doubtful, 2 if impossible."""
    from pipelines.preflight.check import DOUBTFUL, IMPOSSIBLE, InputChecker
    from pipelines.preview import check_preview, preview_animation

    preview = PreviewConfig(**{**vars(config), "output": sheet})
    if sheet:
        check_preview(preview)
    with Console(quiet=quiet) as console:
        found = InputChecker(config, console, thorough=thorough).check(config.source, config.driving)
        written = sheet if found.verdict != IMPOSSIBLE else None
        if written:
            preview_animation(preview, console)
    if json:
        out_json(found.as_dict() | {"sheet": written, "warnings": console.notes})
    elif found.verdict != IMPOSSIBLE:
        table(("VERDICT", found.verdict), [*found.lines(), *([("sheet", written)] if written else [])])
        for reason in found.reasons:
            out(f"doubt: {reason}")
    if found.verdict == IMPOSSIBLE:
        raise InputError("; ".join(found.reasons))
    if found.verdict == DOUBTFUL:
        raise typer.Exit(EXIT_DOUBTFUL)
