"""Keypoint distance: do the generated people stand as those of the reference? No reference weights are needed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import tee

import numpy as np

from models.weights import load_weights
from pipelines.evaluation.image_pairs import Comparison
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.tracking import joint_distance
from pipelines.runtime.progress import Progress

HOW = "mean distance of joints seen on both sides, in body sizes, bundled keypoint network"


@dataclass(frozen=True)
class PoseDistance:
    """Mean distance in body sizes, None if no picture shows a person on both sides; and how many do, of how many."""

    value: float | None
    seen: int
    pictures: int

    @property
    def how(self) -> str:
        """The convention, and how many pictures count."""
        return f"{HOW}; a person on both sides in {self.seen} of {self.pictures}"


def pose_distance(comparison: Comparison, *, device: str, progress: Progress) -> PoseDistance:
    """Look for the person in every picture of both sides; videos are followed, folders searched one by one."""
    extractor = BundledDetector(load_weights("keypoints", device=device, expect="keypoints"), device=device)
    progress.stage("keypoint distance", None)

    def people(pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return extractor.track(pictures) if comparison.is_video else map(extractor.detect, pictures)

    first, second = tee(comparison.pairs())  # read in step, so that one pair waits at most
    found: list[float] = []
    for one, other in zip(people(ours for ours, _ in first), people(theirs for _, theirs in second), strict=True):
        found.append(joint_distance(one[0], other[0]) if len(one) and len(other) else float("nan"))
        progress.advance()
    return _summary(found)


def _summary(found: list[float]) -> PoseDistance:
    distances = np.array(found)
    seen = distances[np.isfinite(distances)]
    return PoseDistance(float(seen.mean()) if len(seen) else None, len(seen), len(distances))
