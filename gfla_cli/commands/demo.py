"""`gfla demo`: the picture and the video that come with the program in, one video out."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console
from gfla_cli.reports import report_video
from models.errors import InputError
from pipelines.configs import AnimateConfig

EXAMPLES = ("source.png", "driving.mp4")
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the two inputs and the result.")]
DEFAULT = Path("gfla-demo")


def demo(
    folder: Folder = DEFAULT,
    overwrite: options.Overwrite = False,
    keypoints: options.DETECTOR = "auto",
    device: options.Device = "auto",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Animate the bundled example: writes a picture, a video and the result into DIR."""
    from pipelines import animate

    source, driving = inputs = [folder / name for name in EXAMPLES]
    output = folder / f"{source.stem}--{driving.stem}.mp4"
    _write_examples(inputs, output, overwrite=overwrite)
    config = AnimateConfig(source, driving, output=output, overwrite=overwrite, keypoints=keypoints, device=device)
    with Console(quiet=quiet) as console:
        result = animate(config, console)
    report_video(result, console, json=json)


def _write_examples(inputs: list[Path], output: Path, *, overwrite: bool) -> None:
    """Copy the inputs to where the user can try other commands with them.

    Raises:
        InputError: a file is there already, or the folder can't be made or is not writable.
    """
    from pipelines.media.files import atomic_output, check_output, make_output_folder

    for path in (*inputs, output):
        if path.exists() and not overwrite:
            raise InputError(f"{path} already exists: choose another folder, or use --overwrite")
    make_output_folder(inputs[0].parent)
    for path in inputs:
        check_output(path, overwrite=overwrite)
        with atomic_output(path, overwrite=overwrite) as temporary:
            temporary.write_bytes(files("gfla_cli").joinpath("demo", path.name).read_bytes())
