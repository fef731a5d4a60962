"""The source person's place in the driving video."""

import numpy as np
import pytest

from pipelines.keypoints.driver_place import find_driver_place
from pipelines.keypoints.placement import place_motion
from pipelines.keypoints.retargeting import FEET, retarget
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.motion.timeline import Timeline
from tests.helpers.poses import act

T = 6


def stand(timeline: Timeline, pose: Pose) -> None:
    """Do nothing."""


def make_driver() -> np.ndarray:
    """A confident driving person [T, 17, 3] who goes to the right and up."""
    _, poses = act(stand, rate=25, seconds=T / 25, count=1)  # [1, T, 17, 2]
    driver = np.concatenate([poses[0] + 400, np.ones((T, 17, 1))], 2)
    driver[..., 0] += 12 * np.arange(T)[:, None]
    driver[..., 1] -= 3 * np.arange(T)[:, None]
    return driver


@pytest.mark.parametrize("place", ["frame", "follow", "still"])
@pytest.mark.parametrize("size", [0.4, 1.0, 2.5])
def test_the_same_body_comes_to_lie_on_the_driver_whatever_its_path_was(size: float, place) -> None:
    driver = make_driver()
    source = driver[0].copy()
    source[:, :2] = source[:, :2] * size + (40, -20)
    taken, _ = place_motion(retarget(driver, source, "body"), source, (700, 900), place)
    scale, shifts = find_driver_place(taken, driver, source)
    assert scale == pytest.approx(1 / size, rel=1e-3)
    np.testing.assert_allclose(scale * taken + shifts[:, None], driver[..., :2], atol=1.0)


def test_another_body_has_its_feet_on_the_same_ground() -> None:
    driver = make_driver()
    source = driver[0].copy()
    source[:, 1] *= 1.2
    taken = retarget(driver, source, "body")
    scale, shifts = find_driver_place(taken, driver, source)
    placed = scale * taken + shifts[:, None]
    np.testing.assert_allclose(placed[:, FEET, 1].max(1), driver[:, FEET, 1].max(1), atol=1e-6)
    np.testing.assert_allclose(placed[:, 0, 0], driver[:, 0, 0], atol=1e-6)


def test_without_feet_the_hips_count() -> None:
    driver = make_driver()
    driver[:, [2, 3, 5, 6], 2] = 0
    source = make_driver()[0]
    taken = retarget(driver, source, "body")
    scale, shifts = find_driver_place(taken, driver, source)
    np.testing.assert_allclose((scale * taken + shifts[:, None])[:, 0], driver[:, 0, :2], atol=1e-6)
