"""Keypoint detectors by name: pictures in, COCO-17 poses out.

The chains call `create_detector`. A new detector is a class with the members of `KeypointDetector`, a line in DETECTORS
and a test class derived from `tests/helpers/detector_contract.py`. P people of a picture.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from models.errors import BackendUnavailable, GflaError, InputError

Note = Callable[[str], None]


class KeypointDetector(Protocol):
    """Finds people; one contract test holds every detector to this.

    A detector that finds one person at most says so with `finds_one_person = True`.
    """

    name: str
    """Part of the keys of cached tracks and of reports."""

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Picture uint8 [H, W, 3] RGB -> people float32 [P, 17, 3]: x, y in its pixels, confidence 0..1."""
        ...

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Frames of a video, one at a time -> the people of each; may use what earlier frames showed."""
        ...


def _bundled(*, device: str, precision: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from models.weights import load_weights
    from pipelines.keypoints.detectors.bundled import BundledDetector

    network = load_weights("keypoints", expect="keypoints")
    return BundledDetector(network, device=device, precision=precision)


def _yolo(*, device: str, precision: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.yolo import FETCH_SECONDS, YoloDetector, find_weights

    return YoloDetector(find_weights(yolo_weights, seconds=FETCH_SECONDS), device=device)


def _mediapipe(*, device: str, precision: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.mediapipe.detector import MediaPipeDetector

    detector = MediaPipeDetector()
    if device != "cpu":
        note(f"keypoints: MediaPipe's networks run on the CPU, everything else on {device}")
    return detector


def _rtm(*, device: str, precision: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.rtm.detector import RtmDetector
    from pipelines.keypoints.detectors.rtm.files import FETCH_SECONDS, find_networks

    detector = RtmDetector(find_networks(seconds=FETCH_SECONDS, note=note), device=device)
    if device != "cpu" and not detector.uses_gpu:
        note(f"keypoints: ONNX Runtime runs RTMW on the CPU, everything else on {device}")
    return detector


def _auto(*, device: str, precision: str, yolo_weights: str | Path | None, note: Note) -> KeypointDetector:
    from pipelines.keypoints.detectors.yolo import YoloDetector, find_weights, quick_fetch_seconds

    try:
        detector = YoloDetector(find_weights(yolo_weights, seconds=quick_fetch_seconds()), device=device)
    except BackendUnavailable as reason:
        return _without_yolo(str(reason), device=device, precision=precision, note=note)
    note(f"keypoints: YOLO ({detector.weights.name})")
    return detector


def _without_yolo(reason: str, *, device: str, precision: str, note: Note) -> KeypointDetector:
    """MediaPipe's networks or RTMW if they are here, otherwise the bundled one; reason: why YOLO can't run."""
    from pipelines.keypoints.detectors.rtm.files import find_networks

    options = {"device": device, "precision": precision, "yolo_weights": None, "note": note}
    with suppress(BackendUnavailable):
        detector = DETECTORS["mediapipe"](**options)
        note(f"keypoints: MediaPipe ({reason})")
        return detector
    with suppress(BackendUnavailable):
        find_networks(seconds=0)
        detector = DETECTORS["rtm"](**options)
        note(f"keypoints: RTMW ({reason})")
        return detector
    note(f"keypoints: bundled network ({reason}; 'gfla weights fetch mediapipe' gets a better one)")
    return DETECTORS["bundled"](**options)


DETECTORS: dict[str, Callable[..., KeypointDetector]] = {
    "auto": _auto, "yolo": _yolo, "mediapipe": _mediapipe, "rtm": _rtm, "bundled": _bundled
}  # fmt: skip


def create_detector(
    name: str,
    *,
    device: str = "cpu",
    precision: str = "fp32",
    yolo_weights: str | Path | None = None,
    note: Note = lambda message: None,
) -> KeypointDetector:
    """Build a detector.

    Args:
        name: "yolo", "mediapipe", "rtm", "bundled", or "auto": YOLO if its weights are available or can be downloaded
            within a few seconds, which is tried once a day, otherwise MediaPipe if its networks were fetched, otherwise
            RTMW if its networks were downloaded, otherwise the bundled network.
        device: "cpu", "cuda:0", "mps".
        precision: "fp32", "bf16" or "fp16", of the bundled network; the others have their own.
        yolo_weights: file of a YOLO pose model; None lets Ultralytics download one.
        note: receives one line that says what "auto" chose and why.

    Raises:
        InputError: unknown name.
        BackendUnavailable: a detector was requested by name, but its library or its weights are not available.
        WeightsError: a weights file is damaged or not a pose model.
        ProcessingError: a download for "rtm" can't be stored.
    """
    if name not in DETECTORS:
        raise InputError(f"keypoints {name!r} must be {', '.join(DETECTORS)} or an existing pose track file")
    return DETECTORS[name](device=device, precision=precision, yolo_weights=yolo_weights, note=note)


def check_person(person: str, detector: KeypointDetector) -> None:
    """Refuse a `person` that this detector can never find: the second one, of a detector that finds one.

    Raises:
        InputError: says so and what to use instead.
    """
    if getattr(detector, "finds_one_person", False) and person.isdecimal() and int(person) > 1:
        raise InputError(
            f"person {person} asked for, but the {detector.name} detector finds one person only: use --keypoints "
            "mediapipe or yolo, a pose file with everybody, or leave out --person"
        )


def check_people(people: str | None, detector: KeypointDetector) -> None:
    """Refuse several people where this detector finds one.

    Raises:
        InputError: says so and what to use instead.
    """
    if people is not None and getattr(detector, "finds_one_person", False):
        raise InputError(
            f"--people {people:.60}: the {detector.name} detector finds one person only: use --keypoints mediapipe "
            "('gfla weights fetch mediapipe' gets it), yolo or rtm, or leave out --people"
        )


def availability() -> dict[str, str | None]:
    """For each detector why it can't run here, None if it can; nothing is downloaded."""
    from models.weights import load_weights
    from pipelines.keypoints.detectors.mediapipe.networks import check_networks
    from pipelines.keypoints.detectors.rtm.files import find_networks
    from pipelines.keypoints.detectors.yolo import find_weights

    checks = {
        "yolo": lambda: find_weights(None, seconds=0),
        "mediapipe": check_networks,
        "rtm": lambda: find_networks(seconds=0),
        "bundled": lambda: load_weights("keypoints"),
    }
    reasons: dict[str, str | None] = {}
    for name, check in checks.items():
        try:
            check()
            reasons[name] = None
        except GflaError as error:
            reasons[name] = str(error)
    return reasons
