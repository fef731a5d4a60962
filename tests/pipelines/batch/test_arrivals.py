"""Files count as complete when they have stopped changing and can be read to their end."""

from pathlib import Path

import pytest

from pipelines.batch.arrivals import PATIENCE, SETTLED, Arrivals, is_whole
from tests.helpers.media_files import DRIVING, SOURCE, write_picture

LATER = SETTLED + 0.1


def test_a_file_is_complete_when_it_no_longer_grows(tmp_path: Path) -> None:
    file, arrivals = tmp_path / "dance.mp4", Arrivals()
    assert not arrivals.is_complete(str(file), 0)
    assert not arrivals.is_complete(str(file), LATER)
    file.write_bytes(DRIVING.read_bytes()[:5000])
    assert not arrivals.is_complete(str(file), LATER)
    file.write_bytes(DRIVING.read_bytes())
    assert not arrivals.is_complete(str(file), 2 * LATER)
    assert arrivals.is_complete(str(file), 3 * LATER)
    file.write_bytes(DRIVING.read_bytes() + b"more")
    assert not arrivals.is_complete(str(file), 3 * LATER)


@pytest.mark.parametrize("source", [DRIVING, SOURCE], ids=["video", "picture"])
def test_a_copy_that_stands_still_is_not_complete_before_patience_ends(tmp_path: Path, source: Path) -> None:
    file, arrivals = tmp_path / source.name, Arrivals()
    file.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    assert not any(arrivals.is_complete(str(file), now) for now in (0, LATER, PATIENCE - 1))
    assert arrivals.is_complete(str(file), PATIENCE + 1)


def test_a_folder_of_pictures_is_complete_when_no_more_come(tmp_path: Path) -> None:
    arrivals = Arrivals()
    write_picture(tmp_path / "0.png")
    assert not arrivals.is_complete(str(tmp_path), 0)
    write_picture(tmp_path / "1.png")
    assert not arrivals.is_complete(str(tmp_path), LATER)
    assert arrivals.is_complete(str(tmp_path), 2 * LATER)


@pytest.mark.parametrize(("content", "whole"), [(b'{"frames": []}', True), (b'{"frames": [', False)])
def test_a_pose_file_is_whole_when_it_is_json(tmp_path: Path, content: bytes, whole: bool) -> None:
    (tmp_path / "dance.json").write_bytes(content)
    assert is_whole(tmp_path / "dance.json") == whole
