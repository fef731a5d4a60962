"""Hands, feet and depth of poses for structure maps with details: from what a detector knows, retargeted.

In: a person's poses and the `PersonDetails` of them. Out: `StructureDetails`, which processors put on the canvas and
`pipelines.keypoints.detail_maps` draws. NaN stands for what is not known.

T frames; P = 52 points (`models.joints.DETAIL_POINTS`). A hand hangs on the wrist of its pose: its own wrist, which
another network finds, is moved there. So is a foot on its ankle when it is retargeted. The directions are the driver's,
the sizes the source's, as of all limbs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.joints import DETAIL_NAMES, DETAIL_POINTS, HAND_POINTS, NAMED_HAND_POINTS
from pipelines.keypoints.body import bone_vectors, seen_joints
from pipelines.keypoints.details import FEET_NAMES, PersonDetails
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.layouts import DETAIL_JOINTS, H36M17_FLIP
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.tracking import CONFIDENT, body_size
from pipelines.media.canvas_crop import CanvasCrop

FOOT_INDICES = [FEET_NAMES.index(name) for name in ("left_heel", "left_toes", "right_heel", "right_toes")]
FEET = slice(6, len(DETAIL_NAMES))
LEFT_HAND, RIGHT_HAND = (
    [*range(3 * hand, 3 * hand + 3), *range(first, first + HAND_POINTS)]
    for hand, first in enumerate((len(DETAIL_NAMES), len(DETAIL_NAMES) + HAND_POINTS))
)
LEFT_WRIST, RIGHT_WRIST = 9, 10  # of COCO-17
DETECTED, TAKEN = list(DETAIL_JOINTS["coco17"]), list(DETAIL_JOINTS["h36m17"])
MAX_WRIST_GAP = 0.08  # between the two wrists, in body sizes; up to 0.03 is usual
SMOOTHING_SECONDS = 0.03  # standard deviation of the Gaussian over time
MAX_SECONDS_AWAY = 0.1  # from a frame in which something is known to one in which it is filled in


@dataclass(frozen=True)
class StructureDetails:
    """Hands, feet and depth of the poses of T frames."""

    points: np.ndarray
    """float64 [T, P, 2]: x, y in pixels."""
    depth: np.ndarray
    """float64 [T, 17] of the joints, in the layout of the poses: pixels, smaller ones are nearer; the hips are at 0."""

    def on_canvas(self, area: CanvasCrop, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Points [P, 2] and depths [17] of a frame in pixels of a canvas."""
        return area.to_canvas(self.points[frame]), self.depth[frame] * area.scale.mean()


def find_source_details(source: SourcePerson) -> StructureDetails:
    """Details of the source picture, T = 1, in its pixels; depths are of COCO-17 joints."""
    details = _gather(source.detected[None], [source.details])
    return StructureDetails(details.points, np.where(source.seen, details.depth, np.nan))


def retarget_details(motion: DrivingMotion, poses: np.ndarray) -> StructureDetails:
    """Details of the driving motion on the source person.

    Args:
        poses: Human3.6M-17 [T, 17, 2] that retargeting and placement made of the motion, in pixels of the picture.

    Returns:
        In pixels of the picture; depths are of Human3.6M-17 joints.
    """
    seconds = np.array([float((pts - motion.pts[0]) * motion.time_base) for pts in motion.pts])
    details = _gather(motion.detected, motion.details)
    offsets = _smooth(details.points - motion.detected[:, DETECTED, :2], seconds)  # [T, P, 2]
    depth = map_joints(np.repeat(_smooth(details.depth, seconds)[..., None], 2, -1))[..., 0]  # [T, 17]
    own, theirs = (np.linalg.norm(bone_vectors(each), axis=-1).sum(0) for each in (poses, motion.poses))  # [17]
    flip = list(H36M17_FLIP)
    ratios = (own + own[flip]) / np.maximum(theirs + theirs[flip], 1e-6)  # of forearms and shins at wrists and ankles
    depth *= own[1:].sum() / max(theirs[1:].sum(), 1e-6)
    points = poses[:, TAKEN] + offsets * ratios[TAKEN, None]
    return StructureDetails(points, np.where(seen_joints(motion.poses), depth, np.nan))


def _gather(poses: np.ndarray, known: Sequence[PersonDetails | None]) -> StructureDetails:
    """Details of COCO-17 poses [T, 17, 3], in pixels of their frames; none of a hand or foot whose joint is unsure."""
    points = np.full((len(poses), DETAIL_POINTS, 2), np.nan)
    depth = np.full((len(poses), 17), np.nan)
    for frame, details in enumerate(known):
        if details is None:
            continue
        hands = (details.left_hand, LEFT_HAND, LEFT_WRIST), (details.right_hand, RIGHT_HAND, RIGHT_WRIST)
        for hand, at, wrist in hands:
            if hand is not None and _is_at(hand, poses[frame], wrist):
                placed = hand[:, :2] - hand[0, :2] + poses[frame, wrist, :2]
                points[frame, at] = np.concatenate([placed[list(NAMED_HAND_POINTS)], placed])
        if details.feet is not None:
            feet = details.feet[FOOT_INDICES]
            points[frame, FEET] = np.where(feet[:, 2:] >= CONFIDENT, feet[:, :2], np.nan)
        if details.depth is not None:
            depth[frame] = details.depth
    points[poses[:, DETECTED, 2] < CONFIDENT] = np.nan
    return StructureDetails(points, depth)


def _is_at(hand: np.ndarray, pose: np.ndarray, wrist: int) -> bool:
    """Whether a hand is at the wrist of its pose: where the wrist is hidden, detectors find the other hand instead."""
    return bool(np.linalg.norm(hand[0, :2] - pose[wrist, :2]) <= MAX_WRIST_GAP * body_size(pose))


def _smooth(values: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Values [T, ...] averaged over the known ones of the frames around, where one is MAX_SECONDS_AWAY at most."""
    flat = values.reshape(len(values), -1)
    known = ~np.isnan(flat)
    result = np.full(flat.shape, np.nan)
    for frame, now in enumerate(seconds):
        near = slice(*np.searchsorted(seconds, [now - MAX_SECONDS_AWAY, now + MAX_SECONDS_AWAY], "left"))
        distance = (seconds[near] - now) / SMOOTHING_SECONDS
        weights = np.exp(-(distance**2) / 2)[:, None] * known[near]
        total = weights.sum(0)
        np.divide((weights * np.nan_to_num(flat[near])).sum(0), total, out=result[frame], where=total > 0)
    return result.reshape(values.shape)
