"""`gfla keypoints`: any input to a pose track file: detected or imported, one person, gaps filled, cleaned on request.

T frames, P people of a frame.
"""

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.configs import KeypointsConfig, OnMissing
from pipelines.generation.networks import load_pose_cleaner
from pipelines.keypoints.detectors.registry import check_person, create_detector
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.quarter_turns import detect_upright_video
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.keypoints.track_quality import judge_track
from pipelines.keypoints.tracking import GapSummary, fill_gaps, select_person
from pipelines.media.files import check_output
from pipelines.media.sources import open_video
from pipelines.runtime.devices import choose_device
from pipelines.runtime.errors import error_context
from pipelines.runtime.input_files import list_input_files
from pipelines.runtime.progress import SILENT, Progress, note_all


@dataclass(frozen=True)
class KeypointsResult:
    """What a run of `extract_keypoints` saved and how long it took."""

    config: KeypointsConfig
    """The options of the run."""
    track: PoseTrack
    """The saved track: one person per frame."""
    gaps: GapSummary
    """What had to be filled in."""
    seconds: float
    """Wall time of the run in seconds."""

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
        return f"{self.gaps.frames} frames, {missing} without the person, {filled} joints filled in in the others"


def extract_keypoints(config: KeypointsConfig, progress: Progress = SILENT) -> KeypointsResult:
    """Detect or import the poses of `config.input` and save one person's track.

    Raises:
        InputError: unreadable input, nobody in it, an output that exists or can't be written.
        BackendUnavailable, WeightsError: the detector or the device can't be used.
    """
    start = time.monotonic()
    # 1. Refuse whatever can be refused before any work
    check_output(config.output, overwrite=config.overwrite, inputs=list_input_files(config))
    # 2. Everybody in every frame: T frames of people [P, 17, 3]
    track = _find_track(config, progress)
    # 3. One person, gaps filled: T frames of [1, 17, 3]
    with error_context(config.input):
        selected = select_person(track.people, config.person)
        note_all(progress, judge_track(track, selected, start=float(config.start or 0)))
        track, gaps = follow_person(track, person=config.person, on_missing=config.on_missing)
    # 4. In the layout asked for
    track = _convert_layout(track, config)
    # 5. Save
    save_track(config.output, track)
    return KeypointsResult(config, track, gaps, time.monotonic() - start)


def follow_person(track: PoseTrack, *, person: str, on_missing: OnMissing) -> tuple[PoseTrack, GapSummary]:
    """The track of one person with one pose per frame, and what was filled in.

    Raises:
        InputError: that person is in no frame, or missing in one under `on_missing` "fail".
    """
    poses, gaps = fill_gaps(select_person(track.people, person), on_missing)  # [T, 17, 3]
    return _with_poses(track, poses), gaps


def _find_track(config: KeypointsConfig, progress: Progress) -> PoseTrack:
    if is_track(config.input):
        rate = None if config.fps is None else Fraction(config.fps)
        track = load_track(config.input, rate=rate)
        note_all(progress, track.warnings)
        return select_frames(track, config.start, config.end, config.max_frames)
    device = str(choose_device(config.device, progress.note))
    detector = create_detector(config.keypoints, device=device, yolo_weights=config.yolo_weights, note=progress.note)
    check_person(config.person, detector)
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    with open_video(config.input, **selection) as video:
        track = detect_upright_video(video, detector, progress)
    note_all(progress, track.warnings)
    return track


def _convert_layout(track: PoseTrack, config: KeypointsConfig) -> PoseTrack:
    """The track of one person in `config.layout`; COCO-17 becomes Human3.6M-17 through the motion network."""
    if track.layout == config.layout:
        return track
    if config.layout == "coco17":
        raise InputError(f"{config.input} holds {track.layout} poses, which can't become coco17: add --layout h36m17")
    cleaner = load_pose_cleaner("motion", choose_device(config.device))
    poses = cleaner(np.concatenate(track.people), size=track.size, rate=track.rate)  # [T, 17, 3]
    return replace(_with_poses(track, poses), layout="h36m17")


def _with_poses(track: PoseTrack, poses: np.ndarray) -> PoseTrack:
    """`track` with the poses [T, 17, 3] in place of its people."""
    frames = [replace(frame, people=pose[None]) for frame, pose in zip(track.frames, poses, strict=True)]
    return replace(track, frames=frames)
