"""Feet and hands in the poses of OpenPose and AlphaPose, for `pipelines.keypoints.importers`.

A pose is a flat list of x, y, score. BODY_25 and AlphaPose's larger layouts have heels and big toes in it; whole bodies
(133 and 136 joints) have hands as well, which OpenPose writes beside the pose.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.joints import HAND_POINTS
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.track_checks import MAX_COORDINATE
from pipelines.keypoints.tracking import CONFIDENT

# number of joints: heels and big toes in the order of FEET_NAMES; first points of the left and of the right hand
FEET = {25: (21, 24, 19, 22), 26: (24, 25, 20, 21), 133: (19, 22, 17, 20), 136: (24, 25, 20, 21)}
HANDS = {133: (91, 112), 136: (94, 115)}
SIDES = ("left", "right")


def read_details(pose: list[float], person: Mapping[str, Any]) -> PersonDetails | None:
    """The feet and hands of a person; None if the layout has none, or none are found.

    Args:
        pose: x, y, score of every joint of a known layout.
        person: the person's entry in OpenPose's file.
    """
    points = _read_points(pose)
    feet = points[list(FEET[len(points)])] if len(points) in FEET else np.zeros((0, 3))
    if len(points) in HANDS:
        hands = [points[first : first + HAND_POINTS] for first in HANDS[len(points)]]
    else:
        hands = [_read_hand(person.get(f"hand_{side}_keypoints_2d")) for side in SIDES]
    feet[:, 2] = feet[:, 2].clip(0, 1)
    found: dict[str, Any] = {"left_hand": _make_hand(hands[0]), "right_hand": _make_hand(hands[1])}
    found["feet"] = feet.astype(np.float32) if feet[:, 2].any() else None
    return PersonDetails(**found) if any(each is not None for each in found.values()) else None


def _read_points(values: list[float]) -> np.ndarray:
    """A flat list as points [K, 3]; all zero where one is absurdly far away."""
    points = np.array(values, np.float64).reshape(-1, 3)
    points[(np.abs(points) > MAX_COORDINATE).any(1)] = 0
    return points


def _read_hand(values: Any) -> np.ndarray:
    """A flat list as points [21, 3]; all zero if it is no such list: OpenPose leaves it empty where it sees none."""
    is_flat = isinstance(values, list) and len(values) == 3 * HAND_POINTS
    if not is_flat or not all(type(value) in (int, float) for value in values):
        return np.zeros((HAND_POINTS, 3))
    return _read_points(values)


def _make_hand(points: np.ndarray) -> np.ndarray | None:
    """A hand float32 [21, 3] with depths of 0, which nobody tells; None if it is unsure."""
    return (points * (1, 1, 0)).astype(np.float32) if points[:, 2].mean() >= CONFIDENT else None
