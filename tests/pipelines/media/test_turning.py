"""Quarter turns of pictures and videos."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.media.sources import open_video
from pipelines.media.turning import turn_picture, turn_video
from tests.helpers.videos import corner_pixels, make_clip, make_corners

COLOURS = corner_pixels(make_corners())  # red, green, blue, white: top left, top right, bottom left, bottom right


def corners(image: np.ndarray) -> np.ndarray:
    """A pixel near each corner of any picture [4, 3]."""
    return image[[4, 4, -5, -5], [4, -5, 4, -5]].astype(int)


@pytest.mark.parametrize(
    ("turns", "order"), [(0, [0, 1, 2, 3]), (1, [1, 3, 0, 2]), (2, [3, 2, 1, 0]), (3, [2, 0, 3, 1])]
)
def test_a_quarter_turn_is_counterclockwise(turns: int, order: list[int]) -> None:
    turned = turn_picture(make_corners(), turns)
    assert (corners(turned) == COLOURS[order]).all()
    assert (turn_picture(turned, -turns) == make_corners()).all()


def test_every_frame_of_a_video_is_turned_and_keeps_its_time(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=[make_corners()] * 5)
    with open_video(path, max_frames=4, fps=50) as video, turn_video(video, 3) as turned:
        assert (turned.info.width, turned.info.height) == (48, 64)
        pairs = list(zip(video, turned, strict=True))
    assert [frame.pts for frame, _ in pairs] == [frame.pts for _, frame in pairs] == [0, 1, 2, 3]
    assert all((turn_picture(frame.image, 3) == other.image).all() for frame, other in pairs)
