"""`gfla keypoints`: any input to a pose track file: detected or imported, one person, gaps filled, cleaned on request.

T frames, P people of a frame.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.configs import KeypointsConfig
from pipelines.generation.networks import load_pose_cleaner
from pipelines.keypoints.details import DetailName, PersonDetails, request_details
from pipelines.keypoints.detectors.registry import check_person, create_detector
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.quarter_turns import detect_upright_video
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.keypoints.track_pictures import drawing_path, mask_folder, write_drawing, write_masks
from pipelines.keypoints.track_quality import judge_track
from pipelines.keypoints.tracking import GapSummary, fill_gaps, select_person
from pipelines.media.files import check_output
from pipelines.media.sources import FrameSource, open_video
from pipelines.media.turning import turn_video
from pipelines.media.writer import check_video_output
from pipelines.option_groups import OnMissing
from pipelines.runtime.devices import choose_device, choose_precision, limit_threads
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

    def found(self) -> dict[str, int]:
        """In how many frames each of the details that were asked for was found."""
        known = [details for frame in self.track.frames if (details := _details(frame))]
        names = {"hands": ("left_hand", "right_hand"), "face": ("face",), "mask": ("mask",)}
        wanted = [part for name in _wanted(self.config) for part in names[name]]
        return {name: sum(getattr(each, name) is not None for each in known) for name in wanted}

    def summary(self) -> dict[str, Any]:
        """Everything as plain data."""
        config = self.config
        return {
            "input": config.input,
            "output": config.output,
            "mask_output": mask_folder(config.output) if config.mask else None,
            "debug_output": drawing_path(config.output) if config.debug else None,
            "frames_with": self.found(),
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
        found = "".join(f", {name.replace('_', ' ')} in {count}" for name, count in self.found().items())
        return (
            f"{self.gaps.frames} frames, {missing} without the person, {filled} joints filled in in the others{found}"
        )


def extract_keypoints(config: KeypointsConfig, progress: Progress = SILENT) -> KeypointsResult:
    """Detect or import the poses of `config.input` and save one person's track.

    Raises:
        InputError: unreadable input, nobody in it, an output that exists or can't be written.
        BackendUnavailable, WeightsError: the detector or the device can't be used.
    """
    start = time.monotonic()
    # 1. Refuse whatever can be refused before any work
    _check_outputs(config)
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
    if config.mask:
        write_masks(mask_folder(config.output), track, overwrite=config.overwrite)
    if config.debug:
        with _open_input(config) as video, turn_video(video, track.quarter_turns) as upright:
            write_drawing(drawing_path(config.output), track, upright, progress, overwrite=config.overwrite)
    return KeypointsResult(config, track, gaps, time.monotonic() - start)


def follow_person(track: PoseTrack, *, person: str, on_missing: OnMissing) -> tuple[PoseTrack, GapSummary]:
    """The track of one person with one pose per frame, and what was filled in.

    Raises:
        InputError: that person is in no frame, or missing in one under `on_missing` "fail".
    """
    chosen = select_person(track.people, person)  # [T, 17, 3]
    poses, gaps = fill_gaps(chosen, on_missing)  # [T, 17, 3]
    return _with_poses(track, poses, track.details_of(chosen)), gaps


def _wanted(config: KeypointsConfig) -> list[DetailName]:
    asked: dict[DetailName, bool] = {"hands": config.hands, "face": config.face, "mask": config.mask}
    return [name for name, is_asked in asked.items() if is_asked]


def _check_outputs(config: KeypointsConfig) -> None:
    check_output(config.output, overwrite=config.overwrite, inputs=list_input_files(config))
    others = {mask_folder(config.output): config.mask, drawing_path(config.output): config.debug}
    for path in (path for path, is_asked in others.items() if is_asked):
        check_video_output(path, overwrite=config.overwrite, inputs=list_input_files(config))
    options = [f"--{name}" for name in _wanted(config)] + ["--debug"] * bool(config.debug)
    if options and is_track(config.input):
        raise InputError(f"{config.input} is a pose file, {', '.join(options)} need the frames: use the video")


def _open_input(config: KeypointsConfig) -> FrameSource:
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    return open_video(config.input, **selection)


def _find_track(config: KeypointsConfig, progress: Progress) -> PoseTrack:
    if is_track(config.input):
        rate = None if config.fps is None else Fraction(config.fps)
        track = load_track(config.input, rate=rate)
        note_all(progress, track.warnings)
        return select_frames(track, config.start, config.end, config.max_frames)
    device, wanted = choose_device(config.device, progress.note), _wanted(config)
    limit_threads(device)
    name = "mediapipe" if wanted and config.keypoints == "auto" else config.keypoints  # the one that finds details
    options = {"device": str(device), "precision": choose_precision(config.precision, device)}
    detector = create_detector(name, **options, yolo_weights=config.yolo_weights, note=progress.note)
    check_person(config.person, detector)
    request_details(detector, wanted)
    with _open_input(config) as video:
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
    # Depths are of COCO-17 joints, everything else is of the person.
    known = [_details(frame) for frame in track.frames]
    known = [replace(details, depth=None) if details else None for details in known]
    return replace(_with_poses(track, poses, known), layout="h36m17")


def _details(frame: PoseFrame) -> PersonDetails | None:
    """What else is known of the one person of a frame."""
    return frame.details[0] if frame.details else None


def _with_poses(track: PoseTrack, poses: np.ndarray, known: Sequence[PersonDetails | None]) -> PoseTrack:
    """`track` with the poses [T, 17, 3] in place of its people, and what else is known of them in each frame."""
    frames = [
        replace(frame, people=pose[None], details=(details,) if details else ())
        for frame, pose, details in zip(track.frames, poses, known, strict=True)
    ]
    return replace(track, frames=frames)
