"""Pose tracks from pictures and videos: everybody in every frame, as a keypoint detector finds them.

P people of a frame; people are float32 [P, 17, 3] COCO-17, or [P, 68, 3] landmarks of faces.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from models.errors import InputError
from pipelines.keypoints.details import DetailedDetector, People
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.sources import FrameSource
from pipelines.runtime.progress import SILENT, Progress


def detect_image(picture: np.ndarray, detector: KeypointDetector) -> PoseTrack:
    """Everybody in one picture uint8 RGB [H, W, 3], as a COCO-17 track of one frame."""
    height, width = picture.shape[:2]
    people = detector.detect_people(picture) if isinstance(detector, DetailedDetector) else detector.detect(picture)
    return PoseTrack("coco17", width, height, Fraction(1, 25), [_make_frame(0, people, None)])


def detect_video(
    video: FrameSource,
    detector: KeypointDetector,
    progress: Progress = SILENT,
    *,
    layout: str = "coco17",
    require_all: bool = False,
) -> PoseTrack:
    """Everybody in every frame of a driving video, in one pass; problems of the video become warnings of the track.

    Args:
        layout: joint layout of the detector.
        require_all: refuse a video that breaks off within the selected frames.

    Raises:
        InputError: `require_all`, and the video breaks off.
    """
    info = video.info
    progress.stage("keypoints", info.frames)
    track = PoseTrack(layout, info.width, info.height, info.time_base)
    stamps: deque[tuple[int, int | None]] = deque()  # of frames that the detector has taken but not yet answered

    def images() -> Iterator[np.ndarray]:
        for frame in video:
            stamps.append((frame.pts, frame.duration))
            yield frame.image

    found = detector.track_people(images()) if isinstance(detector, DetailedDetector) else detector.track(images())
    for people in found:
        pts, duration = stamps.popleft()
        track.frames.append(_make_frame(pts, people, duration))
        progress.advance()
    if require_all:
        _require_all_frames(video, len(track.frames))
    track.warnings = tuple(video.warnings)
    return track


def _make_frame(pts: int, people: np.ndarray | People, duration: int | None) -> PoseFrame:
    if isinstance(people, People):
        return PoseFrame(pts, people.poses, duration, people.details)
    return PoseFrame(pts, people, duration)


def align_track(track: PoseTrack, video: FrameSource, name: str) -> PoseTrack:
    """A pose track that was made of a driving video before, with the time stamps and durations of the video's frames.

    Frame by frame if there are as many; otherwise by time, so that a part of the video gets its part of the track.

    Raises:
        InputError: a frame of the video has no pose (`name` is the track in the message), or the video breaks off
            within the selected frames.
    """
    stamps = [(frame.pts, frame.duration) for frame in video]
    _require_all_frames(video, len(stamps))
    known = track.frames
    if len(stamps) != len(known):
        by_time = {frame.pts * track.time_base: frame for frame in known}
        times = [pts * video.info.time_base for pts, _ in stamps]
        if not all(time in by_time for time in times):
            raise InputError(f"{name} has {len(known)} frames, {video.path} has {len(stamps)}: extract it again")
        known = [by_time[time] for time in times]
    frames = [replace(frame, pts=pts, duration=duration) for (pts, duration), frame in zip(stamps, known, strict=True)]
    return replace(track, time_base=video.info.time_base, frames=frames)


def _require_all_frames(video: FrameSource, frames: int) -> None:
    limit = video.selection.max_frames
    if video.stats.incomplete and (limit is None or frames < limit):
        raise InputError(
            f"{video.path} is damaged or cut short, only {frames} of its frames can be read: "
            f"get a complete copy, or animate those with --max-frames {frames}"
        )
