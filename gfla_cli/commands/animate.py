"""`gfla animate`: one picture and one driving video in, one video out."""

from pathlib import Path
from typing import Annotated

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        show_default="SOURCE--DRIVING.mp4",
        help="The suffix picks the container: .mp4 .mov .webm .gif, a folder/ or %05d.png for pictures.",
        rich_help_panel=options.OUTPUT,
    ),
]
Audio = Annotated[
    str,
    typer.Option(
        metavar="driving|none|FILE",
        callback=options._audio,
        help="Where the sound comes from.",
        rich_help_panel=options.OUTPUT,
    ),
]
Crf = Annotated[
    int | None,
    typer.Option(min=0, max=63, metavar="N", help="Quality: lower is better.", rich_help_panel=options.OUTPUT),
]
Codec = Annotated[
    str | None,
    typer.Option(
        metavar="h264|hevc|vp9", help="Video codec, instead of the container's own.", rich_help_panel=options.OUTPUT
    ),
]
Debug = Annotated[
    tuple | None,
    typer.Option(
        metavar="VIEWS",
        parser=options.debug_views,
        help="A second video with any of flow,mask,skeleton,attention.",
        rich_help_panel=options.OUTPUT,
    ),
]


def animate(
    source: options.Source,
    driving: options.Driving,
    output: Output = None,
    overwrite: options.Overwrite = False,
    compare: options.Compare = False,
    debug: Debug = None,
    frame: options.Frame = "full",
    audio: Audio = "driving",
    crf: Crf = None,
    codec: Codec = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    start: options.Start = None,
    end: options.End = None,
    max_frames: options.MaxFrames = None,
    fps: options.Fps = None,
    keypoints: options.Keypoints = "auto",
    yolo_weights: options.YoloWeights = None,
    person: options.Person = "largest",
    on_missing: options.OnMissing = "interpolate",
    retarget: options.Retarget = "body",
    weights: options.Weights = "person",
    motion: options.Motion = "motion",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    seed: options.Seed = 0,
) -> None:
    """Make the person in SOURCE move like the person in DRIVING."""
    from pipelines.animation import animate as run_animation
    from pipelines.configs import AnimateConfig

    config = AnimateConfig(
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
        keypoints=keypoints,
        yolo_weights=yolo_weights,
        person=person,
        on_missing=on_missing,
        retarget=retarget,
        weights=weights,
        motion=motion,
        device=device,
        precision=precision,
        seed=seed,
    )
    with Console(quiet=quiet) as console:
        result = run_animation(config, console)
    summary = result.summary()
    if json:
        out_json(summary | {"warnings": console.notes})
        return
    console.summary(timing(summary["frames"], summary["seconds"]))
    if summary["debug_output"]:
        out(summary["debug_output"])
    out(summary["output"])


def timing(frames: int, seconds: dict[str, float]) -> str:
    """One line about how long the stages took."""
    total = sum(seconds.values())
    stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
    return f"{frames} frames in {total:.1f} s, {frames / total:.1f} frames/s (seconds: {stages})"
