"""The detector `mediapipe`: everybody in a frame, followed through a video by the region of the frame before.

A frame costs one pass of the pose network per person; the detection network runs only while somebody may be missing.
P people of a frame.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.detectors.mediapipe.boxes import BoxDetector
from pipelines.keypoints.detectors.mediapipe.faces import FaceMesh
from pipelines.keypoints.detectors.mediapipe.hands import HandNetworks
from pipelines.keypoints.detectors.mediapipe.networks import Network, load_network, sigmoid
from pipelines.keypoints.detectors.mediapipe.pose import (
    CENTRE,
    COCO17,
    FACE,
    FEET,
    LEFT_HAND,
    RIGHT_HAND,
    BodyPoints,
    PoseNetwork,
    person_region,
)
from pipelines.keypoints.detectors.mediapipe.regions import Region, search_regions

LAYERS = ((8, 2), (16, 2), (32, 6))
MIN_SCORE = 0.3  # sureness from which on the detector has found a person, whom the pose network confirms
MIN_PART_SCORE = 0.5  # the same in a part of the frame: the more places are searched, the more look like a person
MIN_CONFIRMATION = 0.9  # presence of a new person in two looks; followed people may be less clear
MAX_DISAGREEMENT = 0.04  # mean distance of the joints in the two looks, in sides of the region
SEARCH_INTERVAL = 8  # frames between two searches for people who are not followed yet
THOROUGH_SEARCH_INTERVAL = 12  # while nobody is found, frames between two searches for small people
MAX_PEOPLE = 8
SAME_PLACE = 0.1  # hips so near to each other are of one person, in sides of the person's region
SAME_POSE = 0.1  # poses so near to each other are of one person, in sides of the person's region
MAX_MISMATCH = 0.1  # regions that differ more, in units of their side, are looked at once more
STEADY = 0.05  # change of a region, in units of its side, below which the person stays where they are
REGION_SMOOTHING = 0.6  # share of the old region in that of somebody who stays: a region that shakes shakes the joints
BODY = (11, 12, 23, 24, 25, 26, 27, 28)


@dataclass(frozen=True)
class _Followed:
    """A person of the frame before, and how far the middle of the hips moved since the frame before that."""

    body: BodyPoints
    motion: tuple[float, float] = (0.0, 0.0)

    def next_region(self) -> Region:
        """Where to look next: almost where it was for a person who stays, farther along for one who moves."""
        before, region, (x, y) = self.body.region, self.body.next_region(), self.motion
        if _mismatch(region, before) < STEADY:
            return region.blend(before, REGION_SMOOTHING)
        return Region(region.x + x, region.y + y, region.side, region.angle)

    def moved_to(self, body: BodyPoints) -> "_Followed":
        x, y = (body.points[CENTRE, :2] - self.body.points[CENTRE, :2]).tolist()
        return _Followed(body, (x, y))


class MediaPipeDetector:
    """Everybody, with depth and feet, and with hands, face mesh and mask when `wanted`.

    Args:
        load: gives the networks by the names of their files.

    Raises:
        BackendUnavailable: LiteRT is missing, or the networks were not fetched or are damaged.
    """

    name = "mediapipe"
    findable: frozenset[DetailName] = frozenset(["hands", "face", "mask"])

    def __init__(self, load: Callable[[str], Network] = load_network) -> None:
        self.wanted: frozenset[DetailName] = frozenset()
        self.detector = BoxDetector(load("pose_detection"), LAYERS, least=MIN_SCORE)
        self.pose = PoseNetwork(load("pose_landmark_full"))
        self._load = load
        self._hands: HandNetworks | None = None
        self._face: FaceMesh | None = None

    def detect(self, image: np.ndarray) -> np.ndarray:
        """See `KeypointDetector.detect`; a joint's confidence is its visibility."""
        return self.detect_people(image).poses

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`."""
        return (people.poses for people in self.track_people(images))

    def detect_people(self, image: np.ndarray) -> People:
        """See `DetailedDetector.detect_people`."""
        return self._describe(image, self._search(image, [], thorough=True))

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        """See `DetailedDetector.track_people`."""
        followed: list[_Followed] = []
        lost = 0  # frames since somebody was seen
        for number, image in enumerate(images):
            before, followed = followed, self._follow(image, followed)
            if number % SEARCH_INTERVAL == 0 or len(followed) < max(len(before), 1):
                known = [each.body for each in followed]
                thorough = not known and lost % THOROUGH_SEARCH_INTERVAL == 0
                followed += [_Followed(body) for body in self._search(image, known, thorough=thorough)]
            lost = 0 if followed else lost + 1
            yield self._describe(image, [each.body for each in followed])

    def _follow(self, image: np.ndarray, before: list[_Followed]) -> list[_Followed]:
        """Those of the frame before who are still there."""
        followed: list[_Followed] = []
        for person in before:
            body = self.pose.find(image, person.next_region())
            if body and not any(_same_pose(body, other.body) for other in followed):
                followed.append(person.moved_to(body))
        return followed

    def _search(self, image: np.ndarray, known: list[BodyPoints], *, thorough: bool) -> list[BodyPoints]:
        """People in a frame who are not among the known ones; in parts of it if the whole shows nobody."""
        found: list[BodyPoints] = []
        for number, region in enumerate(search_regions(*image.shape[:2], thorough=thorough)):
            boxes = self.detector.find(image, region)
            for box in boxes if number == 0 else boxes[boxes[:, -1] >= MIN_PART_SCORE]:
                people, hips = [*known, *found], person_region(box[4:6], box[6:8])
                if len(people) < MAX_PEOPLE and _is_new_place(hips, people):
                    body = self._look(image, hips)
                    if people and not _is_new(body, people):
                        body = self._look_beside(image, hips, people)
                    found += [body] if body and _is_new(body, people) else []
            if known or found:
                break
        return found

    def _look_beside(self, image: np.ndarray, region: Region, people: list[BodyPoints]) -> BodyPoints | None:
        """Somebody so near to others that a look at the region finds those, once the detector has seen it closer."""
        for box in self.detector.find(image, Region(region.x, region.y, region.side)):
            hips = person_region(box[4:6], box[6:8])
            body = self._look(image, hips) if _is_new_place(hips, people) else None
            if _is_new(body, people):
                return body
        return None

    def _look(self, image: np.ndarray, region: Region) -> BodyPoints | None:
        """The person in a region that the detector gives; None if a second look does not confirm the first.

        The second look is at the region that the pose itself tells, and is the better one where the detector's is off.
        """
        first = self.pose.find(image, region)
        second = self.pose.find(image, first.next_region()) if first else None
        if not first or not second or min(first.presence, second.presence) < MIN_CONFIRMATION:
            return None
        if _distance(first, second) > MAX_DISAGREEMENT:
            return None
        return first if _mismatch(first.region, second.region) <= MAX_MISMATCH else second

    def _describe(self, image: np.ndarray, people: list[BodyPoints]) -> People:
        poses = [body.points[list(COCO17)][:, [0, 1, 3]] for body in people]
        details = tuple(self._details(image, body) for body in people)
        return People(np.reshape(poses, (-1, 17, 3)).astype(np.float32), details)

    def _details(self, image: np.ndarray, body: BodyPoints) -> PersonDetails:
        points, hands, face = body.points, self._load_hands(), self._load_face()
        return PersonDetails(
            depth=points[list(COCO17), 2],
            feet=points[list(FEET)][:, [0, 1, 3]],
            left_hand=hands.find(image, points[list(LEFT_HAND)]) if hands else None,
            right_hand=hands.find(image, points[list(RIGHT_HAND)]) if hands else None,
            face=face.find_of_pose(image, points[list(FACE)]) if face else None,
            mask=_mask(body) if "mask" in self.wanted else None,
        )

    def _load_hands(self) -> HandNetworks | None:
        if "hands" in self.wanted and self._hands is None:
            self._hands = HandNetworks(self._load("hand_recrop"), self._load("hand_landmark_full"))
        return self._hands if "hands" in self.wanted else None

    def _load_face(self) -> FaceMesh | None:
        if "face" in self.wanted and self._face is None:
            self._face = FaceMesh(self._load("face_detection_short_range"), self._load("face_landmark"))
        return self._face if "face" in self.wanted else None


def _mask(body: BodyPoints) -> PersonMask:
    matrix = body.region.matrix
    matrix[:, :2] /= len(body.mask)
    return PersonMask.of(sigmoid(body.mask), matrix)


def _same_place(region: Region, body: BodyPoints) -> bool:
    x, y = body.points[CENTRE, :2].tolist()
    return math.hypot(region.x - x, region.y - y) < SAME_PLACE * max(region.side, body.region.side)


def _is_new_place(region: Region, people: list[BodyPoints]) -> bool:
    """Whether a region that the detector gives may show somebody who is not among the people."""
    return region.side > 1 and not any(_same_place(region, each) for each in people)


def _is_new(body: BodyPoints | None, people: list[BodyPoints]) -> bool:
    return body is not None and not any(_same_pose(body, each) for each in people)


def _same_pose(first: BodyPoints, second: BodyPoints) -> bool:
    return _distance(first, second) < SAME_POSE


def _distance(first: BodyPoints, second: BodyPoints) -> float:
    """Mean distance of shoulders, hips, knees and ankles, in sides of the larger region."""
    distances = np.linalg.norm((first.points - second.points)[list(BODY), :2], axis=1)
    return float(distances.mean()) / max(first.region.side, second.region.side)


def _mismatch(first: Region, second: Region) -> float:
    """How far apart two regions are, or how much larger one is, in units of the first one's side."""
    return max(math.hypot(first.x - second.x, first.y - second.y), abs(first.side - second.side)) / first.side
