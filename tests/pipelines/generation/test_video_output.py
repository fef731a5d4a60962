"""The report of a run that wrote a video."""

from pathlib import Path

import pytest

from pipelines.configs import AnimateConfig
from pipelines.generation.video_output import VideoResult


@pytest.mark.parametrize(("output", "size"), [("out.mp4", [622, 914]), ("out.gif", [622, 913]), ("out", [622, 913])])
def test_the_report_has_the_size_of_the_file(output: str, size: list[int], tmp_path: Path) -> None:
    """An odd height becomes even in a video."""
    (tmp_path / "photo.png").touch()
    config = AnimateConfig(tmp_path / "photo.png", tmp_path / "photo.png", output=tmp_path / output)
    facts = {
        "frames": 1,
        "rate": 25.0,
        "canvas": (0, 0, 256, 256),
        "missing_frames": 0,
        "device": "cpu",
        "precision": "fp32",
    }
    assert VideoResult(config=config, size=(622, 913), **facts).summary()["size"] == size
