"""What a picture and a driving video show of a person, from a look at some of the frames.

n frames looked at with the person, P people of a frame. Poses are COCO-17 [17, 3] in pixels with confidences.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.animation import AnimateConfig
from pipelines.generation.networks import named
from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.layouts import H36M17_PARENT, h36m17_to_coco17
from pipelines.keypoints.track import PoseTrack, is_track, load_track, select_frames
from pipelines.keypoints.tracking import CONFIDENT, body_size, fill_gaps, is_person, select_person
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.runtime.progress import Progress

MAX_INSPECTED_FRAMES = 64
EDGE = 0.04
HEAD = "head"
PARTS = {HEAD: (0, 1, 2, 3, 4), "shoulders": (5, 6), "hips": (11, 12), "knees": (13, 14), "feet": (15, 16)}


@dataclass(frozen=True)
class SourceInspection:
    """The source picture: size (width, height), the person's pose, and which of PARTS it does not show."""

    size: tuple[int, int]
    pose: np.ndarray
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class DrivingInspection:
    """A driving video.

    size: width, height; frames: how many there are to animate; looks: how many were looked at, evenly over the clip;
    poses [n, 17, 3]: of those that show the person; shown: for each of PARTS the share of the n frames that show it;
    moment: time of one of them (s from the first frame of the file), in the middle of the clip.
    """

    size: tuple[int, int]
    frames: int
    looks: int
    poses: np.ndarray
    shown: dict[str, float]
    moment: Fraction

    @property
    def person_share(self) -> float:
        """Share of the frames looked at that show the person."""
        return len(self.poses) / self.looks


def missing_body_parts(pose: np.ndarray, size: tuple[int, int]) -> tuple[str, ...]:
    """Which of PARTS the picture does not show: no joint is sure, or one is at the picture's edge or beyond.

    Where a picture is cut, the networks put the missing joints near the edge or outside, and quite surely. In four
    pictures of whole people, cut so that the edge touches soles or crown, every sure joint keeps 0.058 body heights
    from the edge at least. Cut through the eyes, a joint of the face comes within 0.026 in all four; cut through the
    middle of the shins, a foot is outside in three. EDGE lies between.
    """
    room = EDGE * body_size(pose)
    low, high = room, np.array(size) - 1 - room
    sure = pose[:, 2] >= CONFIDENT
    inside = np.all((pose[:, :2] >= low) & (pose[:, :2] <= high), axis=1)
    parts = {name: list(joints) for name, joints in PARTS.items()}
    return tuple(name for name, at in parts.items() if not sure[at].any() or (sure[at] & ~inside[at]).any())


def measurable(poses: np.ndarray) -> np.ndarray:
    """COCO-17 poses [n, 17, 3] as Human3.6M-17 by geometry, to measure the body: a bone is seen if both ends are."""
    joints = map_joints(fill_gaps(poses)[0])
    joints[:, 1:, 2] = np.minimum(joints[:, 1:, 2], joints[:, H36M17_PARENT[1:], 2])
    return joints


def inspect_source(path: Path, extractor: KeypointDetector) -> SourceInspection:
    """Raises InputError: unreadable, or nobody in it."""
    picture = load_picture(path)
    pose = named(path, lambda: select_person([extractor.detect(picture)])[0])
    size = picture.shape[1], picture.shape[0]
    return SourceInspection(size, pose, missing_body_parts(pose, size))


def inspect_driving(
    path: Path, config: AnimateConfig, extractor: KeypointDetector, progress: Progress, *, whole: bool
) -> DrivingInspection:
    """Look at MAX_INSPECTED_FRAMES frames at most, evenly over the part of the clip that `config` picks; with `whole` at all of it.

    From 64 frames the person's share is known to 6 % (one standard deviation, at worst). Pose tracks are read whole.

    Raises:
        InputError: unreadable, damaged, or nobody in it.
    """
    if is_track(path):
        rate = None if config.fps is None else Fraction(config.fps)
        track = select_frames(load_track(path, rate=rate), config.start, config.end, config.max_frames)
        return _clip(path, track, len(track.frames), every=1, config=config)
    opened = partial(open_video, path, start=config.start, end=config.end, fps=config.fps)
    with opened(max_frames=config.max_frames) as source:
        frames = source.info.frames
    every = 1 if whole or frames is None else ceil(frames / MAX_INSPECTED_FRAMES)
    limit = config.max_frames and ceil(config.max_frames / every)
    with opened(max_frames=limit, every=every) as source:
        track = detect_video(source, extractor, progress).track
        if source.stats.incomplete:
            raise InputError(
                f"{path} is damaged or cut short, {source.stats.decoded} of its frames can be read: "
                "get a whole copy, or take the beginning with --max-frames"
            )
    return _clip(path, track, frames if frames and every > 1 else len(track.frames), every=every, config=config)


def _clip(path: Path, track: PoseTrack, frames: int, *, every: int, config: AnimateConfig) -> DrivingInspection:
    looks, size = len(track.frames), (track.width, track.height)
    if not any(is_person(pose) for frame in track.frames for pose in frame.people):
        raise InputError(
            f"{path}: no person found in any of the {looks} frames looked at; use a clip that shows a person clearly"
        )
    people = [frame.people if track.layout == "coco17" else h36m17_to_coco17(frame.people) for frame in track.frames]
    poses = named(path, lambda: _followed(people, every, config.person))
    there = np.flatnonzero([is_person(pose) for pose in poses])
    middle = track.frames[there[len(there) // 2]].pts - track.frames[0].pts
    hidden = [missing_body_parts(pose, size) for pose in poses[there]]
    parts = [name for name in PARTS if name != HEAD or track.layout == "coco17"]  # Human3.6M-17 has no face
    shown = {name: sum(name not in each for each in hidden) / len(hidden) for name in parts}
    moment = Fraction(config.start or 0) + middle * track.time_base
    return DrivingInspection(size, frames, looks, poses[there], shown, moment)


def _followed(people: list[np.ndarray], every: int, person: str) -> np.ndarray:
    """One person's poses, zero where missing; nobody is seen in the frames between those looked at."""
    spread = [np.empty((0, 17, 3), np.float32)] * ((len(people) - 1) * every + 1)
    spread[::every] = people
    return select_person(spread, person)[::every]
