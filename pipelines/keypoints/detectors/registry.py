"""Keypoint extractors by name: pictures in, COCO-17 poses out."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from models.errors import BackendUnavailable, GflaError, InputError

Note = Callable[[str], None]


class KeypointDetector(Protocol):
    """Finds people; shared conformance tests hold every extractor to this."""

    name: str

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Picture uint8 [H, W, 3] RGB -> people float32 [P, 17, 3]: x, y in its pixels, confidence 0..1."""
        ...

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Frames of a video, one at a time -> the people of each; may use what the frames before showed."""
        ...


def _bundled(*, device: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from models.weights import load_weights
    from pipelines.keypoints.detectors.bundled import BundledDetector

    return BundledDetector(load_weights("keypoints", device=device, expect="keypoints"), device=device)


def _yolo(*, device: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.yolo import FETCH_SECONDS, YoloDetector, find_weights

    return YoloDetector(find_weights(yolo_weights, seconds=FETCH_SECONDS), device=device)


def _auto(*, device: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.yolo import QUICK_FETCH_SECONDS, YoloDetector, find_weights

    try:
        extractor = YoloDetector(find_weights(yolo_weights, seconds=QUICK_FETCH_SECONDS), device=device)
    except BackendUnavailable as reason:
        note(f"keypoints: bundled network ({reason})")
        return _bundled(device=device, yolo_weights=None, note=note)
    note(f"keypoints: YOLO ({extractor.weights.name})")
    return extractor


DETECTORS: dict[str, Callable[..., KeypointDetector]] = {"auto": _auto, "yolo": _yolo, "bundled": _bundled}


def create_detector(
    name: str, *, device: str = "cpu", yolo_weights: str | Path | None = None, note: Note = lambda message: None
) -> KeypointDetector:
    """Build an extractor.

    Args:
        name: "yolo", "bundled", or "auto": YOLO if its weights are at hand or fetched within a few seconds, else the
            bundled network.
        device: "cpu", "cuda:0", "mps".
        yolo_weights: file of a YOLO pose model; None lets Ultralytics fetch one.
        note: gets one line that says what "auto" chose and why.

    Raises:
        InputError: unknown name.
        BackendUnavailable: YOLO asked for by name, but Ultralytics or its weights can't be had.
        WeightsError: a weights file is damaged or no pose model.
    """
    if name not in DETECTORS:
        raise InputError(f"keypoints {name!r} must be {', '.join(DETECTORS)} or an existing pose track file")
    return DETECTORS[name](device=device, yolo_weights=yolo_weights, note=note)


def availability() -> dict[str, str | None]:
    """For each extractor why it can't run here, None where it can; nothing is fetched."""
    from models.weights import load_weights
    from pipelines.keypoints.detectors.yolo import find_weights

    checks = {"yolo": lambda: find_weights(None, seconds=0), "bundled": lambda: load_weights("keypoints")}
    reasons: dict[str, str | None] = {}
    for name, check in checks.items():
        try:
            check()
            reasons[name] = None
        except GflaError as error:
            reasons[name] = str(error)
    return reasons
