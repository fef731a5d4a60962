"""Folders of clips: their order, and which frames an item has."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.datasets.clip_folders import draw_consecutive, list_clips


def test_clips_and_frames_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("clip10/2.png", "clip10/10.png", "clip2/1.jpg", "clip2/.hidden.png", "clip2/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    clips = list_clips(tmp_path)
    assert list(clips) == ["clip2", "clip10"]
    assert [path.name for path in clips["clip10"]] == ["2.png", "10.png"]
    assert [path.name for path in clips["clip2"]] == ["1.jpg"]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contains no pictures"):
        list_clips(tmp_path)


def test_frames_are_consecutive_and_short_clips_repeat_their_last() -> None:
    random = np.random.default_rng(0)
    runs = [draw_consecutive(10, 4, random) for _ in range(50)]
    assert {run[0] for run in runs} == set(range(7))
    assert all(np.diff(run).tolist() == [1, 1, 1] for run in runs)
    assert draw_consecutive(2, 4, random) == [0, 1, 1, 1]
