import numpy as np

from pipelines.keypoints.following_square import fit_square
from tests.helpers.poses import make_standing_pose


def _track(frames: int, step: float = 3) -> np.ndarray:
    return np.stack([make_standing_pose(50 + step * t, 20) for t in range(frames)])


def test_canvas_stays_for_a_person_who_stays_and_follows_one_who_leaves() -> None:
    assert np.ptp(fit_square(_track(50, 0.5)).corner, axis=0).max() == 0
    track = _track(200, 10)
    canvas = fit_square(track)
    inside = track[..., :2] - canvas.corner[:, None]
    assert inside.min() >= 0
    assert inside.max() <= canvas.side
    assert np.abs(np.diff(canvas.corner[:, 0], 2)).max() < 1
