"""Masks of one of two people through a video, by a stand-in for a detector that knows masks."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from pipelines.keypoints import masks
from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.masks import find_masks
from tests.helpers.poses import make_standing_pose

SHAPE = (300, 400)
FRAMES = 5


class TwoPeople:
    """Finds two people, each with a mask of the columns around them, and forgets the second in frame 3."""

    name = "two people"
    findable: frozenset[DetailName] = frozenset(["mask"])

    def __init__(self) -> None:
        self.wanted: frozenset[DetailName] = frozenset(["hands"])
        self.looks = 0

    def detect(self, image: np.ndarray) -> np.ndarray:
        return self.detect_people(image).poses

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return (people.poses for people in self.track_people(images))

    def detect_people(self, image: np.ndarray) -> People:
        self.looks += 1
        return self._people(int(image[0, 0, 0]), 2)

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        ahead = list(images)  # some detectors read ahead
        for number in range(len(ahead)):
            yield self._people(number, 1 if number == 3 else 2)

    def _people(self, number: int, count: int) -> People:
        assert self.wanted == {"mask"}
        poses = np.stack([make_standing_pose(x + number, 20) for x in (0, 200)])[:count]
        return People(poses, tuple(PersonDetails(mask=make_mask(pose)) for pose in poses))


def make_mask(pose: np.ndarray) -> PersonMask:
    mask = np.zeros(SHAPE, np.float32)
    middle = int(pose[0, 0])
    mask[:, middle - 35 : middle + 35] = 1
    return PersonMask.of(mask, np.eye(2, 3))


@pytest.mark.parametrize("person", [0, 1])
def test_the_masks_are_those_of_the_person_with_the_poses(person: int) -> None:
    detector = TwoPeople()
    poses = [make_standing_pose(200 * person + number, 20) for number in range(FRAMES)]
    images = (np.full((*SHAPE, 3), number, np.uint8) for number in range(FRAMES))
    found = list(find_masks(images, np.stack(poses)[:, None], detector=detector, device="cpu"))
    assert len(found) == FRAMES
    for mask, pose in zip(found, poses, strict=True):
        columns = np.flatnonzero(mask.any(0))
        assert abs(columns.mean() - pose[0, 0]) < 1
        assert mask.max() == 1
    assert detector.looks == (1 if person else 0)  # in the frame in which the person was lost
    assert detector.wanted == {"hands"}


def test_the_masks_of_several_people_are_one() -> None:
    poses = [[make_standing_pose(200 * person + number, 20) for person in (0, 1)] for number in range(FRAMES)]
    images = [np.full((*SHAPE, 3), number, np.uint8) for number in range(FRAMES)]
    found = list(find_masks(images, np.array(poses), detector=TwoPeople(), device="cpu"))
    for person in (0, 1):
        own = find_masks(images, np.array(poses)[:, person : person + 1], detector=TwoPeople(), device="cpu")
        for mask, alone in zip(found, own, strict=True):
            assert (mask >= alone).all()
    assert all(mask[:, 100].max() == 1 and mask[:, 300].max() == 1 and mask[:, 200].max() == 0 for mask in found)


def test_a_detector_without_masks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poses:
        name = "poses"

    detector = TwoPeople()
    monkeypatch.setattr(masks, "_load", lambda name, device: detector)
    poses = [make_standing_pose(number, 20) for number in range(2)]
    images = [np.zeros((*SHAPE, 3), np.uint8)] * 2
    found = list(find_masks(images, np.stack(poses)[:, None], detector=Poses(), device="cpu"))  # pyright: ignore[reportArgumentType]
    assert [mask.any() for mask in found] == [True, True]
