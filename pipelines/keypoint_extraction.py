"""Any input -> pose track file: frames or imported poses, one person followed, gaps filled, perhaps cleaned.

T frames, P people of a frame.
"""

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.keypoints.cleaning import clean_poses
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.track import PoseFrame, PoseTrack, is_track, load_track, save_track, select_frames
from pipelines.keypoints.tracking import GapSummary, fill_gaps, select_person
from pipelines.media.files import check_output
from pipelines.media.sources import open_video
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import Progress, SilentProgress


@dataclass(frozen=True)
class ExtractConfig:
    """What `gfla keypoints` was asked for. Times in seconds; `fps` resamples a video, or tells an import's rate."""

    input: Path
    output: Path
    overwrite: bool = False
    layout: str = "coco17"
    start: Fraction | None = None
    end: Fraction | None = None
    max_frames: int | None = None
    fps: Fraction | None = None
    keypoints: str = "auto"
    yolo_weights: Path | None = None
    person: str = "largest"
    on_missing: str = "interpolate"
    device: str = "auto"


@dataclass(frozen=True)
class ExtractResult:
    """The saved track, what had to be filled in, and the seconds it took."""

    config: ExtractConfig
    track: PoseTrack
    gaps: GapSummary
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "input": self.config.input,
            "output": self.config.output,
            "layout": self.track.layout,
            "width": self.track.width,
            "height": self.track.height,
            "frames": self.gaps.frames,
            "frames_without_person": self.gaps.missing_frames,
            "joints_filled_in": self.gaps.filled_joints,
            "seconds": round(self.seconds, 2),
        }

    def line(self) -> str:
        """One line about how it went."""
        missing, filled = self.gaps.missing_frames, self.gaps.filled_joints
        return f"{self.gaps.frames} frames, {missing} without the person, {filled} joints filled in elsewhere"


def run(config: ExtractConfig, progress: Progress | None = None) -> ExtractResult:
    """Extract or import the poses of `config.input` and save one person's track.

    Raises:
        InputError: unreadable input, nobody in it, an output that exists or can't be written.
        BackendUnavailable, WeightsError: the extractor or the device can't be had.
    """
    began, progress = time.monotonic(), progress or SilentProgress()
    check_output(config.output, overwrite=config.overwrite, inputs=[config.input])
    if is_track(config.input):
        track = select_frames(load_track(config.input, rate=config.fps), config.start, config.end, config.max_frames)
    else:
        track = _extracted(config, progress)
    track, gaps = followed(track, str(config.input), person=config.person, on_missing=config.on_missing)
    save_track(config.output, _in_layout(track, config))
    return ExtractResult(config, replace(track, layout=config.layout), gaps, time.monotonic() - began)


def followed(track: PoseTrack, name: str, *, person: str, on_missing: str) -> tuple[PoseTrack, GapSummary]:
    """The track of one person with one pose per frame, and what was filled in; `name` stands in the messages.

    Raises:
        InputError: that person is in no frame, or missing in one under `on_missing` "fail".
    """
    try:
        points, gaps = fill_gaps(select_person([frame.people for frame in track.frames], person), on_missing)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return _with_points(track, points), gaps


def _extracted(config: ExtractConfig, progress: Progress) -> PoseTrack:
    device = str(choose_device(config.device))
    extractor = create_detector(config.keypoints, device=device, yolo_weights=config.yolo_weights, note=progress.note)
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    with open_video(config.input, **selection) as source:
        return detect_video(source, extractor, progress).track


def _in_layout(track: PoseTrack, config: ExtractConfig) -> PoseTrack:
    if track.layout == config.layout:
        return track
    if config.layout == "coco17":
        raise InputError(f"{config.input} holds {track.layout} poses, which can't become coco17: add --layout h36m17")
    from models.weights import load_weights

    network = load_weights("motion", device=choose_device(config.device), expect="motion")
    points = clean_poses(np.concatenate([frame.people for frame in track.frames]), network, rate=track.rate)
    return replace(_with_points(track, points), layout="h36m17")


def _with_points(track: PoseTrack, points: np.ndarray) -> PoseTrack:
    """`track` with the poses [T, 17, 3] in place of its people."""
    frames = [PoseFrame(frame.pts, pose[None]) for frame, pose in zip(track.frames, points, strict=True)]
    return replace(track, frames=frames)
