"""Where the body goes in the picture: the path of a motion is changed, its poses are not."""

import numpy as np
import pytest

from pipelines.keypoints.placement import place_motion
from tests.helpers.poses import sample_people, sample_poses

SIZE = (400, 500)  # of the picture
FEET, ARMS = [3, 6], [12, 13, 15, 16]


def _stand(x: float = 200, y: float = 450) -> np.ndarray:
    """A person of about 300 pixels with the hips at x and the lower foot at y: Human3.6M-17 [17, 2]."""
    pose = sample_poses(sample_people(1, 1), 2, frames=1, scale=170, amplitude=0)[1][0, 0]
    return pose + np.array((x - pose[0, 0], y - pose[FEET, 1].max()))


def _walk(x: np.ndarray, y: np.ndarray | float = 450) -> np.ndarray:
    """The person at places x [T] and y [T]."""
    x, y = np.broadcast_arrays(x, y)
    return np.stack([_stand(*place) for place in zip(x, y, strict=True)])


def _is_inside(poses: np.ndarray) -> bool:
    body = np.delete(poses, ARMS, axis=1)
    return bool(((body >= 0) & (body <= np.array(SIZE) - 1)).all())


def _steps(poses: np.ndarray) -> np.ndarray:
    """How the hips move in x [T-1]."""
    return np.diff(poses[:, 0, 0])


ASIDE = np.linspace(0, 60, 9)  # pixels
PATHS = {
    "a step that fits": (_walk(200 + ASIDE), 1, 0),
    "out to the right": (_walk(200 + 30 * ASIDE), 0.1, None),
    "out to the left": (_walk(200 - 30 * ASIDE), 0.1, None),
    "to both sides": (_walk(200 + 400 * np.sin(ASIDE)), 0.4, 0),
    "a step too far, which a shift brings back": (_walk(200 + 2.3 * ASIDE), 1, None),
}


@pytest.mark.parametrize("path", PATHS)
def test_the_path_is_scaled_and_shifted_as_little_as_keeps_the_body_inside(path: str) -> None:
    poses, least, shift = PATHS[path]
    placed, change = place_motion(poses, _stand(), SIZE, "frame")
    assert _is_inside(placed)
    assert least <= change.scale[0] <= 1
    assert change.scale[1] == 1
    assert shift is None or change.shift == (pytest.approx(shift, abs=6), 0)
    assert abs(change.shift[0]) <= SIZE[0] / 8
    np.testing.assert_allclose(_steps(placed), change.scale[0] * _steps(poses), atol=1e-6)
    np.testing.assert_allclose(placed - placed[:, :1], poses - poses[:, :1], atol=1e-6)


def test_a_motion_inside_the_picture_is_left_alone() -> None:
    poses = _walk(200 + ASIDE)
    placed, change = place_motion(poses, _stand(), SIZE, "frame")
    assert placed is poses
    assert change.notes() == []


def test_what_was_changed_is_said() -> None:
    placed, change = place_motion(_walk(200 + 30 * ASIDE, 450 - 5 * ASIDE), _stand(), SIZE, "frame")
    assert _is_inside(placed)
    (note,) = change.notes()
    across, down = (round(100 * scale) for scale in change.scale)
    assert f"its path is scaled to {across}% horizontally, shifted 50 pixels left, scaled to {down}% vertically" in note
    assert "--place follow" in note


def test_a_jump_keeps_the_head_inside() -> None:
    poses = _walk(np.full(9, 200.0), 450 - 400 * np.sin(np.linspace(0, np.pi, 9)))
    placed, change = place_motion(poses, _stand(), SIZE, "frame")
    assert _is_inside(placed)
    assert 0.2 < change.scale[1] < 1
    assert placed[4, FEET, 1].max() < placed[0, FEET, 1].max() - 50


def test_a_source_cut_by_the_edge_does_not_freeze_the_motion() -> None:
    """The body is outside in its place already: it goes no further out, but back in as it likes."""
    poses = _walk(20 + np.concatenate((ASIDE, -ASIDE)))
    placed, change = place_motion(poses, _stand(20), SIZE, "frame")
    assert change.scale[0] > 0.3
    np.testing.assert_allclose(_steps(placed), change.scale[0] * _steps(poses), atol=1e-6)
    assert np.delete(placed, ARMS, axis=1)[..., 0].min() >= np.delete(_stand(20), ARMS, axis=0)[:, 0].min() - 1e-6


def test_follow_leaves_the_path_as_it_is() -> None:
    poses = _walk(200 + 30 * ASIDE)
    placed, change = place_motion(poses, _stand(), SIZE, "follow")
    assert placed is poses
    assert change.notes() == []


def test_still_leaves_the_body_in_its_place_and_keeps_the_poses() -> None:
    poses = _walk(200 + 30 * ASIDE, 450 - ASIDE)
    poses[4, FEET, 1] -= 40  # a jump with bent legs
    placed, change = place_motion(poses, _stand(210, 440), SIZE, "still")
    np.testing.assert_allclose(placed[:, 0, 0], 210)
    np.testing.assert_allclose(placed[:, FEET, 1].max(1), 440)
    np.testing.assert_allclose(placed - placed[:, :1], poses - poses[:, :1], atol=1e-6)
    assert change.notes() == []


def test_without_feet_in_the_picture_the_hips_are_the_place() -> None:
    source = np.concatenate((_stand(200, 700), np.ones((17, 1))), 1)
    source[[1, 2, 3, 4, 5, 6], 2] = 0
    poses = _walk(200 + ASIDE, 700 + ASIDE)
    placed, _ = place_motion(poses, source, SIZE, "still")
    np.testing.assert_allclose(placed[:, 0], np.broadcast_to(source[0, :2], (9, 2)))
