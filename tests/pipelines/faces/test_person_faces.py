"""The face of the person with a pose: hers and nobody else's, also when she runs."""

from collections.abc import Iterable, Iterator

import numpy as np

from pipelines.faces.bundled_landmarks import BundledLandmarks
from pipelines.faces.person_faces import find_face, find_faces, looks_aside
from tests.helpers.faces import make_landmarks
from tests.helpers.painted_faces import PaintedFaceNetwork, paint_face, place_landmarks

RADIUS = 40.0
SIZE = (400, 900)  # height and width of pictures


class Nobody:
    """A detector of people that never finds anybody: squares of heads are searched."""

    name = "nobody"

    def detect(self, image: np.ndarray) -> np.ndarray:
        return np.empty((0, 17, 3), np.float32)


def detector() -> BundledLandmarks:
    return BundledLandmarks(PaintedFaceNetwork(), Nobody())  # pyright: ignore[reportArgumentType]


def pose(x: float, y: float) -> np.ndarray:
    """COCO-17 [17, 3] of which only the head is seen, around a painted face at x, y."""
    joints = np.zeros((17, 3), np.float32)
    joints[:5] = [(x, y, 1), (x + 12, y - 12, 1), (x - 12, y - 12, 1), (x + 32, y - 8, 1), (x - 32, y - 8, 1)]
    return joints


def picture(*places: tuple[float, float]) -> np.ndarray:
    made = np.zeros((*SIZE, 3), np.uint8)
    for x, y in places:
        paint_face(made, x, y, RADIUS)
    return made


def error(face: np.ndarray, x: float, y: float) -> float:
    return float(np.abs(face[:, :2] - place_landmarks(x, y, RADIUS)).max())


def test_of_two_faces_that_of_the_person_is_found() -> None:
    both = picture((150, 200), (700, 150))
    assert error(find_face(both, pose(150, 200), detector()), 150, 200) < 4
    assert error(find_face(both, pose(700, 150), detector()), 700, 150) < 4


def test_no_face_where_the_head_is_not_seen_or_shows_none() -> None:
    assert not find_face(picture((150, 200)), np.zeros((17, 3), np.float32), detector()).any()
    assert not find_face(picture((150, 200)), pose(700, 200), detector()).any()


def test_a_head_that_moves_by_its_own_width_in_every_frame_is_followed() -> None:
    places = [(100 + 90 * number, 200 - 10 * number) for number in range(8)]
    poses = np.stack([pose(*place) for place in places])
    poses[[3, 7]] = 0
    found = list(find_faces((picture(place) for place in places), poses, detector()))
    assert [face.any() for face in found] == [number not in (3, 7) for number in range(8)]
    assert max(error(found[number], *places[number]) for number in range(7) if number != 3) < 4


def test_profiles_look_aside() -> None:
    face = make_landmarks(100, 100)
    assert not looks_aside(face)
    face[27:36, 0] += 34
    assert looks_aside(face)


def test_missing_faces_have_as_many_points_as_found_ones() -> None:
    class WithIrises(BundledLandmarks):
        points = 70

        def detect(self, image: np.ndarray) -> np.ndarray:
            return np.pad(super().detect(image), ((0, 0), (0, 2), (0, 0)), mode="edge")

        def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
            return map(self.detect, images)

    found = WithIrises(PaintedFaceNetwork(), Nobody())  # pyright: ignore[reportArgumentType]
    poses = np.stack([pose(150, 200), np.zeros((17, 3), np.float32), pose(700, 200)])
    faces = list(find_faces([picture((150, 200))] * 3, poses, found))
    assert np.stack(faces).shape == (3, 70, 3)
    assert [face.any() for face in faces] == [True, False, False]
