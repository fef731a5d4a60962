"""Backgrounds by the number of the output's frame."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.compositing.backgrounds import (
    ColourBackground,
    FileBackground,
    PictureBackground,
    TransparentBackground,
    cover,
)
from pipelines.compositing.layers import Layer
from tests.helpers.videos import TICKS, make_clip, make_corners, make_shade, read_shade

SIZE = (64, 48)


def at_rate(rate: int, count: int) -> list[Fraction]:
    """Times of frames in seconds."""
    return [Fraction(number, rate) for number in range(count)]


def shades(background: FileBackground, count: int) -> list[int]:
    return [read_shade(background.frame(number)) for number in range(count)]


def test_a_picture_a_colour_and_nothing() -> None:
    plate = make_corners()
    assert PictureBackground(plate).frame(7) is plate
    assert (ColourBackground((1, 2, 3), SIZE).frame(0) == np.full((48, 64, 3), (1, 2, 3))).all()
    assert TransparentBackground().frame(3) is None


def test_people_stay_where_they_are_and_the_output_has_the_size_of_the_picture() -> None:
    layer = Layer(np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32), (1, 2, 3, 4))
    assert TransparentBackground().place(layer, 0) is layer
    assert TransparentBackground().size((30, 40)) == (30, 40)


def test_a_video_of_the_same_rate_goes_along(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=10)
    background = FileBackground(clip, SIZE, at_rate(25, 10))
    assert shades(background, 10) == list(range(10))
    assert background.notes == []


@pytest.mark.parametrize(
    ("rate", "expected"), [(50, [0, 0, 1, 1, 2, 2, 3, 3, 4]), (10, [0, 2, 5, 7]), (Fraction(25, 4), [0, 4, 8])]
)
def test_a_video_is_shown_at_the_times_of_the_output(rate: int, expected: list[int], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=10)
    assert shades(FileBackground(clip, SIZE, at_rate(rate, len(expected))), len(expected)) == expected


def test_uneven_frames_last_as_long_as_in_the_file(tmp_path: Path) -> None:
    ticks = int(Fraction(1, 25) / TICKS)
    clip = make_clip(tmp_path / "a.mp4", frames=3, pts=[0, ticks, 4 * ticks], begin=Fraction(1, 2))
    assert shades(FileBackground(clip, SIZE, at_rate(25, 6)), 6) == [0, 1, 1, 1, 2, 0]


def test_a_short_video_starts_again_and_a_note_says_so(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "short.mp4", frames=4)
    background = FileBackground(clip, SIZE, at_rate(25, 11))
    assert shades(background, 11) == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]
    assert background.notes == ["short.mp4 lasts 0.16 s: it starts again where the output goes on"]


def test_frames_may_be_left_out_and_asked_for_twice(tmp_path: Path) -> None:
    background = FileBackground(make_clip(tmp_path / "a.mp4", frames=8), SIZE, at_rate(25, 30))
    assert [read_shade(background.frame(number)) for number in (1, 1, 5, 21)] == [1, 1, 5, 5]


def test_a_rotated_video_is_upright(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", frames=[make_corners()] * 2, rotation=90)
    assert FileBackground(clip, (48, 64), at_rate(25, 1)).frame(0).shape == (64, 48, 3)


def test_a_picture_covers_the_output_and_is_centred(tmp_path: Path) -> None:
    wide = np.zeros((24, 96, 3), np.uint8)
    wide[:, 32:64] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    background = FileBackground(tmp_path / "wide.png", (64, 48), at_rate(25, 3))
    assert background.frame(0) is background.frame(2)
    assert background.frame(0).shape == (48, 64, 3)
    assert background.frame(0)[24, 2:62].min() > 180
    assert background.notes == ["wide.png: 67% of it is cut off to cover the 64x48 output"]


@pytest.mark.parametrize(("own", "size"), [((10, 10), (7, 9)), ((33, 20), (64, 48)), ((200, 100), (31, 47))])
def test_cover_has_the_size_asked_for(own: tuple[int, int], size: tuple[int, int]) -> None:
    assert cover(make_shade(3, *own), size).shape == (size[1], size[0], 3)
    assert np.ptp(cover(make_shade(3, *own), size)) == 0


def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"a\.png"):
        FileBackground(tmp_path / "a.png", SIZE, at_rate(25, 1))
