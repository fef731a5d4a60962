import numpy as np
import pytest

from models.errors import InputError
from pipelines.faces.framing import face_box, frame_faces
from tests.helpers.faces import make_landmarks


def test_fit_shows_the_driving_face_at_the_same_place_and_size() -> None:
    source = make_landmarks(200, 200) + np.array((400, 300))
    driving = make_landmarks(320, 320) + np.array((37, 11))
    box, other = frame_faces(source, (1000, 900), driving, (640, 480), "fit")
    assert box[2] - box[0] == box[3] - box[1]
    own = (source - box[:2]) / (box[2] - box[0])
    theirs = (driving - other[:2]) / (other[2] - other[0])
    np.testing.assert_allclose(own, theirs, atol=0.004)


def test_none_takes_both_whole() -> None:
    face = make_landmarks(100, 100)
    assert frame_faces(face, (100, 90), face, (70, 80), "none") == ((0, 0, 100, 90), (0, 0, 70, 80))


def test_the_square_stays_in_the_picture() -> None:
    left, top, right, bottom = face_box(make_landmarks(100, 100), (100, 120))
    assert (left, right) == (0, 100)
    assert bottom - top == 100
    assert top >= 0
    assert bottom <= 120


def test_unknown_mode() -> None:
    face = make_landmarks(100, 100)
    with pytest.raises(InputError, match="body"):
        frame_faces(face, (100, 90), face, (70, 80), "body")
