"""68 of the 468 points: on meshes that lie where a stand-in puts them, and on a photo with MediaPipe's networks."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data

from pipelines.faces.mesh_landmarks import MESH_TO_IBUG68, SEARCH_INTERVAL, MeshLandmarks
from pipelines.keypoints.detectors.mediapipe.faces import FaceMesh, mesh_region
from pipelines.keypoints.detectors.mediapipe.regions import Region
from tests.helpers.mediapipe_networks import fetched_networks

Mesh = tuple[np.ndarray, float]


class PaintedFaces(FaceMesh):
    """Finds faces painted as white squares: a mesh is a ring of 468 points around the middle of the nearest square."""

    def __init__(self) -> None:
        self.searches = self.looks = 0

    def find(self, image: np.ndarray, region: Region | None = None) -> list[Region]:
        self.searches += 1
        return [Region(x + 6, y - 4, 70) for x, y, _ in _squares(image)]

    def read(self, image: np.ndarray, region: Region) -> Mesh | None:
        self.looks += 1
        near = [each for each in _squares(image) if np.hypot(each[0] - region.x, each[1] - region.y) < region.side / 3]
        if not near:
            return None
        x, y, side = near[0]
        angle = np.pi - np.arange(468) / 468 * 2 * np.pi
        ring = np.stack([x + side / 2 * np.cos(angle), y - side / 2 * np.sin(angle), np.zeros(468)], 1)
        ring[[33, 263]] = [[x - side / 4, y, 0], [x + side / 4, y, 0]]
        return ring.astype(np.float32), 0.8


def _squares(image: np.ndarray) -> list[tuple[float, float, float]]:
    _, _, boxes, middles = cv2.connectedComponentsWithStats((image[..., 0] > 128).astype(np.uint8))
    return [(float(x), float(y), float(box[2])) for (x, y), box in zip(middles[1:], boxes[1:], strict=True)]


def paint(*places: tuple[int, int]) -> np.ndarray:
    """A frame with a face of 40 pixels at each place."""
    image = np.zeros((200, 300, 3), np.uint8)
    for x, y in places:
        image[y - 20 : y + 20, x - 20 : x + 20] = 255
    return image


def test_every_landmark_is_another_point_of_the_mesh() -> None:
    assert len(set(MESH_TO_IBUG68)) == len(MESH_TO_IBUG68) == 68


def test_every_face_once_with_its_confidence() -> None:
    faces = MeshLandmarks(PaintedFaces()).detect(paint((80, 100), (220, 90)))
    assert (faces.shape, faces.dtype) == ((2, 68, 3), np.float32)
    assert sorted(np.round(faces[:, 17:, 0].mean(1)).astype(int).tolist()) == pytest.approx([80, 220], abs=12)
    np.testing.assert_allclose(faces[..., 2], 0.8)


def test_a_followed_face_costs_one_look_per_frame() -> None:
    mesh = PaintedFaces()
    frames = [paint((80 + 3 * number, 100)) for number in range(SEARCH_INTERVAL)]
    results = MeshLandmarks(mesh).track(frames)
    next(results)
    searches, looks = mesh.searches, mesh.looks
    assert [len(faces) for faces in results] == [1] * (SEARCH_INTERVAL - 1)
    assert (mesh.searches, mesh.looks - looks) == (searches, SEARCH_INTERVAL - 1)


def test_a_lost_face_is_searched_for_at_once() -> None:
    frames = [paint((80, 100)), paint(), paint((220, 100)), paint((220, 100))]
    assert [len(faces) for faces in MeshLandmarks(PaintedFaces()).track(frames)] == [1, 0, 1, 1]


class TiltedFromAfar(PaintedFaces):
    """Says that faces lie on their side unless they fill much of the region, and sees no mesh in a tilted region."""

    def find(self, image: np.ndarray, region: Region | None = None) -> list[Region]:
        found = super().find(image, region)
        return [
            replace(each, angle=0.0 if region and region.side <= 3 * each.side and _near(each, region) else 1.1)
            for each in found
        ]

    def read(self, image: np.ndarray, region: Region) -> Mesh | None:
        return super().read(image, region) if abs(region.angle) < 0.5 else None


def _near(first: Region, second: Region) -> bool:
    return float(np.hypot(first.x - second.x, first.y - second.y)) < 1


def test_the_detector_looks_again_from_close_by() -> None:
    assert len(MeshLandmarks(TiltedFromAfar()).detect(paint((80, 100), (220, 90)))) == 2


@pytest.fixture(scope="module")
def fetched() -> Iterator[MeshLandmarks]:
    with fetched_networks():
        yield MeshLandmarks()


EYES, MOUTH, NOSE, CHIN = slice(36, 48), slice(48, 68), 30, 8
# Middles of the astronaut's pupils, tip of the nose, corners of the mouth and chin, read off the picture.
LANDMARKS = {
    (36, 42): (203, 101),
    (42, 48): (247, 103),
    (30, 31): (222, 126),
    (48, 49): (200, 139),
    (54, 55): (246, 142),
}


def test_the_astronauts_face(fetched: MeshLandmarks) -> None:
    (face,) = fetched.detect(data.astronaut())
    for (first, last), place in LANDMARKS.items():
        assert np.abs(face[first:last, :2].mean(0) - place).max() < 4, (first, place)
    assert face[EYES, 1].max() < face[NOSE, 1] < face[MOUTH, 1].min() < face[CHIN, 1]


@pytest.mark.parametrize("size", [100, 140, 1100])
def test_a_small_or_large_face_is_found_at_the_same_place(fetched: MeshLandmarks, size: int) -> None:
    (plain,) = fetched.detect(data.astronaut())
    (resized,) = fetched.detect(cv2.resize(data.astronaut(), (size, size), interpolation=cv2.INTER_AREA))
    apart = np.linalg.norm((resized[:, :2] + 0.5) * 512 / size - 0.5 - plain[:, :2], axis=1)
    assert apart.mean() < 0.05 * np.linalg.norm(plain[36, :2] - plain[45, :2])


def test_no_face(fetched: MeshLandmarks) -> None:
    assert fetched.detect(np.zeros((80, 80, 3), np.uint8)).shape == (0, 70, 3)


def test_the_region_of_a_mesh_holds_it() -> None:
    mesh = PaintedFaces().read(paint((80, 100)), Region(80, 100, 60))
    assert mesh is not None
    region = mesh_region(mesh[0])
    assert (round(region.x), round(region.y), region.angle) == (80, 100, 0)
    assert region.side == pytest.approx(1.5 * 40, abs=1)
