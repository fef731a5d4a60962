"""The two people of an animation: the one in the source picture, and the one whose motion drives it.

T frames. Detected poses are COCO-17 [17, 3], cleaned ones Human3.6M-17 [17, 3], both x, y in pixels of their own
picture and a confidence in 0..1. The chains call `find_source_person`, `find_driving_track` and
`follow_person` in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipelines.configs import AnimateConfig
from pipelines.keypoints.alignment import align_track
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector, check_person
from pipelines.keypoints.layouts import h36m17_to_coco17
from pipelines.keypoints.loading import load_track, select_frames
from pipelines.keypoints.masks import MaskFinder
from pipelines.keypoints.quarter_turns import detect_upright_image, detect_upright_video
from pipelines.keypoints.track import DEFAULT_RATE, PoseTrack
from pipelines.keypoints.track_cache import TrackCache
from pipelines.keypoints.track_quality import judge_track
from pipelines.keypoints.tracking import CONFIDENT, GapSummary, fill_gaps, select_person
from pipelines.keypoints.visibility import describe_cut_source, missing_body_parts
from pipelines.media.sources import FrameSource
from pipelines.media.turning import turn_picture
from pipelines.option_groups import OnMissing
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import Progress, note_all

STILL_FRAMES = 24  # the motion network cleans one picture as a clip that stands still for so many frames


@dataclass(frozen=True)
class SourcePerson:
    """The person in the source picture."""

    picture: np.ndarray
    """uint8 RGB [H, W, 3]."""
    detected: np.ndarray
    """COCO-17 [17, 3] as detected."""
    pose: np.ndarray
    """The same pose as Human3.6M-17 [17, 3]."""
    quarter_turns: int = 0
    """Counterclockwise quarter turns that made the picture upright."""
    notes: tuple[str, ...] = ()
    """What the user should know about the person, one line each."""
    mask: np.ndarray | None = None
    """Where the person is, coarsely: float32 [H, W], 0 to 1; None if nobody asked."""
    alpha: np.ndarray | None = None
    """The picture's own alpha, float32 [H, W], 0 to 1; None if it is opaque."""
    details: PersonDetails | None = None
    """What else the detector knows of the person."""
    number: int | None = None
    """Which of the people in the picture, from the left, counted from 1; None if nobody asked."""
    share: np.ndarray | None = None
    """Which pixels are theirs and not of somebody next to them: float32 [H, W], 0 to 1; None for all."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self.picture.shape[1], self.picture.shape[0]

    def about(self, note: str) -> str:
        """A note about this person, with their number if there are several."""
        return note if self.number is None else f"person {self.number}: {note}"

    @property
    def seen(self) -> np.ndarray:
        """Which joints of the detected pose are confident, bool [17]."""
        return self.detected[:, 2] >= CONFIDENT


@dataclass(frozen=True)
class DrivingMotion:
    """One driving person: a pose for every frame, with the frames' time stamps."""

    poses: np.ndarray
    """Cleaned Human3.6M-17 [T, 17, 3]; of faces the landmarks [T, 68, 3]."""
    detected: np.ndarray
    """The COCO-17 poses [T, 17, 3] behind them, gaps filled; of faces the landmarks [T, 68, 3]."""
    pts: list[int]
    """Time stamps of the T frames, in units of `time_base`."""
    durations: list[int | None]
    """Durations of the T frames, in units of `time_base`; None if unknown."""
    time_base: Fraction
    """Seconds per unit of time stamps."""
    size: tuple[int, int]
    """Width and height of the driving frames in pixels."""
    gaps: GapSummary
    """What had to be filled in."""
    quarter_turns: int = 0
    """Counterclockwise quarter turns that made the driving frames upright."""
    notes: tuple[str, ...] = ()
    """What in it will show in the result, one line each."""
    details: Sequence[PersonDetails | None] = ()
    """What else the detector knows of the person in each of the T frames; empty for faces."""

    @property
    def rate(self) -> float:
        """Mean frames per second; 25 for a single frame."""
        span = (self.pts[-1] - self.pts[0]) * self.time_base
        return float((len(self.pts) - 1) / span) if span else DEFAULT_RATE

    def choose(self, frames: Sequence[int]) -> "DrivingMotion":
        """The motion in these frames, by their numbers from 0."""
        index = list(frames)
        arrays = {"poses": self.poses[index], "detected": self.detected[index]}
        lists = {"pts": [self.pts[frame] for frame in index], "durations": [self.durations[frame] for frame in index]}
        return replace(self, **arrays, **lists, details=[self.details[frame] for frame in index if self.details])

    @classmethod
    def of_track(cls, track: PoseTrack, poses: np.ndarray, detected: np.ndarray, gaps: GapSummary) -> "DrivingMotion":
        """The motion of one person of a track: `poses` and `detected` [T, K, 3] with the track's time stamps."""
        pts, durations = [frame.pts for frame in track.frames], [frame.duration for frame in track.frames]
        return cls(poses, detected, pts, durations, track.time_base, track.size, gaps, track.quarter_turns)


@dataclass(frozen=True)
class MovingPerson:
    """A person of the picture and what they will do."""

    source: SourcePerson
    """Who."""
    driving: DrivingMotion
    """Whose motion they take."""
    poses: np.ndarray
    """The retargeted poses, Human3.6M-17 [T, 17, 2] in pixels of the upright source picture."""


def find_source_person(
    path: Path,
    picture: np.ndarray,
    detector: KeypointDetector,
    cleaner: PoseCleaner,
    cache: TrackCache,
    *,
    alpha: np.ndarray | None = None,
    find_mask: MaskFinder | None = None,
) -> SourcePerson:
    """Detect the largest person in the source picture, which is turned upright if it lies, and clean the pose.

    Args:
        path: where the picture comes from, for messages and for the cache.
        picture: uint8 RGB [H, W, 3].
        alpha: of the picture, uint8 [H, W]; None if it is opaque.
        find_mask: marks the person, if a mask is wanted.

    Raises:
        InputError: nobody in the picture.
    """
    track = detect_source(path, picture, detector, cache)
    with error_context(path):
        detected = select_person(track.people)[0]
    source = make_source_person(track, detected, picture, cleaner, alpha=alpha)
    return replace(source, mask=find_mask(source.picture, detected)) if find_mask else source


def detect_source(path: Path, picture: np.ndarray, detector: KeypointDetector, cache: TrackCache) -> PoseTrack:
    """Everybody in a source picture uint8 RGB [H, W, 3], which is turned upright if they lie."""
    with cache.entry(path) as entry:
        if entry.track is None:
            entry.track = detect_upright_image(picture, detector)
    return entry.track


def make_source_person(
    track: PoseTrack, detected: np.ndarray, picture: np.ndarray, cleaner: PoseCleaner, *, alpha: np.ndarray | None
) -> SourcePerson:
    """The person with the pose COCO-17 [17, 3] out of the track of a source picture uint8 RGB [H, W, 3]."""
    cut = describe_cut_source(missing_body_parts(detected, track.size))
    notes = tuple(line for line in (track.orientation, cut) if line)
    pose = clean_still_pose(detected, cleaner, size=track.size)
    own = None if alpha is None else turn_picture(alpha, track.quarter_turns) / np.float32(255)
    details = track.details_of(detected[None])[0]
    upright = turn_picture(picture, track.quarter_turns)
    return SourcePerson(upright, detected, pose, track.quarter_turns, notes, alpha=own, details=details)


def clean_still_pose(detected: np.ndarray, cleaner: PoseCleaner, *, size: tuple[int, int]) -> np.ndarray:
    """A COCO-17 pose [17, 3] in a picture of `size` (width, height) as Human3.6M-17 [17, 3]."""
    return _clean_still(np.where(detected[:, 2:] >= CONFIDENT, detected, 0), cleaner, size)


def _clean_still(pose: np.ndarray, cleaner: PoseCleaner, size: tuple[int, int]) -> np.ndarray:
    return cleaner(np.repeat(pose[None], STILL_FRAMES, 0), size=size)[STILL_FRAMES // 2]


def find_driving_track(
    config: AnimateConfig,
    video: FrameSource | None,
    detector: KeypointDetector,
    cache: TrackCache,
    progress: Progress,
) -> PoseTrack:
    """Everybody in the driving input: from a pose file that belongs to it, or detected in its frames.

    Args:
        video: the opened driving video; None if `config.driving` is a pose track itself.

    Raises:
        InputError: a damaged video or pose file, or one that does not fit the other; a person that the detector can't
            find.
    """
    if video is None:
        rate = None if config.fps is None else Fraction(config.fps)
        track = load_track(config.driving, rate=rate)
        note_all(progress, track.warnings)
        return select_frames(track, config.start, config.end, config.max_frames)
    if config.keypoints not in DETECTORS:
        track = load_track(config.keypoints, size=(video.info.width, video.info.height))
        track = align_track(track, video, config.keypoints)
        note_all(progress, track.warnings)
        return track
    check_person(config.person, detector)
    with cache.entry(config.driving, config.start, config.end, config.max_frames, config.fps) as entry:
        if entry.track is None:
            entry.track = detect_upright_video(video, detector, progress, require_all=True)
    note_all(progress, entry.track.warnings)
    return entry.track


def follow_person(
    track: PoseTrack,
    cleaner: PoseCleaner,
    *,
    person: str,
    on_missing: OnMissing,
    source: SourcePerson | None = None,
    start: float = 0,
    interval: int = 1,
) -> DrivingMotion:
    """Select one person of a track, fill the gaps, clean the poses (docs/official-format.md, section 9.4).

    The motion's notes compare it with the `source` person; their times count from `start` seconds. `interval`: every
    how many frames of the video the track has; from 2 on each pose is cleaned as a still.

    Raises:
        InputError: nobody found, or a frame without the person under on_missing "fail".
    """
    selected = select_person(track.people, person, interval=interval)  # [T, 17, 3]
    return clean_motion(track, selected, cleaner, on_missing=on_missing, source=source, start=start, interval=interval)


def clean_motion(
    track: PoseTrack,
    selected: np.ndarray,
    cleaner: PoseCleaner,
    *,
    on_missing: OnMissing,
    source: SourcePerson | None,
    start: float,
    interval: int,
) -> DrivingMotion:
    """The motion of one person of a track, whose poses are `selected` [T, 17, 3]; see `follow_person`."""
    filled, gaps = fill_gaps(selected, on_missing)  # [T, 17, 3]
    notes = judge_track(track, selected, None if source is None else source.detected, start=start)
    if track.layout == "coco17":
        if interval == 1:
            cleaned = cleaner(filled, size=track.size, rate=track.rate)
        else:
            cleaned = np.stack([_clean_still(pose, cleaner, track.size) for pose in filled])
        motion = DrivingMotion.of_track(track, cleaned, filled, gaps)
    else:
        motion = DrivingMotion.of_track(track, filled, h36m17_to_coco17(filled), gaps)
    return replace(motion, notes=tuple(notes), details=track.details_of(selected))
