"""Animated pictures with the timing of browsers, and folders of numbered pictures."""

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from pipelines.media.sources import open_video
from tests.helpers.videos import make_shade, read_shade


def make_animation(path: Path, delays: list[int]) -> Path:
    first, *rest = [Image.fromarray(make_shade(3 * number)) for number in range(len(delays))]
    first.save(path, save_all=True, append_images=rest, duration=delays, loop=0, lossless=True)
    return path


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
@pytest.mark.parametrize(
    ("delays", "shown", "short"),
    [
        ([0, 0, 0], [100, 100, 100], 3),
        ([10, 10, 10, 10], [100, 100, 100, 100], 4),
        ([20, 10, 30, 0], [20, 100, 30, 100], 2),
        ([20, 30, 40], [20, 30, 40], 0),
    ],
)
def test_delays_that_browsers_do_not_follow(tmp_path: Path, suffix: str, delays, shown, short: int):
    source = open_video(make_animation(tmp_path / f"clip.{suffix}", delays))
    assert [frame.duration for frame in source] == shown
    assert source.info.rate == Fraction(1000 * len(shown), sum(shown))
    clause = f"asks for 10 ms or less for {short} of {len(shown)} frames: they are shown for 100 ms, as browsers do"
    assert source.warnings == ([f"clip.{suffix} {clause}"] if short else [])


def test_numbers_in_names_are_decimal_digits_only(tmp_path: Path):
    """A superscript is no number: "5²5" has two."""
    for number, name in enumerate(["5²1.png", "5²5.png", "5²10.png", "5٣.png", "٦.png"]):
        Image.fromarray(make_shade(number)).save(tmp_path / name)
    shades = [read_shade(frame.image) for frame in open_video(tmp_path)]
    assert shades.index(0) < shades.index(1) < shades.index(2)
    assert shades.index(4) < shades.index(3)  # 6 comes before 53
