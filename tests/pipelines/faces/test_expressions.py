"""Which faces will do for `animate --face`, and what happens where the driver's is lost."""

import numpy as np
import pytest

from pipelines.faces.expressions import MIN_FACE, describe_poor_face, ease
from tests.helpers.faces import make_landmarks


def faces(size: float, *, seen: int, frames: int = 10) -> np.ndarray:
    """Landmarks [frames, 68, 3] of a face with a box of this size in the first frames only."""
    points = make_landmarks(100, 100)
    points *= size / np.ptp(points, axis=0).max()
    found = np.zeros((frames, 68, 3), np.float32)
    found[:seen] = np.pad(points, ((0, 0), (0, 1)), constant_values=1)
    return found


@pytest.mark.parametrize(
    ("size", "seen", "reason"),
    [
        (MIN_FACE, 10, None),
        (MIN_FACE, 2, None),
        (MIN_FACE - 1, 10, "the face in the video has 47 pixels, fewer than 48"),
        (MIN_FACE, 1, "the video shows no face from the front in 9 of 10 frames"),
        (MIN_FACE, 0, "the video shows no face from the front"),
    ],
)
def test_faces_have_to_be_large_enough_and_seen(size: int, seen: int, reason: str | None) -> None:
    found = describe_poor_face(faces(size + 0.01, seen=seen), "video")
    assert found == (reason and f"--face has no effect: {reason}")


def test_expressions_fade_where_the_face_is_lost_for_long_but_not_in_short_gaps() -> None:
    seen = np.ones(60, bool)
    seen[[10, 11]] = False
    seen[30:50] = False
    strength = ease(seen, 25)
    assert (strength[:24] == 1).all()
    assert (strength[30:50] == 0).all()
    assert (np.diff(strength[23:31]) < 0.25).all()
    assert (np.diff(strength[49:57]) <= 0.25).all()
    assert strength[57] == 1


def test_faces_that_are_seen_all_the_time_never_fade() -> None:
    assert (ease(np.ones(5, bool), 25) == 1).all()
    assert (ease(np.ones(1, bool), 25) == 1).all()
