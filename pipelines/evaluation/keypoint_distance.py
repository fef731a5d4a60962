"""Keypoint distance: how far the people of generated pictures stand from those of the reference.

It needs no published weights: the bundled keypoint network looks for the people. Called by
`pipelines.evaluation.evaluate`.
"""

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
class KeypointDistance:
    """The mean over the pictures that show a person on both sides."""

    value: float | None
    """In body sizes; None if no picture shows a person on both sides."""
    seen: int
    """Number of pictures with a person on both sides."""
    pictures: int
    """Number of all pictures."""

    @property
    def how(self) -> str:
        """The convention, and how many pictures count."""
        return f"{HOW}; a person on both sides in {self.seen} of {self.pictures}"


def measure_keypoint_distance(comparison: Comparison, *, device: str, progress: Progress) -> KeypointDistance:
    """Detect the person in all pictures of both sides; videos are tracked, other pictures searched one by one.

    Raises:
        InputError: see `Comparison.pairs`.
    """
    detector = BundledDetector(load_weights("keypoints", device=device, expect="keypoints"), device=device)
    progress.stage("keypoint distance", None)

    def detect_people(pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return detector.track(pictures) if comparison.is_video else map(detector.detect, pictures)

    first, second = tee(comparison.pairs())  # both are read in step, so that at most one pair is kept
    generated = detect_people(picture for picture, _ in first)
    reference = detect_people(picture for _, picture in second)
    distances: list[float] = []
    for ours, theirs in zip(generated, reference, strict=True):  # [P, 17, 3] each, the person first
        distances.append(joint_distance(ours[0], theirs[0]) if len(ours) and len(theirs) else float("nan"))
        progress.advance()
    return _average(distances)


def _average(distances: list[float]) -> KeypointDistance:
    finite = [value for value in distances if np.isfinite(value)]
    return KeypointDistance(float(np.array(finite).mean()) if finite else None, len(finite), len(distances))
