"""`preview_animation`: which frames a sheet shows, what it shares with the animation, and what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines import AnimateConfig, KeypointsConfig, PreviewConfig, animate, extract_keypoints, preview_animation
from pipelines.preview import CELL_HEIGHT, choose_columns
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import SOURCE
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

TITLE = 16  # pixels above the pictures of a cell


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("preview")
    source, weights = write_small_source(folder / "ann.png"), write_small_weights(folder / "small.safetensors")
    clip = write_small_clip(folder / "walk.mp4", frames=12)
    shared = {"weights": str(weights), "keypoints": "bundled", "device": "cpu", "precision": "fp32", "quality": "fast"}
    return {"source": source, "driving": clip, **shared}


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_frames_are_spread_over_the_video(options: dict[str, Any], tmp_path: Path) -> None:
    config = PreviewConfig(**options, count=3, output=tmp_path / "sheet.png")
    progress = NotesProgress()
    result = preview_animation(config, progress)
    assert result.times == pytest.approx((0.08, 0.24, 0.4))  # of 12 frames, at 25 frames per second
    assert not [note for note in progress.notes if "cut" in note]
    sheet = read(tmp_path / "sheet.png")
    width = 2 * CELL_HEIGHT * 3 // 4  # of a cell: both pictures are 3:4
    assert sheet.shape == (2 * (CELL_HEIGHT + TITLE), 2 * width, 3)
    assert np.ptp(sheet[CELL_HEIGHT + 2 * TITLE :, width:]) == 0  # nothing in the fourth place


def test_consecutive_frames_are_those_of_the_animation(options: dict[str, Any], tmp_path: Path) -> None:
    part: dict[str, Any] = options | {"start": 0.2, "max_frames": 3}
    preview_animation(PreviewConfig(**part, output=tmp_path / "sheet.png"))
    animate(AnimateConfig(**part, output=tmp_path / "%d.png"))
    sheet = read(tmp_path / "sheet.png")
    for number, (row, column) in enumerate([(0, 0), (0, 1), (1, 0)]):
        cell = sheet[row * (CELL_HEIGHT + TITLE) + TITLE :, column * 480 :][:CELL_HEIGHT, 240:480]
        real = Image.open(tmp_path / f"{number}.png").resize((240, CELL_HEIGHT), Image.Resampling.BICUBIC)
        assert np.abs(cell - np.asarray(real)).mean() < 3


def test_poses_from_a_file_are_those_of_its_frames(options: dict[str, Any], tmp_path: Path) -> None:
    track = tmp_path / "track.json"
    extract_keypoints(KeypointsConfig(options["driving"], track, keypoints="bundled", device="cpu", start=0.2))
    of_track: dict[str, Any] = options | {"driving": track}
    config = PreviewConfig(**of_track, count=2, output=tmp_path / "track.png")
    assert preview_animation(config).times == pytest.approx((0.24, 0.4))
    with_video = {"driving": options["driving"], "keypoints": str(track), "start": 0.2}
    both = replace(config, **with_video, output=tmp_path / "both.png")
    assert preview_animation(both).times == pytest.approx((0.24, 0.4))
    results = [read(tmp_path / f"{name}.png")[TITLE : TITLE + CELL_HEIGHT, 240:480] for name in ("track", "both")]
    assert np.abs(results[0] - results[1]).max() == 0


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"output": Path("sheet.mp4")}, "a preview is one picture, which sheet.mp4 can't be: use .png, .jpg or .webp"),
        ({"output": Path("%d.png")}, "a preview is one picture"),
        ({"output": SOURCE}, "already exists"),
        ({"count": 0}, "count 0 is too small"),
        ({"background": "driving", "frame": "crop"}, "omit --frame crop"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    options: dict[str, Any], changed: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.preview.open_spread", lambda *_, **__: pytest.fail("work has begun"))
    values: dict[str, Any] = options | changed
    with pytest.raises(InputError, match=line):
        preview_animation(PreviewConfig(**values))


@pytest.mark.parametrize(("count", "shape", "columns"), [(12, (336, 480), 4), (12, (336, 1100), 2), (1, (336, 9), 1)])
def test_sheets_are_about_as_wide_as_screens(count: int, shape: tuple[int, int], columns: int) -> None:
    assert choose_columns(count, shape) == columns
