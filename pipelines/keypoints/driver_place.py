"""Where the source person stands in the driving video: in the driver's place, as large as the driver.

T frames. Poses are Human3.6M-17 [T, 17, 2 or 3] in pixels.
"""

import numpy as np

from pipelines.keypoints.body import seen_joints
from pipelines.keypoints.retargeting import FEET

HIPS, SHOULDERS = [1, 4], [11, 14]
ROOT = 0


def find_driver_place(taken: np.ndarray, driver: np.ndarray, source: np.ndarray) -> tuple[float, np.ndarray]:
    """How retargeted poses get onto the driver's.

    Args:
        taken: retargeted poses [T, 17, 2] in pixels of the source picture.
        driver: the driving person's [T, 17, 3] in pixels of the driving video.
        source: the source person's pose [17, 3].

    Returns:
        A scale, and shifts [T, 2]: a point x, y of the source picture is at scale * x + shift in the driving video. The
        hips are in the same column in every frame, and the lower feet, which touch the ground, at the same height (the
        hips where feet are not seen).
    """
    seen = seen_joints(driver) & seen_joints(source[None])
    feet = FEET if seen[FEET].all() else [ROOT]
    own, theirs = _anchors(taken, feet), _anchors(driver, feet)  # [T, 2]
    known = [joint for joint in (*HIPS, *SHOULDERS, *FEET) if seen[joint]] or [*HIPS, *SHOULDERS]
    a, b = taken[:, known, :2] - own[:, None], driver[:, known, :2] - theirs[:, None]
    weights = np.maximum(driver[:, known, 2:], 1e-3) if driver.shape[-1] > 2 else 1.0
    scale = float((weights * a * b).sum() / max((weights * a * a).sum(), 1e-6))
    return scale, theirs - scale * own


def _anchors(poses: np.ndarray, feet: list[int]) -> np.ndarray:
    """x of the hips and y of the lower foot, [T, 2]."""
    return np.stack((poses[:, ROOT, 0], poses[:, feet, 1].max(1)), 1)
