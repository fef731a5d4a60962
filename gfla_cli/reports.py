"""What `gfla animate` and `gfla face` print about a finished video."""

from typing import TYPE_CHECKING

from gfla_cli.console import Console, out, out_json

if TYPE_CHECKING:
    from pipelines import AnimateResult, FaceResult


def report_video(result: "AnimateResult | FaceResult", console: Console, *, json: bool) -> None:
    """Print the paths of the videos and the time of each stage, or everything as one JSON object."""
    summary = result.summary()
    if json:
        out_json(summary | {"warnings": console.notes})
        return
    console.summary(_timing(summary["frames"], summary["seconds"]))
    if summary["debug_output"]:
        out(summary["debug_output"])
    out(summary["output"])


def _timing(frames: int, seconds: dict[str, float]) -> str:
    """One line about how long the stages took."""
    total = sum(seconds.values())
    stages = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
    return f"{frames} frames in {total:.1f} s, {frames / total:.1f} frames/s (seconds: {stages})"
