"""Which landmark detector is taken, and what is said when none can run."""

import pytest

from models.errors import BackendUnavailable, InputError
from pipelines.faces import landmark_detectors
from pipelines.faces.bundled_landmarks import BundledLandmarks
from pipelines.faces.landmark_detectors import check_face, create_landmark_detector
from tests.helpers.painted_faces import PaintedFaceNetwork


def missing() -> None:
    raise BackendUnavailable("not here")


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Stand-ins by name, all of which can run."""
    found: dict[str, object] = {name: object() for name in ("mediapipe", "dlib", "bundled")}
    for name, each in found.items():
        monkeypatch.setitem(landmark_detectors.DETECTORS, name, lambda each=each: each)
        monkeypatch.setitem(landmark_detectors.CHECKS, name, lambda: None)
    return found


@pytest.mark.parametrize(
    ("gone", "chosen"), [((), "mediapipe"), (("mediapipe",), "dlib"), (("mediapipe", "dlib"), "bundled")]
)
def test_auto_takes_the_first_that_can_run_and_says_so(
    detectors: dict[str, object], monkeypatch: pytest.MonkeyPatch, gone: tuple[str, ...], chosen: str
) -> None:
    for name in gone:
        monkeypatch.setitem(landmark_detectors.CHECKS, name, missing)
    notes: list[str] = []
    assert create_landmark_detector("auto", notes.append) is detectors[chosen]
    (note,) = notes
    assert note.partition(" (")[0] == f"landmarks: {chosen}"
    assert ("gfla weights fetch mediapipe" in note) == (chosen == "bundled")


def test_one_by_name(detectors: dict[str, object]) -> None:
    notes: list[str] = []
    assert create_landmark_detector("dlib", notes.append) is detectors["dlib"]
    assert notes == []


def test_what_is_missing_is_said_with_the_option_of_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("mediapipe", "dlib"):
        with pytest.raises(BackendUnavailable, match="use --landmarks bundled") as raised:
            create_landmark_detector(name)
        assert "--keypoints" not in str(raised.value)


@pytest.mark.usefixtures("detectors")
def test_none_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in landmark_detectors.CHECKS:
        monkeypatch.setitem(landmark_detectors.CHECKS, name, missing)
    with pytest.raises(BackendUnavailable, match="run 'gfla weights fetch mediapipe', or pass text files"):
        create_landmark_detector("auto")


def test_an_unknown_name() -> None:
    with pytest.raises(InputError, match="'magic' must be auto, mediapipe, dlib, bundled or an existing folder"):
        create_landmark_detector("magic")


def test_a_second_face_is_not_asked_of_a_detector_that_finds_one() -> None:
    detector = BundledLandmarks(PaintedFaceNetwork())
    check_face("largest", detector)
    check_face("1", detector)
    with pytest.raises(InputError, match="person 2 asked for"):
        check_face("2", detector)
