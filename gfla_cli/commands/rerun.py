"""`gfla rerun`: makes a file again from its report or from its own metadata."""

import inspect
from pathlib import Path
from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.commands import animate, face, pose, view_synth
from gfla_cli.console import Console

COMMANDS = {"animate": animate.animate, "face": face.face, "pose": pose.pose, "view-synth": view_synth.view_synth}

Made = Annotated[
    Path,
    typer.Argument(metavar="REPORT|FILE", help="Report of --json, or what gfla made: a video, picture or folder."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        *("--output", "-o"),
        metavar="OUT",
        show_default="NAME--rerun",
        help="File or folder to write.",
        rich_help_panel=options.OUTPUT,
    ),
]
Inputs = Annotated[
    list[Path],
    typer.Option(
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        show_default=False,
        help="Also search this folder for inputs; as often as needed. Their own, that of FILE and the working one are.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Go on although inputs or weights have changed.")]


def rerun(
    made: Made,
    output: Output = None,
    inputs: Inputs = [],  # noqa: B006
    force: Force = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a file again as it was made, from its --json report or its own metadata."""
    from pipelines.rerun import prepare_rerun
    from pipelines.runtime.fingerprints import content_sha256

    with Console(quiet=quiet) as console:
        found = prepare_rerun(made, output, console.note, folders=inputs, force=force, overwrite=overwrite)
    inspect.unwrap(COMMANDS[found.command])(found.config, json=json, quiet=quiet)
    if found.original:
        same = content_sha256(found.original) == content_sha256(found.config.output)
        console.summary(f"{'the same bytes as' if same else 'other bytes than'} {found.original}")
