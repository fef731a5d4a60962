"""What a source picture and a driving video show of a person, from a sample of the frames.

n inspected frames that show the person, P people of a frame. Poses are COCO-17 [17, 3] in pixels with confidences.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.layouts import H36M17_PARENT, h36m17_to_coco17
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.tracking import CONFIDENT, body_size, fill_gaps, is_person, select_person
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import Progress, note_all

MAX_INSPECTED_FRAMES = 64  # of a video, unless all of them are to be inspected
EDGE = 0.04  # distance from the picture's edge within which a joint counts as cut off, in body heights
HEAD = "head"
PARTS = {HEAD: (0, 1, 2, 3, 4), "shoulders": (5, 6), "hips": (11, 12), "knees": (13, 14), "feet": (15, 16)}


@dataclass(frozen=True)
class SourceInspection:
    """What the source picture shows."""

    size: tuple[int, int]
    """Width and height in pixels."""
    pose: np.ndarray
    """The person's pose [17, 3]."""
    hidden: tuple[str, ...]
    """Which of PARTS the picture does not show."""


@dataclass(frozen=True)
class DrivingInspection:
    """What a driving video shows."""

    size: tuple[int, int]
    """Width and height in pixels."""
    frames: int
    """How many frames there are to animate."""
    looks: int
    """How many of them were inspected, evenly over the clip."""
    poses: np.ndarray
    """Poses [n, 17, 3] in the inspected frames that show the person."""
    shown: dict[str, float]
    """For each of PARTS the share of these n frames that show it."""
    moment: Fraction
    """Time of one of them in the middle of the clip, in seconds from the first frame of the file."""

    @property
    def person_share(self) -> float:
        """Share of the inspected frames that show the person."""
        return len(self.poses) / self.looks


def missing_body_parts(pose: np.ndarray, size: tuple[int, int]) -> tuple[str, ...]:
    """Which of PARTS a picture of `size` (width, height) does not show of the pose [17, 3].

    A part is missing if none of its joints is confident, or one is at the picture's edge or beyond. Where a picture is
    cut, detectors put the missing joints near the edge or outside, and quite confidently. In four pictures of whole
    people, cut so that the edge touches soles or crown, every confident joint keeps 0.058 body heights from the edge
    at least. Cut through the eyes, a joint of the face comes within 0.026 in all four; cut through the middle of the
    shins, a foot is outside in three. EDGE lies between.
    """
    margin = EDGE * body_size(pose)
    low, high = margin, np.array(size) - 1 - margin
    sure = pose[:, 2] >= CONFIDENT
    inside = np.all((pose[:, :2] >= low) & (pose[:, :2] <= high), axis=1)
    parts = {name: list(joints) for name, joints in PARTS.items()}
    return tuple(name for name, at in parts.items() if not sure[at].any() or (sure[at] & ~inside[at]).any())


def measurable_poses(poses: np.ndarray) -> np.ndarray:
    """COCO-17 poses [n, 17, 3] as Human3.6M-17 by geometry, to measure the body: a bone is seen if both ends are."""
    joints = map_joints(fill_gaps(poses)[0])
    joints[:, 1:, 2] = np.minimum(joints[:, 1:, 2], joints[:, H36M17_PARENT[1:], 2])
    return joints


def inspect_source(path: Path, detector: KeypointDetector) -> SourceInspection:
    """Detect the largest person in a picture. Raises InputError: unreadable, or nobody in it."""
    picture = load_picture(path)
    with error_context(path):
        pose = select_person([detector.detect(picture)])[0]
    size = picture.shape[1], picture.shape[0]
    return SourceInspection(size, pose, missing_body_parts(pose, size))


def inspect_driving(
    path: Path, config: AnimateConfig, detector: KeypointDetector, progress: Progress, *, every_frame: bool
) -> DrivingInspection:
    """Detect people in MAX_INSPECTED_FRAMES frames at most, evenly over the part of the clip that `config` selects.

    From 64 frames the person's share is known to 6 % (one standard deviation, at worst). Pose tracks are read whole,
    and with `every_frame` videos as well.

    Raises:
        InputError: unreadable, damaged, or nobody in it.
    """
    if is_track(path):
        rate = None if config.fps is None else Fraction(config.fps)
        track = select_frames(load_track(path, rate=rate), config.start, config.end, config.max_frames)
        return _inspect_track(path, track, len(track.frames), interval=1, config=config)
    open_part = partial(open_video, path, start=config.start, end=config.end, fps=config.fps)
    with open_part(max_frames=config.max_frames) as video:
        frames = video.info.frames
    interval = 1 if every_frame or frames is None else ceil(frames / MAX_INSPECTED_FRAMES)
    limit = config.max_frames and ceil(config.max_frames / interval)
    with open_part(max_frames=limit, every=interval) as video:
        track = detect_video(video, detector, progress)
        note_all(progress, track.warnings)
        if video.stats.incomplete:
            raise InputError(
                f"{path} is damaged or cut short, only {video.stats.decoded} of its frames can be read: "
                "get a complete copy, or use its beginning with --max-frames"
            )
    looks = len(track.frames)
    total = max(frames, (looks - 1) * interval + 1) if frames and interval > 1 else looks  # headers may say too few
    return _inspect_track(path, track, total, interval=interval, config=config)


def _inspect_track(
    path: Path, track: PoseTrack, frames: int, *, interval: int, config: AnimateConfig
) -> DrivingInspection:
    """What the people of every `interval`-th of `frames` frames show."""
    looks = len(track.frames)
    if not any(is_person(pose) for people in track.people for pose in people):
        raise InputError(
            f"{path}: no person found in any of the {looks} inspected frames; use a clip that shows a person clearly"
        )
    people = [each if track.layout == "coco17" else h36m17_to_coco17(each) for each in track.people]
    with error_context(path):
        poses = _follow_person(people, interval, config.person)  # [looks, 17, 3]
    shows_person = np.flatnonzero([is_person(pose) for pose in poses])
    middle = track.frames[shows_person[len(shows_person) // 2]].pts - track.frames[0].pts
    hidden = [missing_body_parts(pose, track.size) for pose in poses[shows_person]]
    parts = [name for name in PARTS if name != HEAD or track.layout == "coco17"]  # Human3.6M-17 has no face
    shown = {name: sum(name not in each for each in hidden) / len(hidden) for name in parts}
    moment = Fraction(config.start or 0) + middle * track.time_base
    return DrivingInspection(track.size, frames, looks, poses[shows_person], shown, moment)


def _follow_person(people: list[np.ndarray], interval: int, person: str) -> np.ndarray:
    """One person's poses [looks, 17, 3], zero where missing, as if nobody were in the frames left out in between."""
    spread = [np.empty((0, 17, 3), np.float32)] * ((len(people) - 1) * interval + 1)
    spread[::interval] = people
    return select_person(spread, person)[::interval]
