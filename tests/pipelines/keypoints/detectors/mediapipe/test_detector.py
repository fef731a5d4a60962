"""The detector on painted people; with GFLA_MEDIAPIPE also with MediaPipe's own networks."""

from collections.abc import Iterator

import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.details import request_details
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.detectors.mediapipe.detector import SEARCH_INTERVAL, MediaPipeDetector
from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.media.pictures import load_picture
from tests.helpers.detector_contract import DetectorContract
from tests.helpers.media_files import SOURCE
from tests.helpers.mediapipe_networks import PaintedNetworks, fetched_networks, paint_person

LEFT_HIP = 11  # of COCO-17, 23 of the 33 points


class TestMediaPipeDetector(DetectorContract):
    @pytest.fixture(scope="class")
    def detector(self) -> KeypointDetector:
        return MediaPipeDetector(PaintedNetworks().load)


class TestFetchedDetector(DetectorContract):
    @pytest.fixture(scope="class")
    def detector(self) -> Iterator[KeypointDetector]:
        with fetched_networks():
            yield create_detector("mediapipe")


@pytest.fixture
def networks() -> PaintedNetworks:
    return PaintedNetworks()


@pytest.fixture
def detector(networks: PaintedNetworks) -> MediaPipeDetector:
    return MediaPipeDetector(networks.load)


def make_frame(*people: tuple[int, int, float], size: tuple[int, int] = (360, 480)) -> np.ndarray:
    """People with hips at x, y and a brightness, each upright and with a reach of 80 px."""
    image = np.zeros((*size, 3), np.uint8)
    for x, y, level in people:
        paint_person(image, (x, y), (x, y - 80), level)
    return image


def hips(people: np.ndarray) -> list[int]:
    """Column of each person in whole pixels, sorted."""
    return sorted(np.round(people[:, 5, 0]).astype(int).tolist())


def test_everybody_is_found_once(detector: MediaPipeDetector) -> None:
    people = detector.detect(make_frame((100, 200, 1.0), (300, 220, 0.8)))
    assert np.abs(np.array(hips(people)) - (100, 300)).max() <= 2
    assert (people[..., 2] > 0.9).all()


def test_people_next_to_each_other_are_both_found(detector: MediaPipeDetector) -> None:
    people = detector.detect(make_frame((100, 200, 1.0), (148, 200, 0.8)))  # a quarter of a region apart
    assert np.abs(np.array(hips(people)) - (100, 148)).max() <= 4


@pytest.mark.parametrize("direction", [(180, 200), (100, 280), (20, 200)], ids=["right", "down", "left"])
def test_people_who_lie_or_stand_on_their_head(detector: MediaPipeDetector, direction: tuple[int, int]) -> None:
    image = make_frame()
    paint_person(image, (100, 200), direction)
    (found,) = detector.detect_people(image).poses
    toward = found[16, :2] - found[0, :2]  # the stand-in spreads the points from nose to ankle along the direction
    along = np.array(direction) - (100, 200)
    assert toward @ along > 0.98 * np.linalg.norm(toward) * np.linalg.norm(along)


def test_depth_and_feet_come_along(detector: MediaPipeDetector) -> None:
    people = detector.detect_people(make_frame((100, 200, 1.0)))
    (known,) = people.details
    assert known is not None
    assert known.depth is not None
    assert known.feet is not None
    assert (known.depth.shape, known.feet.shape) == ((17,), (4, 3))
    assert (np.diff(known.depth) > 0).all()
    assert (known.left_hand, known.face, known.mask) == (None, None, None)


def test_a_mask_is_where_the_region_is(detector: MediaPipeDetector) -> None:
    request_details(detector, ["mask"])
    (known,) = detector.detect_people(make_frame((200, 200, 1.0))).details
    assert known is not None
    assert known.mask is not None
    mask = known.mask.render(360, 480)
    rows, columns = np.nonzero(mask > 127)
    assert abs(columns.mean() - 200) < 2
    assert abs(rows.mean() - 200) < 2
    np.testing.assert_allclose(np.ptp(rows), 100, atol=3)  # half of the region's side, 2 * 80 * 1.25


def test_a_followed_person_costs_one_pass_per_frame(detector: MediaPipeDetector, networks: PaintedNetworks) -> None:
    frames = [make_frame((100 + 10 * number, 200, 1.0)) for number in range(SEARCH_INTERVAL)]
    poses = []
    for people in detector.track(frames):
        poses.append(hips(people))
        if len(poses) == 1:
            searches, looks = networks.calls("pose_detection"), networks.calls("pose_landmark_full")
    assert np.abs(np.array(poses)[:, 0] - [100 + 10 * number for number in range(SEARCH_INTERVAL)]).max() <= 2
    assert networks.calls("pose_detection") == searches
    assert networks.calls("pose_landmark_full") - looks == SEARCH_INTERVAL - 1


def test_a_lost_person_is_searched_for_at_once(detector: MediaPipeDetector) -> None:
    there, gone = make_frame((100, 200, 1.0)), make_frame()
    elsewhere = make_frame((380, 200, 1.0))
    counts = [hips(people) for people in detector.track([there, gone, elsewhere, elsewhere])]
    assert [len(found) for found in counts] == [1, 0, 1, 1]
    assert abs(counts[3][0] - 380) <= 2


def test_somebody_who_comes_later_is_found_within_a_search_interval(detector: MediaPipeDetector) -> None:
    alone, both = make_frame((100, 200, 1.0)), make_frame((100, 200, 1.0), (350, 200, 0.8))
    counts = [len(people) for people in detector.track([alone, *[both] * SEARCH_INTERVAL])]
    assert counts == [1] * SEARCH_INTERVAL + [2]


def test_a_gpu_that_it_does_not_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pipelines.keypoints.detectors.mediapipe.detector.MediaPipeDetector",
        lambda: MediaPipeDetector(PaintedNetworks().load),
    )
    notes: list[str] = []
    assert create_detector("mediapipe", note=notes.append).name == "mediapipe"
    assert notes == []
    create_detector("mediapipe", device="cuda:0", note=notes.append)
    assert notes == ["keypoints: MediaPipe's networks run on the CPU, everything else on cuda:0"]


def test_a_detector_without_details_refuses_them() -> None:
    detector = BundledDetector.__new__(BundledDetector)
    with pytest.raises(InputError, match=r"--hands, --mask: the detector bundled .*--keypoints mediapipe"):
        request_details(detector, ["mask", "hands"])
    request_details(detector, [])


def test_fetched_networks_find_the_person_of_the_example_like_the_bundled_one() -> None:
    picture = load_picture(SOURCE)
    with fetched_networks():
        detector = create_detector("mediapipe")
        request_details(detector, ["mask"])
        assert isinstance(detector, MediaPipeDetector)
        found = detector.detect_people(picture)
    (bundled,), (pose,), (known,) = create_detector("bundled").detect(picture), found.poses, found.details
    both = (bundled[:, 2] > 0.5) & (pose[:, 2] > 0.5)
    assert both[5:].sum() >= 10
    assert np.abs(bundled - pose)[both, :2].mean() < 0.03 * np.ptp(bundled[both, 1])
    assert known is not None
    assert known.mask is not None
    mask = known.mask.render(*picture.shape[:2])
    columns, rows = np.round(pose[5:, :2]).astype(int).T
    assert (mask[rows, columns] > 127).mean() > 0.9
    assert (mask > 127).mean() < 0.5
