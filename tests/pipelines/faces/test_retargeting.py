"""Landmarks of one face on another: the source's proportions, the driver's movement."""

import numpy as np

from pipelines.faces.retargeting import FARTHEST, RIGID, retarget_expression, retarget_face
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


def test_lids_that_a_detector_finds_nearly_shut_are_shut() -> None:
    driving, lids = drive(np.full(FRAMES, 0.05)), [37, 38, 40, 41, 43, 44, 46, 47]
    for frame, share in ((-1, 0.28), (-2, 0.5), (-3, 0.8)):
        middle = driving[frame, 36, 1]
        driving[frame, lids, 1] = middle + share * (driving[frame, lids, 1] - middle)
    made = retarget_face(SOURCE, driving)
    opening = (made[:, [41, 40, 47, 46], 1] - made[:, [37, 38, 43, 44], 1]).mean(1)
    shares = opening / opening[0]
    assert abs(shares[-1]) < 0.01
    assert 0.2 < shares[-2] < 0.45
    assert np.isclose(shares[-3], 0.8)


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


def test_an_expression_is_as_strong_as_on_a_moving_face_but_the_head_stays() -> None:
    mouth = np.array([0.0] * 4 + [0.01, 0.03, 0.05, 0.06, 0.05, 0.03, 0.02, 0.0])
    moving = drive(mouth, np.linspace(0, 40, FRAMES)[:, None, None] * (1, 0.5))
    angle = np.linspace(0, 0.3, FRAMES)
    turns = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(FRAMES, 2, 2)
    made = retarget_expression(SOURCE, moving @ turns)
    assert np.abs(made[:, RIGID] - SOURCE[RIGID]).max() < 1e-6
    opening, usual = (each[:, 66, 1] - each[:, 62, 1] for each in (made, retarget_face(SOURCE, drive(mouth))))
    assert np.allclose(opening, usual, atol=0.5)
    assert np.ptp(opening) > 20


def test_a_head_that_turns_aside_or_nods_is_no_expression() -> None:
    driving = drive(np.full(FRAMES, 0.03))
    middle = driving[0, RIGID].mean(0)
    driving[6:] = (driving[6:] - middle) * (0.85, 1) + middle  # turned to a side: narrower ...
    driving[6:, 27:36, 0] += 5  # ... with the nose ...
    driving[6:, 48:, 0] += 4  # ... and the mouth aside
    driving[9:, 48:, 1] -= 3  # nodding: mouth and chin are nearer to the eyes
    driving[9:, :17, 1] -= 3
    made = retarget_expression(SOURCE, driving)
    width = np.ptp(SOURCE[:17, 0])
    assert np.abs(made[6:, 48:] - SOURCE[48:]).max() < 0.04 * width
    assert np.abs(made[6:, 36:48] - SOURCE[36:48]).max() < 0.02 * width
