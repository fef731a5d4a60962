"""Pose tracks from any file: ours, OpenPose's or AlphaPose's; and which of their frames are used."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from models.errors import InputError
from pipelines.keypoints.importers import load_openpose, parse_alphapose, parse_openpose
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import load_json, parse_track


def load_track(
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    rate: Fraction | None = None,
    in_sequence: bool = True,
) -> PoseTrack:
    """Read a pose track: our JSON, an OpenPose JSON file or a folder of them, or an AlphaPose JSON file.

    Args:
        path: file or folder.
        size: width, height of the video for formats that do not store it; estimated from the joints if None.
        rate: frames per second for formats that do not store it; 25 if None. What is estimated stands in the track's
            warnings.
        in_sequence: whether OpenPose's and AlphaPose's poses are of one video; frames that their numbers leave out are
            then frames without people.

    Raises:
        InputError: nothing there, or none of these formats.
    """
    path = Path(path)
    if path.is_dir():
        return load_openpose(path, size=size, rate=rate, in_sequence=in_sequence)
    data = load_json(path)
    if isinstance(data, dict) and ("layout" in data or "frames" in data):
        return parse_track(data, str(path))
    if isinstance(data, dict) and any(isinstance(data.get(group), list) for group in ("people", "bodies")):
        return parse_openpose([(str(path), data)], str(path), size=size, rate=rate)
    return parse_alphapose(data, str(path), size=size, rate=rate, in_sequence=in_sequence)


def select_frames(
    track: PoseTrack, start: Fraction | float | None, end: Fraction | float | None, max_frames: int | None
) -> PoseTrack:
    """The frames with start <= time < end, in seconds after the track's first frame, `max_frames` at most.

    Raises:
        InputError: none is left.
    """
    zero = track.frames[0].pts

    def inside(frame: PoseFrame) -> bool:
        seconds = (frame.pts - zero) * track.time_base
        return (start is None or seconds >= start) and (end is None or seconds < end)

    frames = [frame for frame in track.frames if inside(frame)][:max_frames]
    if not frames:
        length = float((track.frames[-1].pts - zero) * track.time_base)
        raise InputError(f"no frame between --start and --end: the track is {length:.3g} s long")
    return replace(track, frames=frames)


def is_track(path: str | Path) -> bool:
    """Whether a driving input is a pose track: a .json file, or a folder with JSON files and nothing else."""
    path = Path(path)
    if not path.is_dir():
        return path.suffix.lower() == ".json"
    files = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    return bool(files) and all(entry.suffix.lower() == ".json" for entry in files)
