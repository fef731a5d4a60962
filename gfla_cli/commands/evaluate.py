"""`gfla evaluate`: generated pictures or videos against reference ones."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import BackendUnavailable

METRICS = ("fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae", "flicker", "keypoints")


def size(text: str) -> tuple[int, int]:
    """`256x176` as width and height. Raises typer.BadParameter for anything else."""
    if (match := re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)) is None:
        raise typer.BadParameter(f"{text!r} is no size: give WIDTHxHEIGHT, as in 176x256")
    return int(match[1]), int(match[2])


def metrics(text: str) -> tuple[str, ...]:
    """`ssim,psnr` as a tuple without repetitions. Raises typer.BadParameter for a name not in METRICS."""
    return options.names(text, METRICS)


Generated = Annotated[
    Path,
    typer.Argument(metavar="GENERATED", exists=True, show_default=False, help="Folder of pictures, or a video."),
]
Reference = Annotated[
    Path,
    typer.Argument(
        metavar="REFERENCE", exists=True, show_default=False, help="Folder with the same names, or a video as long."
    ),
]
FidReference = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", exists=True, file_okay=False, help="Pictures for FID, instead of REFERENCE."),
]
Metric = Annotated[
    tuple | None,
    typer.Option(metavar="NAMES", parser=metrics, show_default="all", help=f"Any of {','.join(METRICS)}."),
]
Protocol = Annotated[
    Literal["standard", "gfla"], typer.Option(help="gfla: metrics as the authors' script computes them.")
]
Resize = Annotated[tuple | None, typer.Option(metavar="WxH", parser=size, help="Resize every picture first (bicubic).")]
Crop = Annotated[tuple | None, typer.Option(metavar="WxH", parser=size, help="Then compare only the middle.")]
Fetch = Annotated[bool, typer.Option("--fetch", help="Download feature weights that FID and LPIPS lack.")]


def evaluate(
    generated: Generated,
    reference: Reference,
    fid_reference: FidReference = None,
    metric: Metric = None,
    protocol: Protocol = "standard",
    resize: Resize = None,
    crop: Crop = None,
    fetch: Fetch = False,
    device: options.Device = "auto",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Compare GENERATED with REFERENCE: FID, LPIPS, SSIM, PSNR, L1, flicker, keypoint distance."""
    from pipelines.configs import EvaluateConfig
    from pipelines.evaluation.evaluate import evaluate_pictures

    config = EvaluateConfig(
        generated=generated,
        reference=reference,
        fid_reference=fid_reference,
        metrics=metric or (),
        protocol=protocol,
        resize=resize,
        crop=crop,
        fetch=fetch,
        device=device,
    )
    with Console(quiet=quiet, unit="pictures") as console:
        result = evaluate_pictures(config, console)
    if json:
        out_json(result.summary() | {"warnings": console.notes})
    else:
        table(("METRIC", "VALUE", "BETTER", "HOW"), [_row(score) for score in result.scores])
        for line in result.describe_conditions():
            out(line)
    if result.refused:
        raise BackendUnavailable("; ".join(f"{score.name} skipped: {score.skipped}" for score in result.refused))


def _row(score) -> tuple[str, str, str, str]:
    if score.skipped:
        return score.name, "skipped", score.better, score.skipped
    return score.name, f"{score.value:.6f}", score.better, score.how
