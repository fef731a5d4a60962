"""The detector `rtm`: everybody in a frame, followed through a video by the box around the points of the frame before.

A frame costs one pass of the pose network per person; people are searched for every SEARCH_INTERVAL frames and as soon
as somebody is lost. P people of a frame. Of the 133 points the 68 of the face and the little toes are not used.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pipelines.keypoints.details import DetailName, People, PersonDetails
from pipelines.keypoints.detectors.rtm.networks import PeopleNetwork, PoseNetwork
from pipelines.keypoints.detectors.scores import CONFIDENT, score, score_upper

JOINTS = slice(0, 17)  # COCO-17
FEET = (19, 22, 17, 20)  # heels and big toes, in the order of FEET_NAMES
LEFT_HAND, RIGHT_HAND = slice(91, 112), slice(112, 133)
SEARCH_INTERVAL = 8  # frames between two searches for people
MAX_PEOPLE = 8
MARGIN = 0.1  # added on each side to the box around a person's points, in units of its sides: hair, soles
SAME_POSE = 0.1  # poses so near to each other are of one person, in units of the box's longer side


class RtmDetector:
    """Everybody, with feet, and with hands when `wanted`.

    Args:
        networks: files of the network that finds people and of the one that finds their points.
        device: "cpu", "cuda:0", "mps"; a device that ONNX Runtime can't use is replaced by the CPU, see `uses_gpu`.

    Raises:
        BackendUnavailable: ONNX Runtime is missing or broken.
        WeightsError: a file is damaged, or another network.
    """

    name = "rtm"
    findable: frozenset[DetailName] = frozenset(["hands"])

    def __init__(self, networks: tuple[Path, Path], *, device: str = "cpu") -> None:
        self.wanted: frozenset[DetailName] = frozenset()
        self.people = PeopleNetwork(networks[0], device=device)
        self.pose = PoseNetwork(networks[1], device=device)
        self.uses_gpu = self.pose.network.uses_gpu

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See `KeypointDetector.detect`."""
        return self.detect_people(image).poses

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`."""
        return (people.poses for people in self.track_people(images))

    def detect_people(self, image: np.ndarray) -> People:
        """See `DetailedDetector.detect_people`."""
        return self._describe(self._look(image, self.people.find(image)))

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        """See `DetailedDetector.track_people`."""
        before: list[np.ndarray] = []
        for number, image in enumerate(images):
            is_searched = number % SEARCH_INTERVAL == 0
            found = [] if is_searched else self._look(image, [_box(points) for points in before])
            if is_searched or len(found) < max(len(before), 1):
                found = self._look(image, self.people.find(image))
            before = found
            yield self._describe(found)

    def _look(self, image: np.ndarray, boxes: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The points [133, 3] of the people in these boxes, each person once; boxes that show nobody are left out."""
        found: list[np.ndarray] = []
        for box in boxes:
            points = self.pose.find(image, box)
            if _is_person(points) and not any(_is_same(points, other) for other in found):
                found.append(points)
        return found[:MAX_PEOPLE]

    def _describe(self, people: list[np.ndarray]) -> People:
        poses = np.reshape([points[JOINTS] for points in people], (-1, 17, 3)).astype(np.float32)
        return People(poses, tuple(self._details(points) for points in people))

    def _details(self, points: np.ndarray) -> PersonDetails:
        is_asked = "hands" in self.wanted
        return PersonDetails(
            feet=points[list(FEET)],
            left_hand=_hand(points[LEFT_HAND]) if is_asked else None,
            right_hand=_hand(points[RIGHT_HAND]) if is_asked else None,
        )


def _is_person(points: np.ndarray) -> bool:
    return max(score(points), score_upper(points)) >= CONFIDENT


def _hand(points: np.ndarray) -> np.ndarray | None:
    """A hand [21, 3] with depths of 0, which the network does not tell; None if it is not sure of it."""
    return points * (1, 1, 0) if points[:, 2].mean() >= CONFIDENT else None


def _box(points: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of a person."""
    seen = points[points[:, 2] >= CONFIDENT, :2]
    low, high = seen.min(0), seen.max(0)
    margin = MARGIN * (high - low)
    return np.concatenate((low - margin, high + margin)).astype(np.float64)


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    box = _box(second)
    distance = np.linalg.norm((first - second)[JOINTS, :2], axis=1).mean()
    return bool(distance < SAME_POSE * (box[2:] - box[:2]).max())
