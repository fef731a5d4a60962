"""Regions of hands and faces, what the networks' outputs become in them, and MediaPipe's own networks on a photo."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from skimage import data

from pipelines.keypoints.details import request_details
from pipelines.keypoints.detectors.mediapipe.detector import MediaPipeDetector
from pipelines.keypoints.detectors.mediapipe.faces import FaceMesh, detection_region, mesh_region, pose_region
from pipelines.keypoints.detectors.mediapipe.hands import HandNetworks, palm_region
from pipelines.keypoints.detectors.mediapipe.regions import Region
from tests.helpers.mediapipe_networks import StandIn, fetched_networks

IMAGE = np.zeros((200, 300, 3), np.uint8)
PALM = np.array([[100.0, 100, 0, 0.9], [140, 110, 0, 0.9], [140, 95, 0, 0.9]])  # a hand that points to the right


def make_hands(presence: float = 0.9) -> HandNetworks:
    """The first network says that the hand is upright in the middle, the second puts all points at (56, 112, 11.2)."""
    placement = StandIn(256, lambda image: [np.array([128, 128, 128, 192])])
    points = StandIn(
        224, lambda image: [np.tile([56.0, 112, 11.2], 21), np.array([presence]), np.ones(1), np.zeros(63)]
    )
    return HandNetworks(placement, points)


def test_a_hand_is_looked_for_beyond_its_knuckles() -> None:
    region = palm_region(PALM[:, :2])
    assert region.angle == pytest.approx(math.pi / 2)
    assert region.side == pytest.approx(2 * 40 * 2.7)
    assert (region.x, region.y) == pytest.approx((140 + 0.1 * region.side, 100))


def test_points_and_depths_of_a_hand_are_in_pixels_of_the_frame() -> None:
    hand = make_hands().find(IMAGE, PALM)
    assert hand is not None
    assert (hand.shape, hand.dtype) == ((21, 3), np.float32)
    first = palm_region(PALM[:, :2])
    side = first.side / 2  # twice the distance of the two points, a quarter of the first region
    middle = Region(first.x, first.y, side, first.angle).shifted(0, -0.1)
    np.testing.assert_allclose(hand[0], middle.to_frame(np.array([0.25, 0.5, 0.05 / 0.4])), rtol=1e-5)


@pytest.mark.parametrize(("presence", "wrist"), [(0.4, 0.9), (0.9, 0.05), (math.nan, 0.9)])
def test_no_hand(presence: float, wrist: float) -> None:
    palm = PALM.copy()
    palm[0, 3] = wrist
    assert make_hands(presence).find(IMAGE, palm) is None


def test_the_region_of_a_face_is_level_with_its_eyes() -> None:
    box = np.array([0, 0, 100, 100, 40, 60, 60, 80, 50, 80, 50, 90, 30, 70, 70, 90, 0.9])  # eyes: (40, 60), (60, 80)
    region = detection_region(box)
    assert region.angle == pytest.approx(math.pi / 4)
    assert region.side == pytest.approx(2 * 40)
    points = np.tile([[100.0, 50.0]], (11, 1))
    points[[5, 2]] = [[90, 50], [110, 50]]
    assert pose_region(points) == Region(100, 50, 60, 0)


@pytest.mark.parametrize(("logit", "found"), [(-0.1, False), (0.1, True)])
def test_a_mesh_is_in_pixels_of_the_frame(logit: float, found: bool) -> None:
    values = np.tile([96.0, 48, -19.2], 468).reshape(1, 1, 1404)
    mesh = FaceMesh(StandIn(128, lambda image: []), StandIn(192, lambda image: [values, np.full((1, 1, 1), logit)]))
    face = mesh.read(IMAGE, Region(100, 80, 40))
    assert (face is not None) == found
    if face:
        assert face[0][7].tolist() == pytest.approx([100, 70, -4])
        assert face[1] == pytest.approx(1 / (1 + math.exp(-logit)))


@pytest.fixture(scope="module")
def fetched() -> Iterator[MediaPipeDetector]:
    with fetched_networks():
        detector = MediaPipeDetector()
        request_details(detector, ["face", "hands", "mask"])
        detector.detect_people(data.astronaut())  # loads all networks while they are there
        yield detector


def test_the_astronaut(fetched: MediaPipeDetector) -> None:
    picture = data.astronaut()
    people = fetched.detect_people(picture)
    (pose,), (known,) = people.poses, people.details
    assert np.abs(pose[0, :2] - (222, 126)).max() < 8  # the nose
    assert pose[5, 0] > 300 > 150 > pose[6, 0]  # shoulders
    assert known is not None
    assert known.face is not None
    assert known.mask is not None
    assert np.abs(known.face[4, :2] - (222, 126)).max() < 5
    assert mesh_region(known.face).side == pytest.approx(160, rel=0.15)
    mask = known.mask.render(*picture.shape[:2])
    assert mask[126, 222] > 200  # the nose
    assert mask[300, 470] < 60  # the shuttle behind her
