"""Retargeting: the driving person's motion on the source person's body.

T frames. Poses are Human3.6M-17 [T, 17, 2 or 3] in pixels, y down; bones as in `body`. The mode "body" scales every
bone of the driver by one constant, the ratio of the two people's lengths of it: direction and foreshortening come from
the driver, the length from the source.
"""

from typing import get_args

import numpy as np

from models.errors import InputError
from pipelines.keypoints.body import (
    SimilarFrame,
    bone_scale,
    bone_vectors,
    find_similar_frame,
    joint_positions,
    measure_body,
    ratio_in_frame,
    stature_ratio,
)
from pipelines.keypoints.layouts import COCO17_BODY, COCO17_BODY_IN_H36M17, H36M17_PARENT, select
from pipelines.option_groups import Retarget

FEET = [3, 6]
THORAX, NECK, HEAD = 8, 9, 10
GROUND_PERCENTILE = 90  # of the lower foot's y over the clip: where the ground is


def retarget(
    driver: np.ndarray,
    source: np.ndarray,
    mode: str = "body",
    *,
    driver_size: tuple[int, int] | None = None,
    source_size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Poses of the source person that follow the driver.

    Args:
        driver: [T, 17, 2 or 3] Human3.6M-17 in pixels of the driving video; joints with too little confidence over the
            clip (legs out of the picture) are not followed: the source keeps its own.
        source: [17, 2 or 3] Human3.6M-17 in pixels of the source picture.
        mode: "body" keeps the source's limb lengths and place, "fit" scales and moves the driver as a whole onto the
            source, "none" only scales the driving frame into the source's frame.
        driver_size, source_size: width, height; for "none".

    Returns:
        float64 [T, 17, 2] in pixels of the source picture, every joint placed.

    Raises:
        InputError: unknown mode, or a pose without a limb to measure.
    """
    driver, source = np.asarray(driver, np.float64), np.asarray(source, np.float64)
    if mode == "body":
        return _body(driver, source)
    if mode == "fit":
        return _fit(driver, source)
    if mode == "none" and driver_size and source_size:
        return _scale_frame(driver, driver_size, source_size)
    raise InputError(f"retarget {mode!r} must be one of {', '.join(get_args(Retarget))}")


def retarget_coco17(
    detected: np.ndarray, driver: np.ndarray, taken: np.ndarray, *, own: np.ndarray | None = None
) -> np.ndarray:
    """The COCO-17 joints of a retargeted pose: limbs as retargeted, the face moved and scaled with the head.

    Args:
        detected: [17, 3] COCO-17 of the driver, with confidences.
        driver, taken: [17, 2 or 3] Human3.6M-17 of the driver, and what `retarget` made of it.
        own: [17, 3] COCO-17 of the source; its limbs stand in where the driver's are not seen, so they count as seen.

    Returns:
        float64 [17, 3] in pixels of the source picture.
    """
    result = np.array(detected, np.float64)
    result[COCO17_BODY, :2] = select(taken, COCO17_BODY_IN_H36M17)[:, :2]
    if own is not None:
        result[COCO17_BODY, 2] = np.maximum(detected[COCO17_BODY, 2], own[COCO17_BODY, 2])
    lengths = [np.linalg.norm(pose[HEAD, :2] - pose[THORAX, :2]) for pose in (taken, driver)]
    scale = lengths[0] / max(lengths[1], 1e-6)
    result[: COCO17_BODY.start, :2] = taken[NECK, :2] + (detected[: COCO17_BODY.start, :2] - driver[NECK, :2]) * scale
    return result


def _body(driver: np.ndarray, source: np.ndarray) -> np.ndarray:
    theirs, own = measure_body(driver), measure_body(source[None])
    follow = theirs.seen & theirs.seen[list(H36M17_PARENT)]
    alike = find_similar_frame(bone_vectors(driver), bone_vectors(source), own.seen & theirs.seen)
    size = _mix(stature_ratio(own, theirs), alike.size, alike.trust)
    in_frame = ratio_in_frame(bone_vectors(driver)[alike.frame], bone_vectors(source), theirs, alike.size)
    vectors = bone_vectors(driver) * _mix(bone_scale(own, theirs), in_frame, alike.trust)[:, None]
    vectors[:, ~follow] = bone_vectors(source)[~follow]
    vectors[:, 0] = source[0, :2]
    if follow[FEET].any():  # else the source's legs stand still, and so do its hips
        vectors[:, 0] += size * (driver[:, 0, :2] - driver[0, 0, :2])
    result = joint_positions(vectors)
    if own.seen[FEET].any():
        height = size * _height_above_ground(driver, alike) if follow[FEET].any() else 0.0
        result[..., 1] += (source[FEET, 1].max() - height - result[:, FEET, 1].max(1))[:, None]
    return result


def _mix(measured, in_frame, trust: float):
    """Between two factors, on their own scale."""
    return measured ** (1 - trust) * in_frame**trust


def _height_above_ground(driver: np.ndarray, alike: SimilarFrame) -> np.ndarray:
    """How far the lower foot of the driver is above the ground [T]; below it where the person comes nearer."""
    lowest = driver[:, FEET, 1].max(1)
    ground = np.percentile(lowest, GROUND_PERCENTILE)
    return ground + alike.trust * (lowest[alike.frame] - ground) - lowest


def _fit(driver: np.ndarray, source: np.ndarray) -> np.ndarray:
    theirs, own = measure_body(driver), measure_body(source[None])
    result = driver[..., :2] * stature_ratio(own, theirs)
    result += source[0, :2] - result[0, 0]
    if own.seen[FEET].any() and theirs.seen[FEET].any():
        result[..., 1] += source[FEET, 1].max() - np.percentile(result[:, FEET, 1].max(1), GROUND_PERCENTILE)
    return result


def _scale_frame(driver: np.ndarray, size: tuple[int, int], target: tuple[int, int]) -> np.ndarray:
    """The driving frame shrunk or enlarged to fit in the source's frame, centred."""
    old, new = np.array(size, np.float64), np.array(target, np.float64)
    scale = (new / old).min()
    return (driver[..., :2] + 0.5 - old / 2) * scale + new / 2 - 0.5
