"""The driving person's track meets the driving video."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.detection import align_track, detect_video
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.sources import open_video
from tests.helpers.media_files import truncate_file, write_video


def track(frames: int, *, begin: int = 0) -> PoseTrack:
    """A pose per frame at 25 frames a second, its x the number of the frame."""
    poses = [np.full((1, 17, 3), index, np.float32) for index in range(frames)]
    return PoseTrack(
        "coco17", 96, 96, Fraction(1, 25), [PoseFrame(begin + index, pose) for index, pose in enumerate(poses)]
    )


def numbers(aligned) -> list[int]:
    return [int(frame.people[0, 0, 0]) for frame in aligned.frames]


def test_as_many_poses_as_frames_are_matched_in_order(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4", frames=6))
    aligned = align_track(track(6, begin=1000), source, "poses.json")
    assert numbers(aligned) == list(range(6))
    assert [frame.pts * aligned.time_base for frame in aligned.frames] == [Fraction(i, 25) for i in range(6)]


def test_a_part_of_the_video_takes_its_part_of_the_track(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4"), start=0.2, max_frames=3)
    assert numbers(align_track(track(12), source, "poses.json")) == [5, 6, 7]


def test_a_track_of_another_video_is_refused(tmp_path: Path) -> None:
    source = open_video(write_video(tmp_path / "clip.mp4"))
    with pytest.raises(InputError, match=r"poses.json has 8 frames, .*clip.mp4 has 12"):
        align_track(track(8), source, "poses.json")


def test_what_was_changed_in_the_video_is_said_with_either_track(tmp_path: Path) -> None:
    part = write_video(tmp_path / "part.ts").read_bytes()
    (tmp_path / "clip.ts").write_bytes(part + part)
    source = open_video(tmp_path / "clip.ts")
    for each in (align_track(track(24), source, "poses.json"), detect_video(source, Blind())):
        (note,) = each.warnings
        assert note.startswith("clip.ts: its time starts again 1 time(s)")


class Blind:
    name = "blind"

    def detect(self, image):
        return np.empty((0, 17, 3), np.float32)

    def track(self, images):
        return map(self.detect, images)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_video_that_breaks_off_is_refused_only_within_the_frames_asked_for(tmp_path: Path, suffix: str) -> None:
    clip = truncate_file(write_video(tmp_path / f"clip.{suffix}", frames=40, moov_first=suffix == "mp4"), 0.8)
    source = open_video(clip)
    readable = len(detect_video(source, Blind()).frames)
    assert 1 < readable < 40
    with pytest.raises(InputError, match=f"--max-frames {readable}$"):
        detect_video(source, Blind(), require_all=True)
    for frames in (1, readable):
        part = open_video(clip, max_frames=frames)
        assert len(detect_video(part, Blind(), require_all=True).frames) == frames
        assert len(align_track(track(frames), part, "poses.json").frames) == frames
    with pytest.raises(InputError, match="cut short"):
        align_track(track(readable), source, "poses.json")
