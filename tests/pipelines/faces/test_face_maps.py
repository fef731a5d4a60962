import cv2
import numpy as np
import pytest
from skimage.feature import canny as skimage_canny

from models.errors import InputError
from pipelines.faces.edges import canny
from pipelines.faces.face_maps import CHANNELS, face_structure
from tests.helpers.faces import make_landmarks


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(64, 64), (47, 90)])
def test_edges_are_scikit_images(seed: int, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 0.3 + 0.5 * seed)
    cv2.circle(picture, (30, 20), 15, 200, 3)
    found = canny(picture)
    assert found.any()
    assert (found != skimage_canny(picture)).mean() < 1e-3  # ties in the last digit


def test_flat_pictures_have_no_edges() -> None:
    assert not canny(np.full((32, 32), 90, np.uint8)).any()


def test_structure_of_a_face() -> None:
    picture = np.full((120, 100, 3), 128, np.uint8)
    structure = face_structure(picture, make_landmarks(100, 120), size=64)
    assert structure.shape == (CHANNELS, 64, 64)
    assert set(np.unique(structure[15])) == set(range(7))
    assert structure[:15].max() <= 1
    assert (structure[1:15].min((1, 2)) == 0).all(), "every line is drawn"


def test_landmarks_count_at_whole_pixels() -> None:
    picture, landmarks = np.full((64, 64, 3), 128, np.uint8), make_landmarks(64, 64).astype(int)
    whole, within = face_structure(picture, landmarks, size=64), face_structure(picture, landmarks + 0.9, size=64)
    np.testing.assert_array_equal(within, whole)


def test_a_face_beyond_the_border_is_clamped() -> None:
    structure = face_structure(np.zeros((64, 64, 3), np.uint8), make_landmarks(64, 64) + 40, size=64)
    assert structure[0, :, -1].any()


@pytest.mark.parametrize("landmarks", [np.zeros((67, 2)), np.full((68, 2), np.nan)])
def test_what_is_no_face_is_refused(landmarks: np.ndarray) -> None:
    with pytest.raises(InputError, match="68"):
        face_structure(np.zeros((64, 64, 3), np.uint8), landmarks, size=64)
