"""Lids and irises of both eyes, in the frame: on painted eyes and, with GFLA_MEDIAPIPE, on a photo."""

from collections.abc import Iterator

import numpy as np
import pytest
from skimage import data

from pipelines.faces.mesh_landmarks import MeshLandmarks
from pipelines.keypoints.detectors.mediapipe.irises import CORNERS, IrisNetwork
from tests.helpers.mediapipe_networks import StandIn, fetched_networks

SIZE = 64
EYES = np.array([[[60.0, 50.0], [80, 60]], [[120, 80], [140, 90]]])  # corners of both, x, y


def find_dot(image: np.ndarray) -> list[np.ndarray]:
    """Answers like the network: the iris is at the red dot, the outline on a line to the right of it."""
    rows, columns = np.nonzero(image[..., 0] > 0.5)
    iris = np.tile([columns.mean(), rows.mean(), 0], (5, 1))
    outline = iris[0] + np.arange(71)[:, None] * np.array([0.1, 0, 0])
    return [outline.reshape(-1), iris.reshape(-1)]


def paint(*places: tuple[int, int]) -> np.ndarray:
    image = np.zeros((120, 200, 3), np.uint8)
    for x, y in places:
        image[y - 1 : y + 2, x - 1 : x + 2, 0] = 255
    return image


def test_irises_of_tilted_and_mirrored_eyes_are_where_they_are_painted() -> None:
    mesh = np.zeros((468, 3), np.float32)
    mesh[np.array(CORNERS), :2] = EYES
    places = (66, 54), (133, 85)
    lids, irises = IrisNetwork(StandIn(SIZE, find_dot)).read(paint(*places), mesh)
    np.testing.assert_allclose(irises, places, atol=0.5)
    assert lids.shape == (2, 6, 2)
    # The outline's first point, 0, is the outer corner of either eye; its middle, 8, the inner one, is nearer the nose.
    np.testing.assert_allclose(lids[[0, 1], [0, 3]], irises, atol=0.5)
    assert lids[0, 3, 0] > lids[0, 0, 0]
    assert lids[1, 0, 0] < lids[1, 3, 0]


@pytest.fixture(scope="module")
def fetched() -> Iterator[MeshLandmarks]:
    with fetched_networks():
        yield MeshLandmarks()


def test_the_astronaut_s_irises_are_between_her_lids(fetched: MeshLandmarks) -> None:
    (face,) = fetched.detect(data.astronaut())
    assert face.shape == (70, 3)
    for iris, lids, pupil in zip(
        face[68:, :2], (face[36:42, :2], face[42:48, :2]), ((203, 101), (247, 103)), strict=True
    ):
        assert np.abs(iris - pupil).max() < 2
        assert lids[:, 0].min() < iris[0] < lids[:, 0].max()
        assert lids[1:3, 1].mean() < iris[1] < lids[4:, 1].mean()


def test_faces_have_no_irises_where_their_network_was_not_fetched(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
    assert IrisNetwork.load() is None
