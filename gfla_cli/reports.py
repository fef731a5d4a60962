"""What commands print about a run that is complete: results, and where the time went."""

import time
from typing import TYPE_CHECKING, Any

from gfla_cli import STARTED
from gfla_cli.console import Console, out, out_json
from pipelines.option_groups import STANDARD

if TYPE_CHECKING:
    from pipelines import AnimateResult, FaceResult


def report_video(result: "AnimateResult | FaceResult", console: Console, *, json: bool) -> None:
    """Print the paths of the videos and the time of each stage, or everything as one JSON object."""
    report = complete_report(result.summary(), console)
    if json:
        out_json(report)
        return
    console.summary(describe_times(report, report["frames"], "frames"))
    if report["debug_output"]:
        out(report["debug_output"])
    if report["output"] != str(STANDARD):
        out(report["output"])


def complete_report(summary: dict[str, Any], console: Console) -> dict[str, Any]:
    """The JSON report of a run: its summary, warnings, and the time of the whole program."""
    times = {"start_seconds": round(console.begun - STARTED, 3), "wall_seconds": round(wall_seconds(), 3)}
    return summary | times | {"warnings": console.notes}


def wall_seconds() -> float:
    """Seconds since the program was started."""
    return time.monotonic() - STARTED


def describe_times(report: dict[str, Any], count: int, unit: str) -> str:
    """One line: wall time, rate, and stages that add up to the wall time; then those that ran beside them."""
    wall, overlapping = report["wall_seconds"], report["overlapping_seconds"]
    stages = {"start": report["start_seconds"], **report["seconds"]}
    stages = {name: seconds - overlapping.get(name, 0) for name, seconds in stages.items()}
    stages["other"] = wall - sum(stages.values())
    beside = f"; meanwhile {_list(overlapping)}" if overlapping else ""
    counted = unit if count != 1 else unit.removesuffix("s")
    return f"{count} {counted} in {wall:.1f} s, {count / wall:.1f} {unit}/s (seconds: {_list(stages)}{beside})"


def _list(seconds: dict[str, float]) -> str:
    """Stages of at least 0.05 s."""
    return ", ".join(f"{name} {value:.1f}" for name, value in seconds.items() if value >= 0.05) or "none"
