"""Who of several people is in front, frame by frame.

On one ground, whoever stands lower in the picture is nearer. Steps and jumps lift the feet for moments, so what counts
is where the lower foot comes down around the time. Where a picture does not show everybody's feet, the larger body is
nearer. Two people change places only where it is clear: else they would flicker.

T frames, N people; poses are Human3.6M-17 in pixels, y down.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipelines.keypoints.body import measure_body, seen_joints
from pipelines.keypoints.retargeting import FEET

STEP_SECONDS = 0.4  # before and after a moment, in which a foot comes down
CLEAR = 0.01  # body heights between the feet of two people who change places


def order_by_depth(poses: Sequence[np.ndarray], sources: Sequence[np.ndarray], *, rate: float) -> np.ndarray:
    """The people in each frame from the farthest to the nearest.

    Args:
        poses: N of [T, 17, 2], where people are in the output.
        sources: their poses [17, 3] in the source picture, whose confidences say whether it shows their feet.
        rate: frames per second.

    Returns:
        int [T, N], numbers of people from 0.
    """
    heights = np.array([measure_body(each).stature for each in poses])  # [N]
    nearness = np.repeat(heights[:, None], len(poses[0]), 1)  # [N, T]
    if all(seen_joints(source[None])[FEET].any() for source in sources):
        nearness = np.stack([_find_ground(each, round(STEP_SECONDS * rate)) for each in poses])
    order, result = np.argsort(np.median(nearness, 1), kind="stable"), []
    for now in nearness.T:
        order = _settle(order, now, heights)
        result.append(order)
    return np.array(result)


def _find_ground(poses: np.ndarray, reach: int) -> np.ndarray:
    """y of the ground under a person [T]: the lowest place of a foot in so many frames before and after each."""
    lowest = poses[:, FEET, 1].max(1)[None].astype(np.float32)
    return cv2.dilate(lowest, np.ones((1, 2 * reach + 1), np.uint8))[0]  # beyond the clip there is nothing


def _settle(order: np.ndarray, nearness: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """The order [N], with neighbours changed as long as one is clearly nearer than the next one; [N] each."""
    order = order.copy()
    for _ in order:
        for at in range(len(order) - 1):
            far, near = order[at : at + 2]
            if nearness[far] - nearness[near] > CLEAR * (heights[far] + heights[near]) / 2:
                order[at : at + 2] = near, far
    return order
