"""Landmark detectors by name: pictures in, 68 landmarks of every face out; the face chain creates one."""

from collections.abc import Callable

from models.errors import BackendUnavailable, InputError
from pipelines.faces.landmarks import DlibLandmarks, find_predictor
from pipelines.faces.mesh_landmarks import MeshLandmarks
from pipelines.keypoints.detectors.mediapipe.networks import check_networks

LandmarkDetector = DlibLandmarks | MeshLandmarks
DETECTORS: dict[str, Callable[[], LandmarkDetector]] = {"mediapipe": MeshLandmarks, "dlib": DlibLandmarks}
CHECKS = {"mediapipe": check_networks, "dlib": find_predictor}


def create_landmark_detector(name: str, note: Callable[[str], None] = lambda message: None) -> LandmarkDetector:
    """Build a landmark detector.

    Args:
        name: "mediapipe", "dlib", or "auto": the first of them that can run.
        note: receives one line that says what "auto" chose.

    Raises:
        InputError: unknown name.
        BackendUnavailable: it can't run here, or none can.
    """
    if name == "auto":
        name = find_available()
        note(f"landmarks: {name}")
    if name not in DETECTORS:
        raise InputError(f"landmarks {name!r} must be auto, {', '.join(DETECTORS)} or an existing folder")
    return DETECTORS[name]()


def find_available() -> str:
    """The first detector that can run here.

    Raises:
        BackendUnavailable: none can.
    """
    for name, check in CHECKS.items():
        try:
            check()
        except BackendUnavailable:
            continue
        return name
    raise BackendUnavailable(
        "no detector of face landmarks is here: run 'gfla weights fetch mediapipe', "
        "or pass text files with --landmarks and --source-landmarks"
    )
