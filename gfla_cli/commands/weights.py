"""`gfla weights`: what there is by name, where it is, whether it is whole; the authors' checkpoints in and out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import WeightsError

app = typer.Typer(no_args_is_help=True, help="Weights by name: list, verify, locate, import, run.")


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


@app.command("import")
def import_weights(
    file: Annotated[str, typer.Argument(metavar="FILE|NAME", help="The authors' .pth; with --export also weights.")],
    kind: Annotated[
        str,
        typer.Option("--as", metavar="CONFIG", show_default=False, help="Which of the authors' networks it is."),
    ] = "",
    name: Annotated[str, typer.Option(metavar="NAME", show_default="CONFIG", help="What to call them here.")] = "",
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", "-o", metavar="OUT.pth", help="Write the authors' layout; without --as that of weights NAME."
        ),
    ] = None,
    module_prefix: Annotated[
        bool, typer.Option("--module-prefix", help="Export with 'module.' before every key.")
    ] = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Take over one of the authors' checkpoints (latest_net_G.pth), or write weights as such with --export.

    CONFIG: pose_fashion, pose_market, dance_fashion, dance_iper, keypoint, face, shapenet_car or shapenet_chair.
    """
    from models.weights import resolve
    from pipelines.media.files import check_output
    from pipelines.weights.checkpoints import export_checkpoint, import_checkpoint

    if not kind and (not export or name):
        raise typer.BadParameter("--as is missing: say which of the authors' networks the checkpoint is of")
    if export:
        check_output(export, overwrite=overwrite, inputs=[Path(file)])
    if kind:
        name = import_checkpoint(Path(file), kind=kind, name=name, overwrite=overwrite)
        Console(quiet=quiet).note(f"imported as {name!r} under the authors' licence, CC BY-NC: no commercial use")
    if export:
        export_checkpoint(name or file, export, prefix=module_prefix, overwrite=overwrite)
    out(str(export or resolve(name)))


@app.command("run")
def run_weights(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="Weights; see 'gfla weights list'.")],
    inputs: Annotated[
        Path, typer.Argument(metavar="INPUTS.safetensors", exists=True, dir_okay=False, help="The network's inputs.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUTPUTS.safetensors", help="Its outputs.")],
    precision: Annotated[Literal["fp32", "fp64"], typer.Option(help="Number format of the computation.")] = "fp32",
    device: options.Device = "auto",
    overwrite: options.Overwrite = False,
) -> None:
    """Feed tensors to a network as they are, without any pictures: for comparisons with other implementations."""
    from pipelines.weights.forward import run_network

    run_network(name, inputs, output, precision=precision, device=device, overwrite=overwrite)
    out(str(output))


def _kind(entry: Any) -> str:
    if entry.problem:
        return "damaged"
    return f"{entry.architecture} ({entry.official})" if entry.official else entry.architecture
