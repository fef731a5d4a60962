"""Masks of the person with a given pose, whoever found it."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from models.weights import load_weights
from pipelines.keypoints import masks
from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.masks import divide_pixels, find_mask, hide_people
from pipelines.media.pictures import load_picture
from tests.helpers.media_files import SOURCE
from tests.helpers.poses import make_standing_pose

PICTURE = np.zeros((300, 400, 3), np.uint8)
LEFT, RIGHT = make_standing_pose(), make_standing_pose(200)


class TwoPeople:
    """Sees one person on the left and one on the right, each with a mask."""

    name = "two"
    findable: frozenset[DetailName] = frozenset(["mask"])

    def __init__(self) -> None:
        self.wanted: frozenset[DetailName] = frozenset()

    def detect(self, image: np.ndarray) -> np.ndarray:
        return self.detect_people(image).poses

    def detect_people(self, image: np.ndarray) -> People:
        assert "mask" in self.wanted
        halves = np.zeros((2, 400, 400), np.float32)
        halves[0, :, :200], halves[1, :, 200:] = 1, 1
        own = tuple(PersonDetails(mask=PersonMask.of(half, np.eye(2, 3))) for half in halves)
        return People(np.stack([LEFT, RIGHT]), own)

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        raise NotImplementedError

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        raise NotImplementedError


@pytest.mark.parametrize(("pose", "side"), [(LEFT, 0), (RIGHT, 1)])
def test_only_the_chosen_person_is_marked(pose: np.ndarray, side: int) -> None:
    detector = TwoPeople()
    mask = find_mask(PICTURE, pose, detector=detector, device="cpu")
    assert mask.shape == PICTURE.shape[:2]
    assert (mask[:, side * 202 : side * 202 + 198] == 1).all()
    assert (mask[:, 202 - side * 202 : 400 - side * 202] == 0).all()
    assert detector.wanted == frozenset(), "what was asked of the detector before stays"


class Poses:
    """A detector without masks."""

    name = "poses"

    def detect(self, image: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        raise NotImplementedError


def test_the_bundled_network_marks_whom_other_detectors_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = BundledDetector(load_weights("keypoints"))
    monkeypatch.setattr(masks, "_finders", lambda detector, device: iter([bundled]))
    picture = load_picture(SOURCE)
    pose = bundled.detect(picture)[0]
    mask = find_mask(picture, pose, detector=Poses(), device="cpu")
    trunk = pose[[5, 6, 11, 12], :2].mean(0).astype(int)
    assert mask[trunk[1], trunk[0]] > 0.9
    assert mask[:, :10].max() < 0.1
    np.testing.assert_array_equal(mask, find_mask(picture, pose, detector=bundled, device="cpu"))


def test_a_pose_that_was_filled_in_says_where_to_look() -> None:
    bundled = BundledDetector(load_weights("keypoints"))
    picture = load_picture(SOURCE)
    pose = bundled.detect(picture)[0]
    filled = pose.copy()
    filled[:, 2] = 0.15
    sure, unsure = (bundled.find_mask(picture, each).render(*picture.shape[:2]) > 127 for each in (pose, filled))
    assert (sure & unsure).sum() > 0.95 * (sure | unsure).sum()


def test_pixels_of_people_who_meet_are_divided() -> None:
    """Both masks hold both people, as those of neighbours may; one is a little less sure of the other."""
    everybody = np.zeros((300, 400), np.float32)
    everybody[30:280, 60:250] = 1
    poses = [make_standing_pose(0), make_standing_pose(110)]
    first, second = divide_pixels([everybody, everybody], poses)
    np.testing.assert_allclose(first + second, 1, atol=1e-5)
    assert (first[40:270, 60:140] > 0.99).all()
    assert (second[40:270, 170:250] > 0.99).all()
    surer = everybody.copy()
    surer[:, :155] = 0.1  # up to the middle the second mask has almost nothing
    first, second = divide_pixels([everybody, surer], poses)
    assert (first[40:240, 60:150] > 0.99).all()


def test_what_is_behind_hidden_people_is_like_their_surroundings() -> None:
    picture = np.full((300, 400, 3), 90, np.uint8)
    picture[50:280, 60:140], picture[50:280, 150:220] = (200, 40, 40), (40, 200, 40)
    others, own = (np.zeros((300, 400), np.float32) for _ in range(2))
    others[50:280, 60:140], own[50:280, 150:220] = 1, 1
    hidden = hide_people(picture, others, own)
    assert np.abs(hidden[:, :140].astype(int) - 90).max() <= 1
    np.testing.assert_array_equal(hidden[:, 150:], picture[:, 150:])
