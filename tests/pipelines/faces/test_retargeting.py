"""Landmarks of one face on another: the source's proportions, the driver's movement."""

import numpy as np

from pipelines.faces.retargeting import FARTHEST, retarget_face
from tests.helpers.faces import make_landmarks

SOURCE = make_landmarks(300, 200, mouth=0.01) + 40
FRAMES = 12


def drive(mouth: np.ndarray, shift: np.ndarray | None = None) -> np.ndarray:
    faces = np.stack([make_landmarks(100, 120, mouth=float(each)) for each in mouth])
    return faces if shift is None else faces + shift


def test_a_driver_at_rest_leaves_the_source_as_it_is() -> None:
    made = retarget_face(SOURCE, drive(np.full(FRAMES, 0.03)))
    assert np.abs(made - SOURCE).max() < 1e-6


def test_mouths_open_as_the_driver_s_in_the_source_s_size() -> None:
    mouth = np.array([0.0] * 4 + [0.01, 0.03, 0.05, 0.06, 0.05, 0.03, 0.02, 0.0])
    made = retarget_face(SOURCE, drive(mouth))
    opening = made[:, 66, 1] - made[:, 62, 1]
    assert np.corrcoef(opening, mouth)[0, 1] > 0.999
    assert opening[:4].max() - (SOURCE[66, 1] - SOURCE[62, 1]) < 1e-6
    height = SOURCE[8, 1] - SOURCE[27, 1]
    theirs = drive(mouth)
    assert np.isclose(
        (opening.max() - opening.min()) / height,
        np.ptp(theirs[:, 66, 1] - theirs[:, 62, 1]) / (theirs[0, 8, 1] - theirs[0, 27, 1]),
        rtol=0.05,
    )


def test_shut_eyes_are_shut_and_lips_never_cross() -> None:
    driving = drive(np.full(FRAMES, 0.05))
    driving[-1, [37, 38, 40, 41, 43, 44, 46, 47], 1] = driving[-1, 36, 1]
    driving[-2, 60:68] = driving[-2, 60:68].mean(0)
    made = retarget_face(SOURCE, driving)
    lids = made[:, [41, 40, 47, 46], 1] - made[:, [37, 38, 43, 44], 1]
    assert np.abs(lids[-1]).max() < 0.5
    assert lids[0].min() > 2
    assert (made[:, [67, 66, 65], 1] - made[:, [61, 62, 63], 1]).min() >= -1e-9


def test_shut_eyes_of_the_source_open_as_far_as_the_driver_s() -> None:
    lids, driving = [37, 38, 40, 41, 43, 44, 46, 47], drive(np.full(FRAMES, 0.03))
    shut = SOURCE.copy()
    shut[lids, 1] = shut[36, 1]
    driving[-1, lids, 1] = driving[-1, 36, 1]
    made = retarget_face(shut, driving)

    def open_lids(faces: np.ndarray) -> np.ndarray:
        return (faces[..., [41, 40, 47, 46], 1] - faces[..., [37, 38, 43, 44], 1]).mean(-1)

    widths = (faces[0, 39, 0] - faces[0, 36, 0] for faces in (made, driving))
    ours, theirs = (
        opening / width for opening, width in zip((open_lids(made), open_lids(driving)), widths, strict=True)
    )
    np.testing.assert_allclose(ours, theirs, atol=0.01)
    assert theirs[0] > 0.15


def test_heads_stay_near_their_shoulders() -> None:
    shift = np.zeros((FRAMES, 1, 2))
    shift[-1] = 500, 0
    made = retarget_face(SOURCE, drive(np.full(FRAMES, 0.03), shift))
    moved = made[-1].mean(0) - SOURCE.mean(0)
    assert 0.5 * FARTHEST < moved[0] / np.ptp(SOURCE[:17, 0]) < 1.5 * FARTHEST
