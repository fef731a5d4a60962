"""Pose tracks from pictures and videos: everybody in every frame, as a keypoint detector finds them.

P people of a frame; people are float32 [P, 17, 3] COCO-17, or [P, 68, 3] landmarks of faces.
"""

from collections import deque
from collections.abc import Iterator
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
        require_all_frames(video, len(track.frames))
    track.warnings = tuple(video.warnings)
    return track


def require_all_frames(video: FrameSource, frames: int) -> None:
    """Raises InputError if the video broke off after `frames` frames and more were selected."""
    limit = video.selection.max_frames
    if video.stats.incomplete and (limit is None or frames < limit):
        raise InputError(
            f"{video.path} is damaged or cut short, only {frames} of its frames can be read: "
            f"get a complete copy, or animate those with --max-frames {frames}"
        )
