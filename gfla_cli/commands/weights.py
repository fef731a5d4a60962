"""`gfla weights`: what comes with the package, where it is, and whether it is whole."""

from typing import Annotated, Any

import typer

from gfla_cli import options
from gfla_cli.console import out, out_json, table
from models.errors import WeightsError

app = typer.Typer(no_args_is_help=True, help="List, verify and locate the weights that come with gfla.")


@app.command("list")
def list_weights(json: options.Json = False) -> None:
    """List the weights with their architecture, size and licence: the bundled ones, then your own."""
    from dataclasses import asdict

    from models.weights import catalogue

    entries = catalogue()
    if json:
        out_json([asdict(entry) for entry in entries])
        return
    rows = [
        (entry.name, _kind(entry), f"{entry.size / 1e6:.1f} MB", entry.problem or entry.licence) for entry in entries
    ]
    table(("NAME", "ARCHITECTURE", "SIZE", "LICENCE"), rows)


@app.command()
def verify() -> None:
    """Compare every weights file with its SHA-256; exit 2 if one is damaged or missing."""
    from models.weights import verify as verify_files

    problems = verify_files()
    table(("NAME", "STATE"), [(name, problem or "whole") for name, problem in problems.items()])
    if bad := [problem for problem in problems.values() if problem]:
        raise WeightsError(bad[0] if len(bad) == 1 else f"{len(bad)} weights files are damaged: see the table")


@app.command()
def path(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A name of 'gfla weights list'.")] = None,
) -> None:
    """Print where a weights file lies; without NAME the folder of the bundled ones."""
    from models.weights.bundled import FOLDER, bundled_files
    from models.weights.user import user_files

    files = user_files() | {key: file for key, (file, _) in bundled_files().items()}
    if name is not None and name not in files:
        raise WeightsError(f"no weights are called {name!r}: choose from {', '.join(sorted(files))}")
    out(str(FOLDER if name is None else files[name]))


def _kind(entry: Any) -> str:
    if entry.problem:
        return "damaged"
    return f"{entry.architecture} ({entry.official})" if entry.official else entry.architecture
