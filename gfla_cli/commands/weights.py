"""`gfla weights`: list, verify and locate weights, import and export the authors' checkpoints, fetch, run networks."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import WeightsError

app = typer.Typer(no_args_is_help=True, help="Weights by name: list, verify, locate, import, fetch, run.")


@app.command("list")
def list_weights(json: options.Json = False) -> None:
    """List all weights with their architecture, size and licence: bundled, imported, then fetched ones."""
    from dataclasses import asdict

    from models.weights import catalogue
    from pipelines.weights.collections import entries as entries_of_collections

    entries = [*catalogue(), *entries_of_collections()]
    if json:
        out_json([asdict(entry) for entry in entries])
        return
    rows = [
        (entry.name, _kind(entry), f"{entry.size / 1e6:.1f} MB", entry.problem or entry.licence) for entry in entries
    ]
    table(("NAME", "ARCHITECTURE", "SIZE", "LICENCE"), rows)


@app.command()
def verify() -> None:
    """Compare every weights file with its SHA-256; exit with code 2 if one is damaged or missing."""
    from models.weights import verify as verify_files
    from pipelines.weights.collections import verify_collections

    problems = verify_files() | verify_collections()
    table(("NAME", "STATE"), [(name, problem or "intact") for name, problem in problems.items()])
    if damaged := [problem for problem in problems.values() if problem]:
        raise WeightsError(
            damaged[0] if len(damaged) == 1 else f"{len(damaged)} weights files are damaged: see the table"
        )


@app.command()
def path(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Name of the weights, see 'gfla weights list'.")
    ] = None,
) -> None:
    """Print the path of a weights file or fetched folder, or without NAME the folder of the bundled weights."""
    from models.weights.bundled import FOLDER, bundled_files
    from models.weights.user import user_files
    from pipelines.weights.collections import entries, fetched_collections

    files = user_files() | {key: file for key, (file, _) in bundled_files().items()}
    files |= {entry.name: entry.file for entry in entries()}
    files |= {collection.name: collection.folder for collection in fetched_collections()}
    if name is not None and name not in files:
        raise WeightsError(f"no weights are called {name!r}: choose from {', '.join(sorted(files))}")
    out(str(FOLDER if name is None else files[name]))


@app.command("import")
def import_weights(
    file: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="Checkpoint of the authors (.pth), or weights to --export.")
    ],
    kind: Annotated[
        str,
        typer.Option("--as", metavar="CONFIG", show_default=False, help="Configuration of the checkpoint; see above."),
    ] = "",
    name: Annotated[
        str, typer.Option(metavar="NAME", show_default="CONFIG", help="Name of the imported weights.")
    ] = "",
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", "-o", metavar="OUT.pth", help="Also write the weights as a checkpoint in the authors' format."
        ),
    ] = None,
    module_prefix: Annotated[
        bool,
        typer.Option("--module-prefix", help="Export with 'module.' before every state-dict key."),
    ] = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
) -> None:
    """Import a checkpoint of the authors (latest_net_G.pth), or with --export write weights as such a checkpoint.

    CONFIG is one of pose_fashion, pose_market, dance_fashion, dance_iper, keypoint, face, shapenet_car, shapenet_chair.
    Without --as, the argument is the name of existing weights, and --export is required.
    """
    from models.weights import resolve
    from pipelines.media.files import check_output
    from pipelines.weights.checkpoints import export_checkpoint, import_checkpoint

    if not kind and (not export or name):
        raise typer.BadParameter(
            "--as is missing: name the configuration of the checkpoint, for instance --as pose_fashion"
        )
    if export:
        check_output(export, overwrite=overwrite, inputs=[Path(file)])
    if kind:
        name = import_checkpoint(Path(file), kind=kind, name=name, overwrite=overwrite)
        Console(quiet=quiet).note(f"imported as {name!r} under the authors' licence, CC BY-NC: no commercial use")
    if export:
        export_checkpoint(name or file, export, prefix=module_prefix, overwrite=overwrite)
    out(str(export or resolve(name)))


@app.command()
def fetch(
    name: Annotated[Literal["mediapipe"], typer.Argument(metavar="NAME", help="Networks to fetch: mediapipe.")],
    wheel: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE.whl", exists=True, dir_okay=False, help="Wheel to take them from, no download."
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Fetch networks of other projects into your weights folder and check them against their SHA-256.

    mediapipe: poses with masks, hands and faces for --keypoints mediapipe (Apache-2.0, 16 MB), taken out of the wheel
    of MediaPipe 0.10.21, which pip downloads (36 MB). Nothing is installed.
    """
    from pipelines.weights.collections import COLLECTIONS
    from pipelines.weights.fetching import fetch_collection

    with Console(quiet=quiet) as console:
        out(str(fetch_collection(COLLECTIONS[name], wheel, console)))


@app.command("run")
def run_weights(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="Weights of the network, see 'gfla weights list'.")],
    inputs: Annotated[
        Path, typer.Argument(metavar="INPUTS.safetensors", exists=True, dir_okay=False, help="Inputs of the network.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUTPUTS.safetensors", help="Outputs of the network.")
    ],
    precision: Annotated[
        Literal["fp32", "fp64"], typer.Option(help="Floating-point precision of the computation.")
    ] = "fp32",
    device: options.Device = "auto",
    overwrite: options.Overwrite = False,
) -> None:
    """Run a network on tensors from a file, to compare it with other implementations."""
    from pipelines.weights.forward import run_network

    run_network(name, inputs, output, precision=precision, device=device, overwrite=overwrite)
    out(str(output))


def _kind(entry: Any) -> str:
    if entry.problem:
        return "damaged"
    return f"{entry.architecture} ({entry.official})" if entry.official else entry.architecture
