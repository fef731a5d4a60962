"""`gfla check`: is this pair worth animating, and what will it take?"""

from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import InputError

EXIT_DOUBTFUL = 3
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Look at every frame of the video, not at 64 of them at most.")
]


def check(
    source: options.Source,
    driving: options.Driving,
    thorough: Thorough = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    start: options.Start = None,
    end: options.End = None,
    max_frames: options.MaxFrames = None,
    fps: options.Fps = None,
    keypoints: options.Extractor = "auto",
    yolo_weights: options.YoloWeights = None,
    person: options.Person = "largest",
    retarget: options.Retarget = "body",
    weights: options.Weights = "person",
    motion: options.Motion = "motion",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Look at SOURCE and DRIVING, animate a few frames, say what to expect; exit 3 if doubtful, 2 if impossible."""
    from pipelines.configs import AnimateConfig
    from pipelines.preflight.check import DOUBTFUL, IMPOSSIBLE, InputChecker

    config = AnimateConfig(
        source=source,
        driving=driving,
        start=start,
        end=end,
        max_frames=max_frames,
        fps=fps,
        keypoints=keypoints,
        yolo_weights=yolo_weights,
        person=person,
        retarget=retarget,
        weights=weights,
        motion=motion,
        device=device,
        precision=precision,
    )
    with Console(quiet=quiet) as console:
        found = InputChecker(config, console, thorough=thorough).check(source, driving)
    if json:
        out_json(found.as_dict())
    elif found.verdict != IMPOSSIBLE:
        table(("VERDICT", found.verdict), found.lines())
        for reason in found.reasons:
            out(f"doubt: {reason}")
    if found.verdict == IMPOSSIBLE:
        raise InputError("; ".join(found.reasons))
    if found.verdict == DOUBTFUL:
        raise typer.Exit(EXIT_DOUBTFUL)
