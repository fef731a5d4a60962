"""Pose tracks from pictures and videos: everybody in every frame, as a keypoint detector finds them.

P people of a frame; people are float32 [P, 17, 3] COCO-17, or [P, 68, 3] landmarks of faces.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np

from models.errors import InputError
from pipelines.keypoints.appearance import make_thumbnail, trunk_colours
from pipelines.keypoints.details import DetailedDetector, People
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.sources import Frame, FrameSource
from pipelines.runtime.progress import SILENT, Progress
from pipelines.runtime.workers import read_ahead


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
    frames: deque[tuple[Frame, np.ndarray]] = (
        deque()
    )  # and thumbnails, that the detector has taken but not yet answered

    def images(described: Iterator[tuple[Frame, np.ndarray]]) -> Iterator[np.ndarray]:
        for frame, thumbnail in described:
            frames.append((frame, thumbnail))
            yield frame.image

    # A GPU reads a frame in less time than decoding it and making its thumbnail take: each has a thread
    with (
        closing(read_ahead(video)) as decoded,
        closing(read_ahead((frame, make_thumbnail(frame.image)) for frame in decoded)) as described,
    ):
        taken = images(described)
        for people in detector.track_people(taken) if isinstance(detector, DetailedDetector) else detector.track(taken):
            decoded_frame, thumbnail = frames.popleft()
            frame = _make_frame(decoded_frame.pts, people, decoded_frame.duration)
            colours = trunk_colours(decoded_frame.image, frame.people) if layout == "coco17" else None
            track.frames.append(replace(frame, thumbnail=thumbnail, colours=colours))
            progress.advance()
    if require_all:
        require_all_frames(video, len(track.frames))
    track.warnings = tuple(video.warnings)
    return track


def _make_frame(pts: int, people: np.ndarray | People, duration: int | None) -> PoseFrame:
    if isinstance(people, People):
        return PoseFrame(pts, people.poses, duration, details=people.details)
    return PoseFrame(pts, people, duration)


def require_all_frames(video: FrameSource, frames: int) -> None:
    """Raises InputError if the video broke off after `frames` frames and more were selected."""
    limit = video.selection.max_frames
    if video.stats.incomplete and (limit is None or frames < limit):
        raise InputError(
            f"{video.path} is damaged or cut short, only {frames} of its frames can be read: "
            f"get a complete copy, or animate those with --max-frames {frames}"
        )
