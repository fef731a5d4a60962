"""What view synthesis writes."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.object_views.output import check_view_output, view_sheet, write_views

SIDE = 256


def flat_views(count: int, channels: int = 3) -> list[np.ndarray]:
    """Views of one value each: 10, 20, ..."""
    return [np.full((SIDE, SIDE, channels), 10 * (number + 1), np.uint8) for number in range(count)]


@pytest.mark.parametrize(("channels", "blank"), [(3, 255), (4, 0)])
def test_a_contact_sheet_has_rows_of_six_and_a_blank_end(channels: int, blank: int) -> None:
    sheet = view_sheet(flat_views(7, channels))
    assert sheet.shape == (2 * SIDE, 6 * SIDE, channels)
    assert sheet[0, ::SIDE, 0].tolist() == [10, 20, 30, 40, 50, 60]
    assert sheet[SIDE, ::SIDE, 0].tolist() == [70, *[blank] * 5]
    assert view_sheet(flat_views(2)).shape == (SIDE, 2 * SIDE, 3)


def test_a_video_of_all_views_takes_three_seconds(tmp_path: Path) -> None:
    path = tmp_path / "turn.mp4"
    write_views(path, iter(flat_views(4)), count=4, transparent=False, overwrite=False, threads=1)
    with av.open(str(path)) as video:
        assert [frame.time for frame in video.decode(video=0)] == [0, 0.75, 1.5, 2.25]


def test_views_that_a_gif_cannot_show_are_noted(tmp_path: Path) -> None:
    options = {"transparent": False, "overwrite": False, "threads": 1}
    (note,) = write_views(tmp_path / "turn.gif", iter(flat_views(25) * 8), count=200, **options)
    assert "were left out" in note


@pytest.mark.parametrize(("name", "files"), [("views", ["00000.png", "00001.png"]), ("%02d.png", ["00.png", "01.png"])])
def test_transparent_views_become_pictures_with_opacity(name: str, files: list[str], tmp_path: Path) -> None:
    views = flat_views(2, 4)
    write_views(tmp_path / name, iter(views), count=2, transparent=True, overwrite=False, threads=1)
    written = sorted(tmp_path.rglob("*.png"))
    assert [path.name for path in written] == files
    for path, view in zip(written, views, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(path)), view)


@pytest.mark.parametrize("name", ["turn.mp4", "turn.gif", "sheet.jpg"])
def test_an_output_that_can_not_be_transparent_is_refused(name: str, tmp_path: Path) -> None:
    check_view_output(tmp_path / name, transparent=False, overwrite=False, inputs=())
    with pytest.raises(InputError, match="can't be transparent"):
        check_view_output(tmp_path / name, transparent=True, overwrite=False, inputs=())


def test_an_existing_output_is_refused(tmp_path: Path) -> None:
    for name in ("sheet.png", "turn.mp4"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match="already exists"):
            check_view_output(tmp_path / name, transparent=False, overwrite=False, inputs=())
