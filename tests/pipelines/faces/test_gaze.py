"""Irises of the source follow those of the driver, in proportion to their eyes."""

import numpy as np
import pytest

from pipelines.faces.gaze import LIDS, MOST, measure_gaze, place_irises
from pipelines.faces.retargeting import retarget_expression, retarget_face
from tests.helpers.faces import make_landmarks

FRAMES = 12


def look(face: np.ndarray, gaze: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Landmarks [..., 68, 2] with irises of both eyes at a gaze, [..., 70, 2]."""
    return np.concatenate([face, place_irises(face, np.tile(gaze, (2, 1)))], -2)


SOURCE = look(make_landmarks(300, 200) + 40)


def drive(*gazes: tuple[float, float]) -> np.ndarray:
    """A driver of another size who looks ahead, and in the last frames at these gazes, [FRAMES, 70, 2]."""
    face = make_landmarks(100, 120)
    frames = [look(face)] * (FRAMES - len(gazes)) + [look(face, gaze) for gaze in gazes]
    return np.stack(frames)


@pytest.mark.parametrize("retarget", [retarget_face, retarget_expression])
def test_eyes_look_as_far_as_the_driver_s_in_the_source_s_size(retarget) -> None:
    made = retarget(SOURCE, drive(*[(0.2, 0.0)] * 3, *[(-0.1, -0.08)] * 3))
    assert made.shape == (FRAMES, 70, 2)
    width = SOURCE[39, 0] - SOURCE[36, 0]
    moved = (made - SOURCE)[:, 68:] / width
    np.testing.assert_allclose(moved[:5], 0, atol=1e-6)
    np.testing.assert_allclose(moved[7], [[0.2, 0.0]] * 2, atol=1e-6)
    np.testing.assert_allclose(moved[10], [[-0.1, -0.08]] * 2, atol=1e-6)


def test_a_tilted_driver_looks_to_the_same_side() -> None:
    driving = drive(*[(0.2, 0.0)] * 4)
    turn = np.array([[np.cos(0.4), np.sin(0.4)], [-np.sin(0.4), np.cos(0.4)]])
    gaze = measure_gaze(retarget_face(SOURCE, driving @ turn))
    np.testing.assert_allclose(gaze[-2], measure_gaze(retarget_face(SOURCE, driving))[-2], atol=1e-6)
    np.testing.assert_allclose(gaze[-2], [[0.2, 0.0]] * 2, atol=1e-6)


def test_a_source_that_looks_aside_looks_where_the_driver_does_and_keeps_its_squint() -> None:
    source = SOURCE[:68]
    aside = np.concatenate([source, place_irises(source, np.array([[0.2, 0.05], [0.1, 0.05]]))])
    gaze = measure_gaze(retarget_face(aside, drive()))
    np.testing.assert_allclose(gaze, np.tile([[0.05, 0.05], [-0.05, 0.05]], (FRAMES, 1, 1)), atol=1e-6)


def test_irises_stay_in_the_eye_and_single_frames_are_left_out() -> None:
    made = retarget_face(SOURCE, drive((0.9, 0.0), (0.0, 0.0), (0.9, 0.9), (0.9, 0.9), (0.9, 0.9)))
    gaze = measure_gaze(made)
    np.testing.assert_allclose(gaze[-5], 0, atol=1e-6)
    np.testing.assert_allclose(gaze[-1], [MOST] * 2, atol=1e-6)


def test_gaze_goes_on_behind_shut_lids() -> None:
    driving = drive(*[(0.3, 0.0)] * 3, *[(0.2, 0.0)] * 3)
    driving[6:9, LIDS.reshape(-1), 1] = driving[0, 36, 1]
    gaze = measure_gaze(retarget_face(SOURCE, driving))
    np.testing.assert_allclose(gaze[5:10, 0, 0], [0.0, 0.05, 0.1, 0.15, 0.2], atol=1e-6)


def test_unknown_gaze_stays_unknown() -> None:
    driving = drive((0.2, 0.0))
    assert retarget_face(SOURCE[:68], driving).shape == (FRAMES, 68, 2)
    assert retarget_face(SOURCE, driving[:, :68]).shape == (FRAMES, 68, 2)
    np.testing.assert_array_equal(retarget_face(SOURCE, driving)[:, :68], retarget_face(SOURCE[:68], driving[:, :68]))
    driving[:, LIDS.reshape(-1), 1] = driving[0, 36, 1]
    assert retarget_expression(SOURCE, driving).shape == (FRAMES, 68, 2)
