"""Frames with an odd width or height: the size that is reported is that of the file, and padding is noted."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.media.writer import open_output, written_size


@pytest.mark.parametrize("name", ["out.mp4", "out.MOV", "out.webm", "out.gif", "out/%05d.png"])
@pytest.mark.parametrize("size", [(33, 25), (34, 25), (34, 26)])
def test_the_written_size_is_that_of_the_file(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    with open_output(path, width=size[0], height=size[1], time_base=Fraction(1, 25)) as writer:
        writer.write(np.zeros((size[1], size[0], 3), np.uint8), 0)
    with av.open(str(path).replace("%05d", "00000")) as file:
        stream = file.streams.video[0]
        found = stream.width, stream.height
    assert written_size(path, size) == found
    padded = [f"{size[0]}x{size[1]} is written as {found[0]}x{found[1]}: video needs even sides"]
    assert writer.notes == (padded if found != size else [])
