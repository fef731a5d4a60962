"""YOLO pose models through Ultralytics (AGPL-3.0), which is imported in this file only, and only when used."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from models.errors import BackendUnavailable, InputError, WeightsError
from models.files import describe_stand_in
from pipelines.runtime.network import has_network

if TYPE_CHECKING:
    from ultralytics import YOLO

WEIGHTS = "yolo11n-pose.pt"
QUICK_FETCH_SECONDS, FETCH_SECONDS = 10.0, 120.0
RETRY_SECONDS = 24 * 3600.0  # after a download that failed, until "auto" tries again
PERSON_CONFIDENCE = 0.25

# No package is installed behind the user's back, checkpoints are read without running code, nothing is reported home.
ENVIRONMENT = {
    "YOLO_AUTOINSTALL": "false", "ULTRALYTICS_SAFE_LOAD": "true", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false",
}  # fmt: skip
FETCH = "import sys; from ultralytics.utils.downloads import attempt_download_asset as get; get(sys.argv[1])"


def cached_weights_path() -> Path:
    """Where downloaded weights are stored."""
    from platformdirs import user_cache_path

    return user_cache_path("gfla", appauthor=False) / WEIGHTS


def quick_fetch_seconds() -> float:
    """Seconds that "auto" may spend on a download: 0 for a day after one has failed."""
    marker = _failure_marker(cached_weights_path())
    failed_lately = marker.exists() and time.time() - marker.stat().st_mtime < RETRY_SECONDS
    return 0.0 if failed_lately else QUICK_FETCH_SECONDS


def _failure_marker(path: Path) -> Path:
    """The empty file beside the weights whose time is that of the last download that failed."""
    return path.with_suffix(".failed")


def find_weights(given: str | Path | None, *, seconds: float) -> Path:
    """The weights file given, or the cached one, or one that Ultralytics downloads within `seconds` (0: never).

    Raises:
        InputError: the given file does not exist.
        BackendUnavailable: Ultralytics is not installed, or the weights can't be downloaded.
    """
    if importlib.util.find_spec("ultralytics") is None:
        raise BackendUnavailable("Ultralytics is not installed; pip install ultralytics, or use --keypoints bundled")
    if given is not None:
        if not Path(given).is_file():
            raise InputError(f"{given}: no such YOLO weights file; check --yolo-weights")
        return Path(given)
    path = cached_weights_path()
    if not path.is_file():
        _fetch(path, seconds)
    return path


def _fetch(path: Path, seconds: float) -> None:
    """Let Ultralytics download into a temporary folder in a process that can be ended, then move the file."""
    unavailable = f"{WEIGHTS} is missing and can't be downloaded; pass --yolo-weights FILE or use --keypoints bundled"
    if seconds <= 0:
        raise BackendUnavailable(f"{WEIGHTS} is missing; --keypoints yolo downloads it")
    if not has_network():
        raise BackendUnavailable(unavailable)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            target = Path(folder) / WEIGHTS
            command = [sys.executable, "-c", FETCH, str(target)]
            environment = os.environ | ENVIRONMENT | {"YOLO_OFFLINE": "false"}
            subprocess.run(command, env=environment, timeout=seconds, check=True, capture_output=True, cwd=folder)
            os.replace(target, path)
    except (subprocess.SubprocessError, OSError) as error:
        with suppress(OSError):
            _failure_marker(path).touch()
        raise BackendUnavailable(unavailable) from error


def import_yolo() -> "type[YOLO]":
    """Ultralytics' YOLO, imported with its side effects switched off.

    Raises:
        BackendUnavailable: Ultralytics is missing or broken.
    """
    os.environ.update(ENVIRONMENT)
    opener = Image.open
    try:
        from ultralytics import YOLO
    except Exception as error:  # a broken install fails in many ways
        raise BackendUnavailable(f"Ultralytics can't be imported ({error}); use --keypoints bundled") from error
    Image.open = opener  # Ultralytics puts one in its place that needs more packages for files that are not pictures
    return YOLO


def _load(weights: Path) -> "YOLO":
    kind = import_yolo()
    try:
        model = kind(weights, verbose=False)
        joints = getattr(model.model, "kpt_shape", None)
    except Exception as error:  # Ultralytics lets unpickling errors of any kind through
        if stand_in := describe_stand_in(weights):
            raise WeightsError(f"{weights} {stand_in}") from error
        raise WeightsError(f"{weights}: not a YOLO weights file; use a pose model such as {WEIGHTS}") from error
    if model.task != "pose" or joints is None or tuple(joints) != (17, 3):
        raise WeightsError(f"{weights}: a YOLO {model.task} model; use a COCO-17 pose model such as {WEIGHTS}")
    return model


class YoloDetector:
    """Every person of every frame, frame by frame."""

    name = "yolo"

    def __init__(self, weights: str | Path, *, device: str = "cpu", confidence: float = PERSON_CONFIDENCE) -> None:
        self.weights = Path(weights)
        self.device = device
        self.confidence = confidence
        self.model = _load(self.weights)

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See `KeypointDetector.detect`; joints without a place get confidence 0."""
        bgr = np.ascontiguousarray(image[..., ::-1])
        result: Any = next(iter(self.model.predict(bgr, device=self.device, conf=self.confidence, verbose=False)))
        if result.keypoints is None or not len(result.keypoints):
            return np.empty((0, 17, 3), np.float32)
        people = result.keypoints.data.cpu().numpy().astype(np.float32)  # [P, 17, 3]
        people[~np.isfinite(people).all(-1)] = 0
        people[..., 2] = np.clip(people[..., 2], 0, 1) * (people[..., :2] != 0).any(-1)
        return people

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`."""
        return map(self.detect, images)
