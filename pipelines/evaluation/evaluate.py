"""`gfla evaluate`: generated pictures or videos compared with reference ones, every number with its convention.

Two folders or videos -> pairs of equal size -> metrics of pairs, FID, keypoint distance -> scores, and the conditions
that they were taken under. Pictures are streamed: one pass for all metrics of pairs, and another for each of the rest.
H, W: size of the pictures that are compared.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import BackendUnavailable, InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation.fid import FrechetDistance, add_pictures
from pipelines.evaluation.image_metrics import Meter, to_tensor
from pipelines.evaluation.image_pairs import Comparison, FolderSide, Geometry, Side, open_comparison
from pipelines.evaluation.keypoint_distance import measure_keypoint_distance
from pipelines.evaluation.protocols import Protocol, choose_protocol
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.versions import versions

LIBRARIES = ("gfla", "torchmetrics", "torch", "torchvision", "torch-fidelity", "scikit-image", "pillow", "av", "numpy")


@dataclass(frozen=True)
class Score:
    """One metric: its value, or why it was skipped."""

    name: str
    how: str
    """The convention it was computed by."""
    better: str = "lower"
    """Which values are better: lower or higher."""
    value: float | None = None
    """None if it was skipped."""
    pictures: int = 0
    """Number of pictures or frames that it is computed from."""
    skipped: str | None = None
    """The reason."""


@dataclass
class EvaluateResult:
    """All scores, and the conditions that they were taken under."""

    config: EvaluateConfig
    scores: list[Score]
    """In the order they were asked for."""
    conditions: dict[str, str] = field(default_factory=dict)
    """Paths, sizes, and how pictures were resized and cropped, as text."""

    @property
    def refused(self) -> list[Score]:
        """Scores that were asked for by name and skipped."""
        return [score for score in self.scores if score.skipped and score.name in self.config.metrics]

    def summary(self) -> dict[str, Any]:
        """Everything as JSON-ready data; an infinite value becomes the text "inf"."""
        scores = [asdict(score) | {"value": _to_json(score.value)} | self.conditions for score in self.scores]
        return {"protocol": self.config.protocol, "metrics": scores, "versions": versions(LIBRARIES)}

    def describe_conditions(self) -> list[str]:
        """The conditions of all scores and the versions of the libraries, one line each."""
        libraries = ", ".join(f"{name} {version}" for name, version in versions(LIBRARIES).items())
        return [f"{name}: {value}" for name, value in (self.conditions | {"versions": libraries}).items()]


def evaluate_pictures(config: EvaluateConfig, progress: Progress = SILENT) -> EvaluateResult:
    """Compute the metrics asked for, or all of the protocol.

    Raises:
        InputError: names, sizes or lengths that don't match, unreadable or missing files, an unknown metric.
        BackendUnavailable: no such device.
    """
    # 1. Refuse whatever can be refused before any work
    protocol = choose_protocol(config)
    metrics = config.metrics or protocol.metrics
    device = str(choose_device(config.device, progress.note))
    # 2. Open both sides, and the reference set of FID if there is one
    comparison = open_comparison(
        config.generated,
        config.reference,
        Geometry(config.resize, config.crop),
        official_names=protocol.official_names,
    )
    _note_other_file_types(protocol, comparison, progress)
    fid_reference = open_fid_reference(config.fid_reference) if config.fid_reference else None
    # 3. Metrics of pairs, all in one pass
    meters, scores = make_meters(protocol, metrics, comparison, fetch=config.fetch)
    count, size = measure_pairs(list(meters.values()), comparison, progress)
    note_all(progress, (*comparison.generated.notes, *comparison.reference.notes))
    note_all(progress, (note for meter in meters.values() for note in meter.notes()))
    scores |= {name: score_meter(meter, count) for name, meter in meters.items()}
    # 4. FID, in a pass over each side
    if "fid" in metrics:
        against = fid_reference or (comparison.reference if protocol.fid_against_reference else None)
        scores["fid"] = measure_fid(protocol, comparison, against, fetch=config.fetch, device=device, progress=progress)
    # 5. Keypoint distance, in a pass over both sides
    if "keypoints" in metrics:
        scores["keypoints"] = score_keypoints(comparison, device, progress)
    conditions = describe_inputs(comparison, fid_reference, count, size)
    return EvaluateResult(config, [scores[name] for name in metrics], conditions)


# 2. Inputs


def open_fid_reference(path: Path) -> FolderSide:
    """The pictures of a folder. Raises InputError if it is not one, or has none."""
    if not path.is_dir():
        raise InputError(f"{path} is not a folder: pass a folder of pictures as --fid-reference")
    return FolderSide.open(path)


def _note_other_file_types(protocol: Protocol, comparison: Comparison, progress: Progress) -> None:
    if protocol.official_names and comparison.generated.types not in (("jpg",), ("jpeg",)):
        path = comparison.generated.path
        progress.note(f"{path} is not all JPEG, as the authors' pictures of people are: scores may differ from theirs")


def describe_inputs(
    comparison: Comparison, fid_reference: FolderSide | None, count: int, size: tuple[int, int]
) -> dict[str, str]:
    """What was compared, as text: `count` pairs of `size` (width, height)."""
    unit = "frames" if comparison.is_video else "pictures"
    reference = (
        f"{_name_side(fid_reference)}, {len(fid_reference.files)} pictures" if fid_reference else "the reference"
    )
    return {
        "generated": _name_side(comparison.generated),
        "reference": _name_side(comparison.reference),
        "compared": f"{count} {unit} of {size[0]}x{size[1]}",
        **comparison.geometry.describe(),
        "fid reference": reference,
    }


def _name_side(side: Side) -> str:
    return f"{side.path} ({'+'.join(side.types)})"


# 3. Metrics of pairs


def make_meters(
    protocol: Protocol, metrics: Sequence[str], comparison: Comparison, *, fetch: bool
) -> tuple[dict[str, Meter], dict[str, Score]]:
    """The meters of the metrics that are computed pair by pair, and scores of those that can't be."""
    meters: dict[str, Meter] = {}
    skipped: dict[str, Score] = {}
    for name in metrics:
        try:
            if name in protocol.meters:
                meters[name] = protocol.meters[name](fetch)
        except BackendUnavailable as reason:
            skipped[name] = Score(name, "", skipped=str(reason))
    if "flicker" in meters and not comparison.is_video:
        skipped["flicker"] = Score("flicker", meters.pop("flicker").how, skipped="pictures have no order: pass videos")
    return meters, skipped


def measure_pairs(meters: Sequence[Meter], comparison: Comparison, progress: Progress) -> tuple[int, tuple[int, int]]:
    """Pass every pair to the meters; returns the number of pairs, and the width and height of the last one."""
    progress.stage("compare", None)
    size, count = (0, 0), 0
    for ours, theirs in comparison.pairs():
        size, count = (ours.shape[1], ours.shape[0]), count + 1
        generated, reference = to_tensor(ours), to_tensor(theirs)  # [1, 3, H, W]
        for meter in meters:
            meter.add(generated, reference)
        progress.advance()
    return count, size


def score_meter(meter: Meter, count: int) -> Score:
    """The score of a meter that was given `count` pairs."""
    value = meter.value()
    if math.isnan(value):
        return Score(meter.name, meter.how, meter.better, skipped="a single frame has no motion: pass a video")
    return Score(meter.name, meter.how, meter.better, value, count)


# 4. FID


def measure_fid(
    protocol: Protocol, comparison: Comparison, against: Side | None, *, fetch: bool, device: str, progress: Progress
) -> Score:
    """The distance of the generated pictures from those of another side; skipped without one."""
    inception = protocol.inception
    if against is None:
        return Score("fid", inception.how, skipped="needs --fid-reference FOLDER with the complete training set")
    how = f"{inception.how}, against {against.path}"
    try:
        network = inception.build(inception.file.obtain(fetch=fetch)).to(device)
    except BackendUnavailable as reason:
        return Score("fid", how, skipped=str(reason))
    distance = FrechetDistance(inception.features)
    for side, real in ((comparison.generated, False), (against, True)):
        progress.stage("FID reference" if real else "FID generated", None)
        pictures = _read_pictures(side, comparison.geometry, progress)
        add_pictures(distance, pictures, network, real=real, drop_last=inception.drop_last, device=device)
    counts = f"{distance.generated} generated, {distance.reference} reference pictures"
    if min(distance.generated, distance.reference) < 2:
        return Score("fid", how, skipped=f"too few pictures ({counts})")
    return Score("fid", f"{how}, {counts}", value=distance.value(), pictures=distance.generated)


def _read_pictures(side: Side, geometry: Geometry, progress: Progress) -> Iterator[np.ndarray]:
    for name, picture in side:
        yield geometry.apply(picture, name)
        progress.advance()


# 5. Keypoint distance


def score_keypoints(comparison: Comparison, device: str, progress: Progress) -> Score:
    """The mean keypoint distance; skipped if no picture shows a person on both sides."""
    found = measure_keypoint_distance(comparison, device=device, progress=progress)
    if found.value is None:
        return Score("keypoints", found.how, skipped="no picture shows a person on both sides")
    return Score("keypoints", found.how, value=found.value, pictures=found.seen)


def _to_json(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)
