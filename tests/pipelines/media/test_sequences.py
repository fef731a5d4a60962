"""Numbered pictures, and other outputs, in folders that are missing or links."""

from fractions import Fraction
from pathlib import Path

import pytest

from pipelines.media.sources import open_video
from pipelines.media.writer import open_output
from tests.helpers.videos import make_shade


def write(path: Path, *, frames: int = 5, overwrite: bool = False) -> None:
    with open_output(path, width=64, height=48, time_base=Fraction(1, 25), overwrite=overwrite) as writer:
        for number in range(frames):
            writer.write(make_shade(number), number)


@pytest.mark.parametrize("name", ["new/out.mp4", "new/out.gif", "new/frames", "new/%05d.png"])
def test_one_missing_folder_is_made(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert len(list(open_video(tmp_path / ("new" if "%" in name else name)))) == 5


def test_a_link_to_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "frames").symlink_to(tmp_path / "store")
    write(tmp_path / "frames")
    write(tmp_path / "frames", frames=3, overwrite=True)
    assert (tmp_path / "frames").is_symlink()
    assert len(list((tmp_path / "store").iterdir())) == 3
