"""Everybody in the frames of a video."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.detection import detect_video
from pipelines.media.sources import open_video
from tests.helpers.media_files import truncate_file, write_video


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


def test_what_was_changed_in_the_video_is_said(tmp_path: Path) -> None:
    part = write_video(tmp_path / "part.ts").read_bytes()
    (tmp_path / "clip.ts").write_bytes(part + part)
    (note,) = detect_video(open_video(tmp_path / "clip.ts"), Blind()).warnings
    assert note.startswith("clip.ts: its time starts again 1 time(s)")
