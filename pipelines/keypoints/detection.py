"""Pose tracks from pictures and videos: everybody in every frame, as a keypoint detector finds them.

P people of a frame; people are float32 [P, 17, 3] COCO-17, or [P, 68, 3] landmarks of faces.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from models.errors import InputError
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.sources import FrameSource
from pipelines.runtime.progress import SILENT, Progress


def detect_image(picture: np.ndarray, detector: KeypointDetector) -> PoseTrack:
    """Everybody in one picture uint8 RGB [H, W, 3], as a COCO-17 track of one frame."""
    height, width = picture.shape[:2]
    return PoseTrack("coco17", width, height, Fraction(1, 25), [PoseFrame(0, detector.detect(picture))])


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

    for people in detector.track(images()):
        pts, duration = stamps.popleft()
        track.frames.append(PoseFrame(pts, people, duration))
        progress.advance()
    if require_all:
        _require_all_frames(video, len(track.frames))
    track.warnings = tuple(video.warnings)
    return track


def align_track(track: PoseTrack, video: FrameSource, name: str) -> PoseTrack:
    """A pose track that was made of a driving video before, with the time stamps and durations of the video's frames.

    Problems of the video become warnings of the track.

    Frame by frame if there are as many; otherwise by time, so that a part of the video gets its part of the track.

    Raises:
        InputError: a frame of the video has no pose (`name` is the track in the message), or the video breaks off
            within the selected frames.
    """
    stamps = [(frame.pts, frame.duration) for frame in video]
    _require_all_frames(video, len(stamps))
    people = track.people
    if len(stamps) != len(people):
        by_time = {frame.pts * track.time_base: frame.people for frame in track.frames}
        times = [pts * video.info.time_base for pts, _ in stamps]
        if not all(time in by_time for time in times):
            raise InputError(f"{name} has {len(people)} frames, {video.path} has {len(stamps)}: extract it again")
        people = [by_time[time] for time in times]
    frames = [PoseFrame(pts, each, duration) for (pts, duration), each in zip(stamps, people, strict=True)]
    warnings = (*track.warnings, *video.warnings)
    return replace(track, time_base=video.info.time_base, frames=frames, warnings=warnings)


def _require_all_frames(video: FrameSource, frames: int) -> None:
    limit = video.selection.max_frames
    if video.stats.incomplete and (limit is None or frames < limit):
        raise InputError(
            f"{video.path} is damaged or cut short, only {frames} of its frames can be read: "
            f"get a complete copy, or animate those with --max-frames {frames}"
        )
