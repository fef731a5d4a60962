"""The detector on painted people, with ONNX networks made here."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError, WeightsError
from pipelines.keypoints.details import PersonDetails, request_details
from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.keypoints.detectors.rtm.detector import SEARCH_INTERVAL, RtmDetector
from tests.helpers.detector_contract import DetectorContract
from tests.helpers.rtm_networks import make_offsets, paint_person, write_networks

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_networks(tmp_path_factory.mktemp("rtm"))


@pytest.fixture
def detector(networks: tuple[Path, Path]) -> RtmDetector:
    return RtmDetector(networks)


class TestRtmDetector(DetectorContract):
    @pytest.fixture(scope="class")
    def detector(self, networks: tuple[Path, Path]) -> KeypointDetector:
        return RtmDetector(networks)


def make_frame(*centres: int, size: tuple[int, int] = (256, 512)) -> np.ndarray:
    """A blue and then a green person, 100 px wide and 136 px high, around these columns."""
    image = np.zeros((*size, 3), np.uint8)
    for x, colour in zip(centres, ("blue", "green"), strict=False):
        paint_person(image, (x - 50, 60, x + 50, 196), (x, 128), colour)
    return image


def expected(x: int) -> np.ndarray:
    """Where the 133 points of a person at column x are: the region is 1.25 boxes, at the shape of the input."""
    scale = max(1.25 * 100 / 192, 1.25 * 136 / 256)
    return np.array((x, 128)) + make_offsets() / 2 * scale


def test_everybody_is_found_with_the_joints_in_their_places(detector: RtmDetector) -> None:
    people = detector.detect(make_frame(130, 380))
    assert len(people) == 2
    for person, x in zip(people, (130, 380), strict=True):
        assert np.abs(person[:, :2] - expected(x)[:17]).max() < 3  # the box is rounded to pixels of the small input
        np.testing.assert_allclose(person[:, 2], 0.8, atol=0.05)


def test_feet_and_hands_are_those_of_coco_wholebody(detector: RtmDetector) -> None:
    request_details(detector, ["hands"])
    (known,) = detector.detect_people(make_frame(250)).details
    assert isinstance(known, PersonDetails)
    points = expected(250)
    for found, numbers in (
        (known.feet, [19, 22, 17, 20]), (known.left_hand, range(91, 112)), (known.right_hand, range(112, 133))
    ):  # fmt: skip
        assert found is not None
        assert np.abs(found[:, :2] - points[list(numbers)]).max() < 3
    assert known.feet is not None
    assert known.left_hand is not None
    np.testing.assert_allclose(known.feet[:, 2], 0.8, atol=0.05)
    assert (known.left_hand[:, 2] == 0).all()
    assert (known.depth, known.face, known.mask) == (None, None, None)


def test_hands_are_found_only_when_asked_for(detector: RtmDetector) -> None:
    (known,) = detector.detect_people(make_frame(250)).details
    assert known is not None
    assert known.left_hand is None


def test_details_that_it_does_not_know_are_refused(detector: RtmDetector) -> None:
    with pytest.raises(InputError, match=r"--face, --mask: the detector rtm finds none; use --keypoints mediapipe"):
        request_details(detector, ["hands", "mask", "face"])


def test_unclear_boxes_and_boxes_without_a_person_are_left_out(detector: RtmDetector) -> None:
    image = np.zeros((256, 512, 3), np.uint8)
    paint_person(image, (80, 60, 180, 196), (130, 128), "blue", brightness=150)
    image[60:196, 300:400, 1] = 255  # no dot in it
    assert detector.detect(image).shape == (0, 17, 3)


def test_people_are_followed_without_a_search_in_every_frame(
    detector: RtmDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = []
    find = detector.people.find
    monkeypatch.setattr(detector.people, "find", lambda image: searches.append(image) or find(image))
    columns = [(100 + 4 * number, 400 - 4 * number) for number in range(SEARCH_INTERVAL)]
    found = [people[:, :, 0].mean(1) for people in detector.track([make_frame(*each) for each in columns])]
    middles = np.array([[expected(x)[:17, 0].mean() for x in each] for each in columns])
    assert np.abs(np.array(found) - middles).max() < 5
    assert len(searches) == 1


def test_lost_people_are_searched_for_at_once(detector: RtmDetector) -> None:
    frames = [make_frame(100, 400), make_frame(100), make_frame(300), make_frame(300)]
    found = [people[:, :, 0].mean(1).tolist() for people in detector.track(frames)]
    assert [len(each) for each in found] == [2, 1, 1, 1]
    assert abs(found[2][0] - expected(300)[:17, 0].mean()) < 5


def test_two_boxes_of_one_person_are_one_person(detector: RtmDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = np.array([[80.0, 60, 180, 196], [82, 62, 181, 195]])
    monkeypatch.setattr(detector.people, "find", lambda image: boxes)
    assert len(detector.detect(make_frame(130))) == 1


@pytest.mark.parametrize("content", [b"", b"no network at all", None])
def test_files_that_are_no_such_network_are_one_line(
    tmp_path: Path, networks: tuple[Path, Path], content: bytes | None
) -> None:
    wrong = networks[0] if content is None else tmp_path / "wrong.onnx"
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{wrong.name}.*delete it") as caught:
        RtmDetector((networks[0], wrong))
    assert "\n" not in str(caught.value)


def test_a_gpu_that_it_can_not_use_is_said(
    networks: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path))
    write_networks(tmp_path / "rtm")
    notes: list[str] = []
    assert create_detector("rtm", note=notes.append).name == "rtm"
    assert notes == []
    create_detector("rtm", device="mps", note=notes.append)
    assert notes == ["keypoints: ONNX Runtime runs RTMW on the CPU, everything else on mps"]
