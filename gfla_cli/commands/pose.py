"""`gfla pose`: one picture into one or many target poses."""

from pathlib import Path
from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json

Targets = Annotated[
    list[Path],
    typer.Argument(
        metavar="TARGET...",
        exists=True,
        show_default=False,
        help="Picture of a person, or pose file (ours, OpenPose, AlphaPose); a folder of either; or several.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        show_default="SOURCE--TARGET.png, SOURCE--poses/ for several",
        help="A .png, .jpg or .webp file; for several poses a folder/ or %05d.png.",
        rich_help_panel=options.OUTPUT,
    ),
]


def pose(
    source: options.Source,
    targets: Targets,
    output: Output = None,
    overwrite: options.Overwrite = False,
    compare: options.Compare = False,
    frame: options.Frame = "full",
    json: options.Json = False,
    quiet: options.Quiet = False,
    keypoints: options.Extractor = "auto",
    yolo_weights: options.YoloWeights = None,
    person: options.Person = "largest",
    retarget: options.Retarget = "body",
    weights: options.Weights = "person",
    motion: options.Motion = "motion",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Put the person in SOURCE into the pose of each TARGET."""
    from pipelines.configs import PoseConfig
    from pipelines.pose_transfer import transfer_pose

    config = PoseConfig(
        source=source,
        targets=tuple(targets),
        output=output,
        overwrite=overwrite,
        compare=compare,
        frame=frame,
        keypoints=keypoints,
        yolo_weights=yolo_weights,
        person=person,
        retarget=retarget,
        weights=weights,
        motion=motion,
        device=device,
        precision=precision,
    )
    with Console(quiet=quiet, unit="poses") as console:
        result = transfer_pose(config, console)
    if json:
        out_json(result.summary() | {"warnings": console.notes})
        return
    out(str(result.output))
