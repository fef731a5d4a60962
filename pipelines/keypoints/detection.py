"""The driving person: a cleaned pose for every frame, with its time stamp.

T frames. Poses are Human3.6M-17 [T, 17, 3] in pixels of the driving video, with confidences; of faces 68 landmarks.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from models.errors import InputError
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.layouts import h36m17_to_coco17
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.tracking import GapSummary, fill_gaps, select_person
from pipelines.media.sources import FrameSource
from pipelines.runtime.progress import Progress


@dataclass(frozen=True)
class DrivingMotion:
    """poses [T, 17, 3]; detected [T, 17, 3]: the COCO-17 poses behind them; pts and durations (None: unknown) of the T
    frames in units of `time_base` seconds; size = width, height of the driving frames; gaps: what had to be filled."""

    poses: np.ndarray
    detected: np.ndarray
    pts: list[int]
    durations: list[int | None]
    time_base: Fraction
    size: tuple[int, int]
    gaps: GapSummary

    @property
    def rate(self) -> float:
        """Mean frames per second, 25 for a single frame."""
        span = (self.pts[-1] - self.pts[0]) * self.time_base
        return float((len(self.pts) - 1) / span) if span else 25.0


@dataclass(frozen=True)
class Sighting:
    """Everybody in every frame: people per frame [P, 17, 3] in `layout`, and the frames' time stamps and durations;
    warnings: what was wrong with the video."""

    track: PoseTrack
    durations: list[int | None]
    warnings: tuple[str, ...] = ()


def detect_image(picture: np.ndarray, extractor: KeypointDetector) -> Sighting:
    """Everybody in one picture uint8 RGB [H, W, 3]."""
    height, width = picture.shape[:2]
    people = PoseFrame(0, extractor.detect(picture))
    return Sighting(PoseTrack("coco17", width, height, Fraction(1, 25), [people]), [None])


def detect_video(
    source: FrameSource, extractor: KeypointDetector, progress: Progress, *, whole: bool = False, layout: str = "coco17"
) -> Sighting:
    """One pass over a driving video with a keypoint extractor; `layout` is what it finds.

    Raises:
        InputError: `whole` is wanted, but the video breaks off within the frames asked for.
    """
    progress.stage("keypoints", source.info.frames)
    info = source.info
    track, durations = PoseTrack(layout, info.width, info.height, info.time_base), []
    stamps: deque[int] = deque()

    def images() -> Iterator[np.ndarray]:
        for frame in source:
            stamps.append(frame.pts)
            durations.append(frame.duration)
            yield frame.image

    for people in extractor.track(images()):
        track.frames.append(PoseFrame(stamps.popleft(), people))
        progress.advance()
    if whole:
        _refuse_broken(source, len(durations))
    for warning in source.warnings:
        progress.note(warning)
    return Sighting(track, durations, tuple(source.warnings))


def align_track(track: PoseTrack, source: FrameSource, name: str) -> Sighting:
    """A ready pose track for a driving video, with the video's time stamps.

    Frame by frame if there are as many; else by time, so that a part of the video takes its part of the track.

    Raises:
        InputError: a frame of the video has no pose, or the video breaks off within the frames asked for.
    """
    stamps = [(frame.pts, frame.duration) for frame in source]
    _refuse_broken(source, len(stamps))
    poses = [frame.people for frame in track.frames]
    if len(stamps) != len(poses):
        known = {frame.pts * track.time_base: frame.people for frame in track.frames}
        times = [pts * source.info.time_base for pts, _ in stamps]
        if not all(time in known for time in times):
            raise InputError(f"{name} has {len(poses)} frames, {source.path} has {len(stamps)}: extract it again")
        poses = [known[time] for time in times]
    frames = [PoseFrame(pts, people) for (pts, _), people in zip(stamps, poses, strict=True)]
    scaled = PoseTrack(track.layout, track.width, track.height, source.info.time_base, frames)
    return Sighting(scaled, [duration for _, duration in stamps])


def _refuse_broken(source: FrameSource, frames: int) -> None:
    limit = source.selection.max_frames
    if source.stats.incomplete and (limit is None or frames < limit):
        raise InputError(
            f"{source.path} is damaged or cut short, {frames} of its frames can be read: "
            f"get a whole copy, or animate those with --max-frames {frames}"
        )


def follow(sighting: Sighting, cleaner: PoseCleaner, *, person: str, on_missing: str) -> DrivingMotion:
    """Choose one person, fill the gaps, clean the track with the motion network.

    Raises:
        InputError: nobody found, or a frame without the person under on_missing "fail".
    """
    track = sighting.track
    chosen = select_person([frame.people for frame in track.frames], person)
    filled, gaps = fill_gaps(chosen, on_missing)
    size = track.width, track.height
    if track.layout == "coco17":
        poses, detected = cleaner(filled, size=size, rate=track.rate), filled
    else:
        poses, detected = filled, h36m17_to_coco17(filled)
    pts = [frame.pts for frame in track.frames]
    return DrivingMotion(poses, detected, pts, sighting.durations, track.time_base, size, gaps)
