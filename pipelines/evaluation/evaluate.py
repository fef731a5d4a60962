"""`gfla evaluate`: generated pictures or videos against reference ones; every number with its convention.

The pictures are streamed, once for the metrics that compare pairs, and again for FID and for keypoints.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import BackendUnavailable, InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation.fid import Frechet, add_pictures
from pipelines.evaluation.image_metrics import Meter, to_tensor
from pipelines.evaluation.image_pairs import Comparison, Folder, Geometry, Side, compare
from pipelines.evaluation.keypoint_distance import pose_distance
from pipelines.evaluation.protocols import PROTOCOLS, Protocol
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import Progress, SilentProgress
from pipelines.runtime.versions import versions

LIBRARIES = ("gfla", "torchmetrics", "torch", "torchvision", "torch-fidelity", "scikit-image", "pillow", "av", "numpy")
FEATURES = 2048


@dataclass(frozen=True)
class Score:
    """One metric: its value, or why it was skipped. `pictures`: how many it is about."""

    name: str
    how: str
    better: str = "lower"
    value: float | None = None
    pictures: int = 0
    skipped: str | None = None


@dataclass
class EvaluateResult:
    """All scores, and what they were taken from."""

    config: EvaluateConfig
    scores: list[Score]
    conditions: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> list[Score]:
        """Scores that were asked for by name and skipped."""
        return [score for score in self.scores if score.skipped and score.name in self.config.metrics]

    def summary(self) -> dict[str, Any]:
        """Everything as plain data; an infinite value becomes the text "inf"."""
        scores = [asdict(score) | {"value": _plain(score.value)} | self.conditions for score in self.scores]
        return {"protocol": self.config.protocol, "metrics": scores, "versions": _versions()}

    def words(self) -> list[str]:
        """The conditions of all numbers, one line each."""
        names = ", ".join(f"{name} {version}" for name, version in _versions().items())
        return [f"{name}: {value}" for name, value in (self.conditions | {"versions": names}).items()]


def evaluate_pictures(config: EvaluateConfig, progress: Progress | None = None) -> EvaluateResult:
    """Compute the metrics asked for, or all of the protocol.

    Raises:
        InputError: names, sizes or lengths that don't match, unreadable or missing files, an unknown metric.
        BackendUnavailable: no such device.
    """
    progress = progress or SilentProgress()
    protocol = _protocol(config)
    chosen = config.metrics or protocol.metrics
    device = str(choose_device(config.device))
    geometry = Geometry(config.resize, config.crop)
    comparison = compare(config.generated, config.reference, geometry, official_names=protocol.official_names)
    if protocol.official_names and comparison.generated.types not in (("jpg",), ("jpeg",)):
        progress.note(
            f"{config.generated} is not all JPEG: the authors' person pictures are, and their numbers of them"
        )
    fid_set = Folder.open(_folder(config.fid_reference)) if config.fid_reference else None
    meters, scores = _meters(protocol, chosen, comparison, config)
    shape, count = _feed(list(meters.values()), comparison, progress)
    scores |= {name: _score(meter, count) for name, meter in meters.items()}
    if "fid" in chosen:
        scores["fid"] = _fid(config, protocol, comparison, fid_set, device, progress)
    if "keypoints" in chosen:
        scores["keypoints"] = _keypoints(comparison, device, progress)
    conditions = _conditions(config, comparison, fid_set, shape, count)
    return EvaluateResult(config, [scores[name] for name in chosen], conditions)


def _protocol(config: EvaluateConfig) -> Protocol:
    if config.protocol not in PROTOCOLS:
        raise InputError(f"protocol {config.protocol!r} must be one of {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[config.protocol]
    if unknown := [name for name in config.metrics if name not in protocol.metrics]:
        raise InputError(
            f"metric {unknown[0]!r} of protocol {protocol.name} must be one of {', '.join(protocol.metrics)}"
        )
    if protocol.official_names and config.crop:
        raise InputError(f"protocol {protocol.name} compares whole pictures: leave out --crop")
    return protocol


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError(f"{path} is no folder: give a folder of pictures as --fid-reference")
    return path


def _meters(
    protocol: Protocol, chosen: tuple[str, ...], comparison: Comparison, config: EvaluateConfig
) -> tuple[dict[str, Meter], dict[str, Score]]:
    """What can be measured pair by pair, and why the rest can't."""
    meters: dict[str, Meter] = {}
    skipped: dict[str, Score] = {}
    for name in chosen:
        try:
            if name in protocol.meters:
                meters[name] = protocol.meters[name](config.fetch)
        except BackendUnavailable as reason:
            skipped[name] = Score(name, "", skipped=str(reason))
    if "flicker" in meters and not comparison.is_video:
        skipped["flicker"] = Score("flicker", meters.pop("flicker").how, skipped="pictures have no order: give videos")
    return meters, skipped


def _feed(meters: list[Meter], comparison: Comparison, progress: Progress) -> tuple[tuple[int, ...], int]:
    """Size (H, W) of the last pair and the number of pairs."""
    progress.stage("compare", None)
    shape, count = (0, 0), 0
    for ours, theirs in comparison.pairs():
        shape, count = ours.shape[:2], count + 1
        generated, reference = to_tensor(ours), to_tensor(theirs)
        for meter in meters:
            meter.add(generated, reference)
        progress.advance()
    return shape, count


def _score(meter: Meter, count: int) -> Score:
    value = meter.value()
    if math.isnan(value):
        return Score(meter.name, meter.how, meter.better, skipped="a single frame has no motion: give a video")
    return Score(meter.name, meter.how, meter.better, value, count)


def _fid(
    config: EvaluateConfig,
    protocol: Protocol,
    comparison: Comparison,
    fid_set: Folder | None,
    device: str,
    progress: Progress,
) -> Score:
    inception = protocol.inception
    against = fid_set or comparison.reference
    how = f"{inception.how}, against {against.path}"
    if fid_set is None and not protocol.own_reference:
        return Score("fid", inception.how, skipped="needs --fid-reference FOLDER with the whole training set")
    try:
        network = inception.build(inception.file.obtain(fetch=config.fetch)).to(device)
    except BackendUnavailable as reason:
        return Score("fid", how, skipped=str(reason))
    frechet = Frechet(FEATURES)
    for side, real in ((comparison.generated, False), (against, True)):
        pictures = _counted(side, comparison.geometry, progress, "FID reference" if real else "FID generated")
        add_pictures(frechet, pictures, network, real=real, drop_last=inception.drop_last, device=device)
    counts = f"{frechet.counts[False]} generated, {frechet.counts[True]} reference pictures"
    if min(frechet.counts.values()) < 2:
        return Score("fid", how, skipped=f"too few pictures ({counts})")
    return Score("fid", f"{how}, {counts}", value=frechet.value(), pictures=frechet.counts[False])


def _counted(side: Side, geometry: Geometry, progress: Progress, stage: str) -> Iterator[np.ndarray]:
    progress.stage(stage, None)
    for name, picture in side:
        yield geometry(picture, name)
        progress.advance()


def _keypoints(comparison: Comparison, device: str, progress: Progress) -> Score:
    found = pose_distance(comparison, device=device, progress=progress)
    if found.value is None:
        return Score("keypoints", found.how, skipped="no picture shows a person on both sides")
    return Score("keypoints", found.how, value=found.value, pictures=found.seen)


def _conditions(
    config: EvaluateConfig, comparison: Comparison, fid_set: Folder | None, shape: tuple[int, ...], count: int
) -> dict[str, str]:
    unit = "frames" if comparison.is_video else "pictures"

    def side(which: Side) -> str:
        return f"{which.path} ({'+'.join(which.types)})"

    return {
        "generated": side(comparison.generated),
        "reference": side(comparison.reference),
        "compared": f"{count} {unit} of {shape[1]}x{shape[0]}",
        **comparison.geometry.words(),
        "fid reference": f"{side(fid_set)}, {len(fid_set.files)} pictures" if fid_set else "the reference",
    }


def _plain(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)


def _versions() -> dict[str, str]:
    return versions(LIBRARIES)
