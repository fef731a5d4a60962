"""`gfla data`: checks folders with the authors' data sets."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json
from models.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Check the data sets that training and evaluation read.")

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", exists=True, file_okay=False, show_default=False, help="Folder of the data set."),
]
Layout = Annotated[
    Literal[
        "fashion",
        "market",
        "dance-fashion",
        "dance-iper",
        "faceforensics",
        "shapenet-car",
        "shapenet-chair",
        "human36m",
    ],
    typer.Option("--as", show_default=False, help="Layout that the folder should have."),
]
Phase = Annotated[
    Literal["train", "test"] | None,
    typer.Option(metavar="train|test", show_default="both", help="Check only what this phase needs."),
]


@app.command()
def check(
    folder: Folder,
    layout: Layout,
    phase: Phase = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Read every file of a data set and report what is missing or damaged; exit with 2 if anything is."""
    from pipelines.datasets.registry import PHASES, check_dataset

    with Console(quiet=quiet, unit="files") as console:
        report = check_dataset(layout, folder, (phase,) if phase else PHASES, console)
    if json:
        out_json({"folder": folder.absolute(), "layout": layout} | report.summary())
    else:
        for line in report.lines():
            out(line)
    if not report.complete:
        raise InputError(
            f"{folder} is not a complete {layout} data set: fix the problems above; docs/datasets.md has the layout"
        )
