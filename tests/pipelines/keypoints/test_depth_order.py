"""Who is in front."""

import numpy as np

from pipelines.keypoints.depth_order import order_by_depth
from pipelines.keypoints.retargeting import FEET
from tests.helpers.poses import sample_people, sample_poses

FRAMES, RATE = 60, 25.0


def make_person(feet: np.ndarray | float, *, size: float = 1.0) -> np.ndarray:
    """A person who stands, Human3.6M-17 [FRAMES, 17, 2], with the lower foot at the heights `feet`, [FRAMES] or one."""
    _, human = sample_poses(sample_people(1, seed=1), seed=2, frames=1, scale=150 * size)
    still = human[0, 0] - [0, human[0, 0, FEET, 1].max()]
    return still + np.stack(np.broadcast_arrays(0.0, np.broadcast_to(feet, FRAMES)), -1)[:, None]


def find_front(first: np.ndarray, second: np.ndarray, *, feet_seen: bool = True) -> np.ndarray:
    """Who of two is in front, [FRAMES]."""
    sources = []
    for poses in (first, second):
        source = np.concatenate([poses[0], np.ones((17, 1))], -1)
        source[FEET, 2] = feet_seen
        sources.append(source)
    order = order_by_depth([first, second], sources, rate=RATE)
    assert order.shape == (FRAMES, 2)
    assert (order.sum(1) == 1).all()
    return order[:, -1]


def test_whoever_stands_lower_is_in_front() -> None:
    assert (find_front(make_person(400), make_person(430)) == 1).all()
    assert (find_front(make_person(430), make_person(400)) == 0).all()


def test_people_who_change_places_do_so_once() -> None:
    coming = make_person(np.linspace(380, 460, FRAMES))
    front = find_front(coming, make_person(420))
    assert front[0] == 1
    assert front[-1] == 0
    assert (np.diff(front) != 0).sum() == 1


def test_nobody_flickers() -> None:
    shaking = make_person(420 + np.random.default_rng(0).normal(0, 1, FRAMES))
    assert not np.diff(find_front(shaking, make_person(420))).any()


def test_a_jump_is_no_step_back() -> None:
    height = np.zeros(FRAMES)
    height[20:34] = 60 * np.sin(np.linspace(0, np.pi, 14))  # half a second
    assert (find_front(make_person(440 - height), make_person(420)) == 0).all()


def test_without_feet_the_larger_one_is_in_front() -> None:
    near, far = make_person(400, size=1.5), make_person(430)
    assert (find_front(near, far) == 1).all()
    assert (find_front(near, far, feet_seen=False) == 0).all()
