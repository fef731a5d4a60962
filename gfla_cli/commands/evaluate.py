"""`gfla evaluate`: generated pictures or videos against reference ones."""

from typing import Any

from gfla_cli import options
from gfla_cli.console import Console, out, out_json, table
from models.errors import BackendUnavailable
from pipelines.configs import EvaluateConfig


@options.with_config(EvaluateConfig)
def evaluate(config: EvaluateConfig, json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Compare GENERATED with REFERENCE: FID, LPIPS, SSIM, PSNR, L1, flicker, keypoint distance."""
    from pipelines.evaluation.evaluate import evaluate_pictures

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


def _row(score: Any) -> tuple[str, str, str, str]:
    if score.skipped:
        return score.name, "skipped", score.better, score.skipped
    return score.name, f"{score.value:.6f}", score.better, score.how
