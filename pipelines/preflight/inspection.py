"""What a source picture and a driving video show of a person, from a sample of the frames.

n inspected frames that show the person, P people of a frame. Poses are COCO-17 [17, 3] in pixels with confidences.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector, check_person
from pipelines.keypoints.followed_person import FollowedPerson, find_jumps
from pipelines.keypoints.layouts import H36M17_PARENT, h36m17_to_coco17
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.quarter_turns import detect_upright_image, detect_upright_video, largest_person
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.tracking import fill_gaps, is_person, select_people, select_person
from pipelines.keypoints.visibility import HEAD, missing_body_parts, shown_parts
from pipelines.media.pictures import load_picture
from pipelines.media.sources import FrameSource, open_video
from pipelines.media.turning import turn_video
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import Progress, note_all

MAX_INSPECTED_FRAMES = 64  # of a video, unless all of them are to be inspected
FAST = 1.5  # body heights per second between inspected frames from which on those in between are inspected as well ...
MAX_CLOSER_LOOKS = 4  # ... so many times at most


@dataclass(frozen=True)
class SourceInspection:
    """What the source picture shows."""

    size: tuple[int, int]
    """Width and height in pixels."""
    pose: np.ndarray
    """The person's pose [17, 3]."""
    hidden: tuple[str, ...]
    """Which of PARTS the picture does not show."""
    orientation: str | None = None
    """One line about a person who is not upright."""
    quarter_turns: int = 0
    """Counterclockwise quarter turns that made the picture upright."""
    people: int = 1
    """How many people it shows, as far as the detector finds them."""


@dataclass(frozen=True)
class DrivingInspection:
    """What a driving video shows."""

    followed: FollowedPerson
    """The person in the inspected frames, which are even over the clip."""
    frames: int
    """How many frames there are to animate."""
    shown: dict[str, float]
    """For each of PARTS the share of the inspected frames with the person that show it."""
    moment: Fraction
    """Time of one of them in the middle of the clip, in seconds from the first frame of the file."""
    jumps: tuple[int, ...] = ()
    """Numbers of inspected frames before which a closer look found a jump of the pose."""
    interval: int = 1
    """Every how many frames one was inspected."""
    people: int = 1
    """How many people it shows at once, of those who can be followed."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.followed.track.size

    @property
    def looks(self) -> int:
        """How many frames were inspected."""
        return len(self.followed.poses)

    @property
    def poses(self) -> np.ndarray:
        """Poses [n, 17, 3] in the inspected frames that show the person."""
        return self.followed.poses[self.followed.seen]

    @property
    def person_share(self) -> float:
        """Share of the inspected frames that show the person."""
        return float(self.followed.seen.mean())


def measurable_poses(poses: np.ndarray) -> np.ndarray:
    """COCO-17 poses [n, 17, 3] as Human3.6M-17 by geometry, to measure the body: a bone is seen if both ends are."""
    joints = map_joints(fill_gaps(poses)[0])
    joints[:, 1:, 2] = np.minimum(joints[:, 1:, 2], joints[:, H36M17_PARENT[1:], 2])
    return joints


def inspect_source(path: Path, detector: KeypointDetector) -> SourceInspection:
    """Detect the largest person in a picture. Raises InputError: unreadable, or nobody in it."""
    track = detect_upright_image(load_picture(path), detector)
    with error_context(path):
        pose = select_person(track.people)[0]
    hidden = missing_body_parts(pose, track.size)
    people = len(select_people(track.people))
    return SourceInspection(track.size, pose, hidden, track.orientation, track.quarter_turns, people)


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
    check_person(config.person, detector)
    open_part = partial(open_video, path, start=config.start, end=config.end, fps=config.fps)
    with open_part(max_frames=config.max_frames) as video:
        frames = video.info.frames
    interval = 1 if every_frame or frames is None else ceil(frames / MAX_INSPECTED_FRAMES)
    limit = config.max_frames and ceil(config.max_frames / interval)
    with open_part(max_frames=limit, every=interval) as video:
        track = detect_upright_video(video, detector, progress)
        note_all(progress, track.warnings)
        if video.stats.incomplete:
            raise InputError(
                f"{path} is damaged or cut short, only {video.stats.decoded} of its frames can be read: "
                "get a complete copy, or use its beginning with --max-frames"
            )
    looks = len(track.frames)
    total = max(frames, (looks - 1) * interval + 1) if frames and interval > 1 else looks  # headers may say too few
    found = _inspect_track(path, track, total, interval=interval, config=config)
    if interval == 1:
        return found
    look = partial(_jumps_between, partial(open_part, max_frames=interval + 1), detector, found.followed)
    fast = find_jumps(found.followed, speed=FAST)[:MAX_CLOSER_LOOKS]
    return replace(found, jumps=tuple(number for number in fast if look(number)))


def _jumps_between(
    open_part: Callable[..., FrameSource], detector: KeypointDetector, followed: FollowedPerson, number: int
) -> bool:
    """Whether the pose jumps in the frames that were left out before an inspected one."""
    with open_part(start=followed.seconds[number - 1]) as video:
        track = detect_video(turn_video(video, followed.track.quarter_turns), detector)
    poses = [largest_person(people) for people in track.people]
    person = FollowedPerson(track, np.array([np.zeros((17, 3)) if pose is None else pose for pose in poses]))
    return bool(person.seen.any() and find_jumps(person))


def _inspect_track(
    path: Path, track: PoseTrack, frames: int, *, interval: int, config: AnimateConfig
) -> DrivingInspection:
    """What the people of every `interval`-th of `frames` frames show."""
    if not any(is_person(pose) for people in track.people for pose in people):
        raise InputError(
            f"{path}: no person found in any of the {len(track.frames)} inspected frames; use a clip that shows a "
            "person clearly"
        )
    coco = track.frames
    if track.layout != "coco17":
        coco = [replace(frame, people=h36m17_to_coco17(frame.people)) for frame in track.frames]
    with error_context(path):
        poses = select_person([frame.people for frame in coco], config.person, interval=interval)  # [looks, 17, 3]
    start = Fraction(config.start or 0)
    followed = FollowedPerson(replace(track, frames=coco), poses, float(start))
    shown = shown_parts(poses[followed.seen], track.size)
    if track.layout != "coco17":
        del shown[HEAD]  # Human3.6M-17 has no face
    with_person = np.flatnonzero(followed.seen)
    middle = track.frames[with_person[len(with_person) // 2]].pts - track.frames[0].pts
    moment, people = start + middle * track.time_base, len(select_people(track.people, interval=interval))
    return DrivingInspection(followed, frames, shown, moment, interval=interval, people=people)
