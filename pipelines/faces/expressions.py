"""The driver's expressions on the source person's face: what `gfla animate --face` moves.

T frames; poses are COCO-17 [17, 3], landmarks [K, 2 or 3] x, y in pixels,
K = 68, or 70 with irises.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.faces.landmark_detectors import LandmarkDetector
from pipelines.faces.person_faces import find_face, find_faces, measure_face
from pipelines.faces.retargeting import retarget_expression
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.tracking import MIN_FRAME_SHARE, fill_gaps
from pipelines.media.sources import FrameSource
from pipelines.media.turning import turn_video
from pipelines.runtime.progress import Progress

MIN_FACE = 48  # pixels
EASE_SECONDS = 0.25  # in which an expression comes back after the driver's face was lost; shorter gaps are bridged


@dataclass(frozen=True)
class Expressions:
    """What a source face will do."""

    landmarks: np.ndarray
    """The face as it is, [K, 2] in pixels of the upright picture."""
    poses: np.ndarray
    """The face in every frame as if the head did not move, [T, K, 2]."""
    driving: np.ndarray
    """The driver's [T, K, 3], gaps filled."""


def find_expressions(
    source: SourcePerson, motion: DrivingMotion, video: FrameSource, detector: LandmarkDetector, progress: Progress
) -> Expressions | None:
    """Find both faces and retarget what the driver's does; None, and a note why, if either can't be used."""
    landmarks = find_face(source.picture, source.detected, detector)
    if problem := describe_poor_face(landmarks[None], "picture"):
        progress.note(source.about(problem))
        return None
    progress.stage("face", len(motion.pts))
    found = []
    frames = (frame.image for frame in turn_video(video, motion.quarter_turns))
    for face in find_faces(frames, motion.detected, detector):
        found.append(face)
        progress.advance()
    faces = np.stack(found)  # [T, K, 3]
    if problem := describe_poor_face(faces, "video"):
        progress.note(source.about(problem))
        return None
    driving, gaps = fill_gaps(faces, what="face")
    if gaps.missing_frames:
        progress.note(source.about(f"{gaps.missing_frames} of {gaps.frames} frames show no face: it is at rest there"))
    own = landmarks[:, :2].astype(np.float64)
    poses = retarget_expression(own, driving[..., :2].astype(np.float64))
    own = own[: poses.shape[1]]
    strength = ease(faces[:, 0, 2] > 0, motion.rate)
    return Expressions(own, own + strength[:, None, None] * (poses - own), driving)


def describe_poor_face(faces: np.ndarray, where: str) -> str | None:
    """One line for the user if faces [T, K, 3] are missing (all zero) or too small for `--face`; None if they will do.

    where: "picture" or "video".
    """
    seen = faces[faces[:, 0, 2] > 0]
    if len(seen) < max(MIN_FRAME_SHARE * len(faces), 1):
        return f"--face has no effect: the {where} shows no face from the front" + (
            f" in {len(faces) - len(seen)} of {len(faces)} frames" if len(seen) else ""
        )
    size = float(np.median([measure_face(face) for face in seen]))
    if size < MIN_FACE:
        return f"--face has no effect: the face in the {where} has {size:.0f} pixels, fewer than {MIN_FACE}"
    return None


def ease(seen: np.ndarray, rate: float) -> np.ndarray:
    """How much of an expression is shown, float [T] in 0..1: none where the driver's face is not seen (bool [T]) for
    long, and more with every frame beside that.

    rate: frames per second.
    """
    frames = max(round(EASE_SECONDS * rate), 1)
    kernel = np.ones((1, 2 * (frames // 2) + 1), np.uint8)
    bridged = cv2.morphologyEx(seen[None].astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    distance = cv2.distanceTransform(bridged, cv2.DIST_L1, 3)[0]
    return np.clip(distance / frames, 0, 1).astype(np.float64)
