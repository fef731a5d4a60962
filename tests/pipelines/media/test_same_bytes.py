"""An output depends on its pictures alone, not on what memory held before or on chance."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipelines.media.writer import open_output


@pytest.mark.parametrize(
    ("name", "codec"), [("out.mp4", None), ("out.mov", "hevc"), ("out.webm", None), ("out.gif", None)]
)
def test_the_same_pictures_are_the_same_bytes_each_time(tmp_path: Path, name: str, codec: str | None):
    chance = np.random.default_rng(0)
    slope = np.indices((240, 192)).sum(0)[..., None] * 1.3 + np.arange(3)
    pictures = [((slope + 4 * n) % 255 + chance.integers(0, 8, slope.shape)).astype(np.uint8) for n in range(6)]
    found = set()
    for attempt in range(10):
        waste = [chance.integers(0, 255, 192 * 240 * 3 + 1000 * n + attempt, np.uint8) for n in range(5)]
        del waste  # what memory holds before it is used must not count
        path = tmp_path / f"{attempt}{name}"
        tick = Fraction(1, 25)
        with open_output(path, width=192, height=240, time_base=tick, codec=codec, threads=1) as writer:
            for number, picture in enumerate(pictures):
                writer.write(picture, number, 1)
        found.add(path.read_bytes())
    assert len(found) == 1
