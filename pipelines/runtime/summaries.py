"""What the JSON reports of all commands share: inputs with SHA-256, options, versions, device, precision, timings."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.runtime.fingerprints import content_sha256
from pipelines.runtime.versions import versions


def summarize_run(
    config: Any,
    *,
    weights: str,
    device: str,
    precision: str,
    seconds: Mapping[str, float],
    overlapping: Mapping[str, float] = {},
) -> dict[str, Any]:
    """Options, versions, weights, device, precision and seconds by stage of a run, JSON-ready.

    Args:
        config: the dataclass with the options of the run.
        weights: name or file of the generator's weights.
        device, precision: where and how precisely the generator ran; the options may say "auto".
        seconds: wall time by stage, rounded to milliseconds in the report.
        overlapping: the part of them in a second thread, which does not add up with the rest.
    """
    return {
        "options": plain_options(config),
        "versions": versions(),
        "weights": weights,
        "device": device,
        "precision": precision,
        "seconds": _milliseconds(seconds),
        "overlapping_seconds": _milliseconds(overlapping),
    }


def _milliseconds(seconds: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(value, 3) for stage, value in seconds.items()}


def describe_input(path: Path) -> dict[str, Any]:
    """Path and, of a file, SHA-256."""
    if not path.is_file():
        return {"path": str(path)}
    return {"path": str(path), "sha256": content_sha256(path)}


def plain_options(config: Any) -> dict[str, Any]:
    """The fields of a config dataclass as JSON-ready values."""
    return {name: plain_value(value) for name, value in asdict(config).items()}


def plain_value(value: Any) -> Any:
    """A value of a config as JSON has it: paths and fractions as text, tuples as lists."""
    if isinstance(value, tuple | list):
        return [plain_value(item) for item in value]
    return value if isinstance(value, int | float | None) else str(value)
