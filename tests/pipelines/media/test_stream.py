"""Frames of one source that differ in size, as in recordings of video calls and in folders of pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.media.sources import open_video
from tests.helpers.videos import make_clip


def make_disk(height: int, width: int) -> np.ndarray:
    """A white disk on grey, as wide as the shorter side: uint8 RGB [H, W, 3]."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) < min(height, width) / 2
    return np.where(inside[..., None], 250, 100).repeat(3, -1).astype(np.uint8)


def write_folder(folder: Path, sizes: list[tuple[int, int]]) -> Path:
    path = folder / "frames"
    path.mkdir()
    for number, size in enumerate(sizes):
        Image.fromarray(make_disk(*size)).save(path / f"{number}.png")
    return path


def write_joined(folder: Path, sizes: list[tuple[int, int]]) -> Path:
    parts = [make_clip(folder / f"{number}.ts", frames=[make_disk(*size)]) for number, size in enumerate(sizes)]
    (folder / "clip.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    return folder / "clip.ts"


@pytest.mark.parametrize("write", [write_folder, write_joined])
@pytest.mark.parametrize("later", [(128, 64), (32, 64), (96, 192)])
def test_frames_of_another_size_keep_their_shape(tmp_path: Path, write, later: tuple[int, int]):
    with open_video(write(tmp_path, [(64, 96), later])) as source:
        first, second = (frame.image for frame in source)
        assert first.shape == second.shape == (64, 96, 3)
        columns, rows = (np.flatnonzero((second[..., 0] > 200).any(axis)) for axis in (0, 1))
        assert abs(len(columns) - len(rows)) <= 2  # the disk is still round
        assert abs(columns.mean() - 47.5) <= 1
        assert abs(rows.mean() - 31.5) <= 1
        assert any("1 frame(s) have another size than the first one" in note for note in source.warnings)


def test_frames_of_one_size_have_no_note(tmp_path: Path):
    with open_video(write_folder(tmp_path, [(64, 96)] * 2)) as source:
        assert len(list(source)) == 2
        assert source.warnings == []
