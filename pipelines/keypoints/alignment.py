"""Pose files of a driving video meet the video: which pose belongs to which of its frames.

Pose tracks have times. The files of OpenPose and AlphaPose and those of landmarks have none, but their names count the
frames of the video, from 0 or from 1, so the video is read once more to count its frames. Called by the chains.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from models.errors import InputError
from pipelines.keypoints.detection import require_all_frames
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.folders import PictureFolder
from pipelines.media.frames import Backend, ReadStats
from pipelines.media.sources import FrameSource
from pipelines.media.timing import TimedFrame


def align_track(track: PoseTrack, video: FrameSource, name: str, *, require_all: bool = False) -> PoseTrack:
    """A pose track that was made of a driving video before, with the time stamps and durations of the video's frames.

    A track with times is taken frame by frame if there are as many frames; otherwise by time, so that a part of the
    video gets its part of the track. A track without times is taken by the numbers of its frames; frames that it leaves
    out show nobody. Problems of the video, and what had to be guessed, become warnings of the result.

    Args:
        name: the track in messages.
        require_all: refuse a track without times that leaves out selected frames.

    Raises:
        InputError: a frame of the video has no pose, or the video breaks off within the selected frames.
    """
    stamps = [(frame.pts, frame.duration) for frame in video]
    require_all_frames(video, len(stamps))
    pts, notes = [stamp for stamp, _ in stamps], []
    found = _match_times(track, video, name, pts) if track.timed else _match_numbers(track, video, name, pts, notes)
    if any(each is None for each in found) and require_all:
        raise _mismatch(track, video, name, len(pts))
    nobody = PoseFrame(0, track.people[0][:0])
    frames = [
        replace(each or nobody, pts=stamp, duration=duration)
        for (stamp, duration), each in zip(stamps, found, strict=True)
    ]
    return PoseTrack(track.layout, *track.size, video.info.time_base, frames, (*notes, *video.warnings))


def _match_times(track: PoseTrack, video: FrameSource, name: str, pts: list[int]) -> Sequence[PoseFrame | None]:
    if len(pts) == len(track.frames):
        return track.frames
    by_time = {frame.pts * track.time_base: frame for frame in track.frames}
    times = [stamp * video.info.time_base for stamp in pts]
    if not all(time in by_time for time in times):
        raise _mismatch(track, video, name, len(pts))
    return [by_time[time] for time in times]


def _match_numbers(
    track: PoseTrack, video: FrameSource, name: str, pts: list[int], notes: list[str]
) -> Sequence[PoseFrame | None]:
    """What the track has for each selected frame; None where it leaves it out."""
    first, length, count = track.first_number, len(track.frames), _count_frames(video)
    if length in (len(pts), count.total) and first in (None, 0, 1):  # all, or made of just the selected frames
        by_index = dict(enumerate(track.frames))
        return track.frames if length == len(pts) else [by_index.get(count.numbers[stamp]) for stamp in pts]
    if first is None:
        raise InputError(
            f"{name} has {length} frames, {video.path} has {count.total or len(pts)}, and the names of the poses do "
            "not count them: extract it again"
        )
    numbers = _name_frames(video, first, length, count, notes, name)
    by_name = dict(enumerate(track.frames, first))
    return [by_name.get(numbers[count.numbers[stamp]]) for stamp in pts]


def _mismatch(track: PoseTrack, video: FrameSource, name: str, frames: int) -> InputError:
    return InputError(f"{name} has {len(track.frames)} frames, {video.path} has {frames}: extract it again")


def _name_frames(
    video: FrameSource, first: int, length: int, count: "_FrameCount", notes: list[str], name: str
) -> Sequence[int]:
    """The number that each frame of the video has in the names of the poses, which count `length` from `first` on."""
    if in_names := _numbers_in_names(video):
        return in_names
    start = 1 if first == 1 else 0
    beyond = 0 if count.total is None else first + length - start - count.total
    if beyond > 0:  # so they do not count from `start`
        start += beyond if count.is_exact or length == count.total else 1
        if start > 1 and length != count.total:
            raise InputError(
                f"{name} has poses up to frame {first + length - 1}, {video.path} has {count.total} frames: "
                "extract it again"
            )
    if first > start or first == 1:
        notes.append(f"{name} begins with frame {first}, the video is taken to begin with frame {start}")
    return range(start, start + max(count.numbers.values()) + 1)


def _numbers_in_names(video: FrameSource) -> list[int] | None:
    """The last number in each name of a folder of pictures; None if they do not rise, or for a video."""
    if not isinstance(video.backend, PictureFolder):
        return None
    digits = [re.findall(r"\d+", file.stem)[-1:] for file in video.backend.files]
    numbers = [int(found[0]) for found in digits if found]
    rise = all(before < after for before, after in pairwise(numbers))
    return numbers if rise and len(numbers) == len(digits) else None


@dataclass(frozen=True)
class _FrameCount:
    """The frames of a complete video, counted from 0."""

    numbers: dict[int, int]
    """By the pts of the selected frames: the number of the frame that is shown."""
    total: int | None
    """How many there are, as read or as the header says; None if unknown."""
    is_exact: bool
    """Whether they were all read."""


def _count_frames(video: FrameSource) -> _FrameCount:
    numbered = _NumberedFrames(video.backend)
    frames = FrameSource(video.path, numbered, video.selection)
    numbers = {frame.pts: int(frame.image.flat[0]) for frame in frames}
    finished = frames.stats.finished
    return _FrameCount(numbers, numbered.count if finished else video.backend.file_info.frames, finished)


class _NumberedFrames:
    """A backend of `FrameSource` whose pictures are one pixel that holds the number of the frame in the file."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.file_info, self.count = backend, backend.file_info, 0

    def read(self, start: int, stats: ReadStats) -> Generator[TimedFrame]:
        """See `Backend.read`; always from the first frame, because only then are the numbers known."""
        for number, frame in enumerate(self.backend.read(self.file_info.start_pts, stats)):
            self.count = number + 1
            yield replace(frame, load=partial(np.full, (1, 1, 3), number))
