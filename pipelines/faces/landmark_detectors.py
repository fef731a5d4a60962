"""Landmark detectors by name: pictures in, 68 landmarks of every face out, or 70 with irises (`points` says which); the
face chain creates one."""

from collections.abc import Callable

from models.errors import BackendUnavailable, InputError
from pipelines.faces.bundled_landmarks import BundledLandmarks, check_weights
from pipelines.faces.landmarks import DlibLandmarks, find_predictor
from pipelines.faces.mesh_landmarks import MeshLandmarks
from pipelines.keypoints.detectors.mediapipe.networks import check_networks

LandmarkDetector = DlibLandmarks | MeshLandmarks | BundledLandmarks
DETECTORS: dict[str, Callable[[], LandmarkDetector]] = {
    "mediapipe": MeshLandmarks, "dlib": DlibLandmarks, "bundled": BundledLandmarks
}  # fmt: skip
NO_IRISES = "eyes won't look where the driver's do: 'gfla weights fetch mediapipe' gets a network that finds irises"
BUNDLED_HINT = " ('gfla weights fetch mediapipe' gets a better one)"
CHECKS = {"mediapipe": check_networks, "dlib": find_predictor, "bundled": check_weights}


def create_landmark_detector(name: str, note: Callable[[str], None] = lambda message: None) -> LandmarkDetector:
    """Build a landmark detector.

    Args:
        name: "mediapipe", "dlib", "bundled", or "auto": the first of them that can run.
        note: receives one line that says what "auto" chose, and one if an old folder of networks has none for irises.

    Raises:
        InputError: unknown name.
        BackendUnavailable: it can't run here, or none can.
        WeightsError: the bundled weights are damaged.
    """
    if name == "auto":
        name = find_available()
        note(f"landmarks: {name}" + BUNDLED_HINT * (name == "bundled"))
    if name not in DETECTORS:
        raise InputError(f"landmarks {name!r} must be auto, {', '.join(DETECTORS)} or an existing folder")
    try:
        detector = DETECTORS[name]()
    except BackendUnavailable as error:  # networks are those of the detector of people, whose option it names
        raise BackendUnavailable(str(error).replace("--keypoints", "--landmarks")) from error
    if isinstance(detector, MeshLandmarks) and detector.irises is None:
        note(NO_IRISES)
    return detector


def check_face(person: str, detector: LandmarkDetector) -> None:
    """Refuse a `person` that this detector can never find: the second one, of a detector that finds one.

    Raises:
        InputError: says so and what to use instead.
    """
    if isinstance(detector, BundledLandmarks) and person.isdecimal() and int(person) > 1:
        raise InputError(
            f"person {person} asked for, but the bundled landmark detector finds one face only: use --landmarks "
            "mediapipe or dlib, a folder with landmarks, or leave out --person"
        )


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
