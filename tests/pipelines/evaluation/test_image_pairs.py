"""Pairs of pictures: matched, resized and cropped, or refused in one line."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.evaluation.image_pairs import Geometry, open_comparison
from tests.helpers.media_files import truncate_file, write_picture, write_video


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with p0.png, p1.png and p2.png of 60 x 64 pixels."""
    for folder in (tmp_path / "made", tmp_path / "true"):
        folder.mkdir()
        for number in range(3):
            write_picture(folder / f"p{number}.png", width=60, height=64)
    return tmp_path / "made", tmp_path / "true"


def read(generated: Path, reference: Path, geometry: Geometry | None = None, *, official_names: bool = False) -> list:
    return list(open_comparison(generated, reference, geometry or Geometry(), official_names=official_names).pairs())


def test_pictures_are_matched_by_name_in_natural_order(folders: tuple[Path, Path]) -> None:
    made, true = folders
    for number in (10, 9):
        Image.new("RGB", (60, 64), (number, 0, 0)).save(made / f"p{number}.png")
        Image.new("RGB", (60, 64), (number, 9, 9)).save(true / f"p{number}.bmp")
    pairs = read(made, true)
    assert len(pairs) == 5
    assert [(ours[0, 0].tolist(), theirs[0, 0].tolist()) for ours, theirs in pairs[3:]] == [
        ([9, 0, 0], [9, 9, 9]),
        ([10, 0, 0], [10, 9, 9]),
    ]


def test_the_authors_names_say_the_target(folders: tuple[Path, Path]) -> None:
    made, true = folders
    for file in list(made.iterdir()):
        file.rename(made / f"someone_2_{file.stem}_vis.png")
    assert len(read(made, true, official_names=True)) == 3
    write_picture(true / "never_asked_for.png")
    assert len(read(made, true, official_names=True)) == 3
    with pytest.raises(InputError, match="3 of 3 names have no picture in"):
        read(made, true)


def test_pictures_are_resized_and_then_cropped_in_the_middle(folders: tuple[Path, Path]) -> None:
    made, true = folders
    ours, _ = read(made, true, Geometry(resize=(32, 40), crop=(16, 20)))[0]
    resized = Image.open(made / "p0.png").resize((32, 40), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(ours, np.asarray(resized)[10:30, 8:24])
    with pytest.raises(InputError, match=r"p0\.png is 60x64, smaller than --crop 61x20"):
        read(made, true, Geometry(crop=(61, 20)))


def rename_one(made: Path, true: Path) -> None:
    (made / "p1.png").rename(made / "q1.png")


def remove_one(made: Path, true: Path) -> None:
    (made / "p1.png").unlink()


def shrink_one(made: Path, true: Path) -> None:
    write_picture(made / "p1.png", width=60, height=63)


def duplicate_one(made: Path, true: Path) -> None:
    write_picture(made / "p1.jpg")


def remove_all(made: Path, true: Path) -> None:
    for file in made.iterdir():
        file.unlink()


def damage_one(made: Path, true: Path) -> None:
    truncate_file(true / "p2.png", 0.5)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (rename_one, "1 of 3 names have no picture in .*true: q1"),
        (remove_one, "1 of 3 names have no picture in .*made: p1"),
        (shrink_one, r"p1\.png is 60x63, .*p1\.png is 60x64: make their sizes equal, or pass --resize"),
        (duplicate_one, "keep one of each name"),
        (remove_all, r"made holds no pictures|made has no pictures"),
        (damage_one, r"p2\.png is a damaged picture"),
    ],
)
def test_folders_that_do_not_fit_are_refused(spoil, line: str, folders: tuple[Path, Path]) -> None:
    spoil(*folders)
    with pytest.raises(InputError, match=line):
        read(*folders)


def test_videos_are_read_frame_by_frame_as_often_as_needed(tmp_path: Path) -> None:
    first = write_video(tmp_path / "a.mp4", frames=4)
    comparison = open_comparison(first, Path(shutil.copy(first, tmp_path / "b.mp4")), Geometry())
    assert comparison.is_video
    assert comparison.generated.types == ("mp4",)
    for _ in range(2):
        pairs = list(comparison.pairs())
        assert len(pairs) == 4
        assert all((ours == theirs).all() for ours, theirs in pairs)


def test_videos_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    long, short = write_video(tmp_path / "a.mp4", frames=6), write_video(tmp_path / "b.mp4", frames=4)
    broken = truncate_file(write_video(tmp_path / "c.mp4", frames=40, moov_first=True), 0.85)
    for first, second, line in (
        (long, short, r"b\.mp4 has 4 frames, .*a\.mp4 has more: cut them to equal length"),
        (long, tmp_path, "pass two folders or two videos"),
        (broken, write_video(tmp_path / "d.mp4", frames=40), r"c\.mp4 is damaged or cut short"),
        (long, tmp_path / "missing.mp4", r"missing\.mp4 does not exist"),
    ):
        with pytest.raises(InputError, match=line):
            read(first, second)
