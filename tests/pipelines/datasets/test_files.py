"""Files whose names vary a little."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.datasets.files import find_companion, find_one, read_words


def test_one_match_is_found_and_several_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected exactly one \*\.csv, found none"):
        find_one(tmp_path, "*.csv")
    (tmp_path / "a.csv").touch()
    assert find_one(tmp_path, "*.csv") == tmp_path / "a.csv"
    (tmp_path / "b.csv").touch()
    with pytest.raises(InputError, match=r"found a\.csv and b\.csv"):
        find_one(tmp_path, "*.csv")


def test_companions_have_the_first_suffix_that_exists(tmp_path: Path) -> None:
    picture = tmp_path / "frames/clip/00.1.png"
    with pytest.raises(InputError, match=r"poses/clip/00\.1_keypoints\.json is missing; .*00\.1\.png needs it"):
        find_companion(picture, tmp_path / "frames", tmp_path / "poses", ("_keypoints.json", ".json"))
    (tmp_path / "poses/clip").mkdir(parents=True)
    for suffix in (".json", "_keypoints.json"):
        (tmp_path / f"poses/clip/00.1{suffix}").touch()
        found = find_companion(picture, tmp_path / "frames", tmp_path / "poses", ("_keypoints.json", ".json"))
        assert found.name == f"00.1{suffix}"


def test_lists_must_have_words(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    with pytest.raises(InputError, match="can't be read"):
        read_words(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        read_words(path)
    path.write_text("car_0_0\ncar_2_0\n")
    assert read_words(path) == ["car_0_0", "car_2_0"]
