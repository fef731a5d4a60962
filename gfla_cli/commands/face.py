"""`gfla face`: one picture of a face and one talking video in, one video out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gfla_cli import options
from gfla_cli.commands.animate import Audio, Codec, Crf, Debug, Output, timing
from gfla_cli.console import Console, out, out_json

FACE = "Face"
Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", exists=True, dir_okay=False, show_default=False, help="Picture of a face.")
]
Driving = Annotated[
    Path,
    typer.Argument(
        metavar="DRIVING",
        exists=True,
        show_default=False,
        help="Video, GIF or folder of pictures of a talking face.",
    ),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(
        metavar="auto|FOLDER",
        parser=lambda text: options.landmarks(text, folder=True),
        show_default="auto",
        help="Where the driving face's 68 landmarks come from: dlib, or a text file of x,y lines for every frame.",
        rich_help_panel=FACE,
    ),
]
SourceLandmarks = Annotated[
    Path | None,
    typer.Option(
        metavar="auto|FILE",
        parser=lambda text: options.landmarks(text, folder=False),
        show_default="auto",
        help="Where the picture's landmarks come from: dlib, or a text file.",
        rich_help_panel=FACE,
    ),
]
Retarget = Annotated[
    Literal["fit", "none"],
    typer.Option(
        help="fit: the driving face at the source face's place and size; none: both pictures whole, as in the paper.",
        rich_help_panel=FACE,
    ),
]
Frame = Annotated[
    Literal["full", "crop"],
    typer.Option(
        help="full: the whole picture; crop: only the model's 256x256 canvas.", rich_help_panel=options.OUTPUT
    ),
]
Weights = Annotated[
    str,
    typer.Option(
        metavar="NAME|PATH",
        help="Weights of a face generator: none come with gfla, 'gfla weights import' converts the authors'.",
        rich_help_panel=options.MODEL,
    ),
]


def face(
    source: Source,
    driving: Driving,
    output: Output = None,
    overwrite: options.Overwrite = False,
    compare: options.Compare = False,
    debug: Debug = None,
    frame: Frame = "full",
    audio: Audio = "driving",
    crf: Crf = None,
    codec: Codec = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    start: options.Start = None,
    end: options.End = None,
    max_frames: options.MaxFrames = None,
    fps: options.Fps = None,
    landmarks: Landmarks = None,
    source_landmarks: SourceLandmarks = None,
    person: options.Person = "largest",
    on_missing: options.OnMissing = "interpolate",
    retarget: Retarget = "fit",
    weights: Weights = "face",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Make the face in SOURCE talk like the one in DRIVING; needs imported or trained face weights."""
    from pipelines.configs import FaceConfig
    from pipelines.face_animation import animate_face

    config = FaceConfig(
        source=source,
        driving=driving,
        output=output,
        overwrite=overwrite,
        compare=compare,
        debug=debug or (),
        frame=frame,
        audio=audio,
        crf=crf,
        codec=codec,
        start=start,
        end=end,
        max_frames=max_frames,
        fps=fps,
        landmarks=landmarks,
        source_landmarks=source_landmarks,
        person=person,
        on_missing=on_missing,
        retarget=retarget,
        weights=weights,
        device=device,
        precision=precision,
    )
    with Console(quiet=quiet) as console:
        result = animate_face(config, console)
    summary = result.summary()
    if json:
        out_json(summary | {"warnings": console.notes})
        return
    console.summary(timing(summary["frames"], summary["seconds"]))
    if summary["debug_output"]:
        out(summary["debug_output"])
    out(summary["output"])
