"""`open_spread`: the middle frames of equal parts, with the file's time stamps."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import InputError
from pipelines.media.spread_frames import open_spread
from tests.helpers.media_files import copy_with_index_first, truncate_file
from tests.helpers.videos import make_clip, read_shade

GOP = {"g": "5"}


def shown(path: Path, count: int, **selection: Any) -> list[tuple[int, float]]:
    """(shade, time in seconds) of the frames; a second pass gives the same."""
    video = open_spread(path, count, **selection)
    passes = [[(read_shade(frame.image), float(video.time_of(frame.pts))) for frame in video] for _ in (1, 2)]
    assert passes[0] == passes[1]
    return passes[0]


@pytest.mark.parametrize("begin", [Fraction(0), Fraction(3)])
@pytest.mark.parametrize(
    ("selection", "frames"),
    [
        ({}, [3, 9, 15, 21]),
        ({"start": Fraction(8, 25)}, [10, 14, 18, 22]),
        ({"end": Fraction(16, 25)}, [2, 6, 10, 14]),
        ({"max_frames": 8}, [1, 3, 5, 7]),
        ({"max_frames": 3}, [0, 1, 2]),
        ({"max_frames": 5}, [0, 1, 3, 4]),
        ({"fps": Fraction(5)}, [3, 9, 15, 21]),
    ],
)
def test_a_video(selection: dict[str, Any], frames: list[int], begin: Fraction, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=24, options=GOP, begin=begin)
    assert shown(clip, 4, **selection) == [(number, number / 25) for number in frames]


def test_one_frame_is_the_one_in_the_middle(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=24, options=GOP)
    assert shown(clip, 1) == [(12, 12 / 25)]


def test_a_short_resampled_video_is_read_whole(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=24)
    found = shown(clip, 12, start=Fraction(4, 25), fps=Fraction(25, 4))
    assert [time for _, time in found] == pytest.approx([0.16, 0.32, 0.48, 0.64, 0.8])


def test_what_a_damaged_file_lacks_is_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (24, 48, 64, 3), np.uint8)
    whole = make_clip(tmp_path / "clip.mp4", frames=list(noise), options=GOP)
    video = open_spread(truncate_file(copy_with_index_first(whole, tmp_path / "cut.mp4"), 0.6), 6)
    assert 2 <= len(list(video)) < 6
    assert [note for note in video.warnings if note.startswith("cut.mp4 has no frames after 0.")]


def test_a_file_without_length_is_read_once_to_measure_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.h264", frames=24)
    assert [number for number, _ in shown(clip, 4)] == [3, 9, 15, 21]


def test_nothing_in_the_part(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frame between --start and --end"):
        open_spread(make_clip(tmp_path / "clip.mp4", frames=5), 4, start=Fraction(2))
