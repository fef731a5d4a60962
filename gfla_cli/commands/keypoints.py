"""`gfla keypoints`: extract, clean and save a pose track."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json

Input = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        exists=True,
        show_default=False,
        help="Video, GIF, picture, folder of pictures; or a pose track, OpenPose folder or AlphaPose file to import.",
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="TRACK.json", show_default=False, help="Pose track.", rich_help_panel=options.OUTPUT
    ),
]
Layout = Annotated[
    Literal["coco17", "h36m17"],
    typer.Option(
        help="coco17: as extracted, gaps filled; h36m17: cleaned by the motion network.", rich_help_panel=options.OUTPUT
    ),
]


def keypoints(
    input: Input,
    output: Output,
    overwrite: options.Overwrite = False,
    layout: Layout = "coco17",
    json: options.Json = False,
    quiet: options.Quiet = False,
    start: options.Start = None,
    end: options.End = None,
    max_frames: options.MaxFrames = None,
    fps: options.Fps = None,
    keypoints: options.Extractor = "auto",
    yolo_weights: options.YoloWeights = None,
    person: options.Person = "largest",
    on_missing: options.OnMissing = "interpolate",
    device: options.Device = "auto",
) -> None:
    """Extract a pose track from INPUT, clean it and save it as JSON."""
    from pipelines.configs import KeypointsConfig
    from pipelines.keypoint_extraction import extract_keypoints

    config = KeypointsConfig(
        input=input,
        output=output,
        overwrite=overwrite,
        layout=layout,
        start=start,
        end=end,
        max_frames=max_frames,
        fps=fps,
        keypoints=keypoints,
        yolo_weights=yolo_weights,
        person=person,
        on_missing=on_missing,
        device=device,
    )
    with Console(quiet=quiet) as console:
        result = extract_keypoints(config, console)
    if json:
        out_json(result.summary() | {"warnings": console.notes})
        return
    console.summary(result.line())
    out(str(output))
