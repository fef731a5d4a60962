"""The scripts in examples/ run, at small sizes, and stay short; the example files are small."""

import runpy
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(FOLDER.glob("*.py"))
SOURCE = next(iter(sorted(FOLDER.glob("source.*"))), FOLDER / "source.png")
DRIVING = FOLDER / "driving.mp4"
OBJECTS = [FOLDER / "car.png", FOLDER / "chair.png"]


def run(script: str, *arguments: object) -> None:
    runpy.run_path(str(FOLDER / script))["main"](*map(str, arguments))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short(script: Path) -> None:
    assert len(script.read_text().splitlines()) < 60


@pytest.mark.parametrize("file", [SOURCE, DRIVING, *OBJECTS], ids=lambda path: path.name)
def test_an_example_file_is_small(file: Path) -> None:
    assert 0 < file.stat().st_size < 1_000_000


def test_render_training_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("render_training_clip.py", tmp_path / "clip.gif", 64, 3)
    assert (tmp_path / "clip.gif").stat().st_size > 1000
    assert "of it was visible before" in capsys.readouterr().out


def test_render_examples(tmp_path: Path) -> None:
    run("render_examples.py", tmp_path, 3, 0.2)
    assert (tmp_path / "source.png").stat().st_size > 1000
    with av.open(str(tmp_path / "driving.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_render_objects(tmp_path: Path) -> None:
    run("render_objects.py", tmp_path)
    for file in OBJECTS:
        made, given = (np.asarray(Image.open(folder / file.name)).astype(int) for folder in (tmp_path, FOLDER))
        assert np.abs(made - given).mean() < 0.1


def test_extract_keypoints(capsys: pytest.CaptureFixture[str]) -> None:
    run("extract_keypoints.py", DRIVING, 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 frames, 0 without a person"
    assert "left wrist" in lines[3]


def test_animate_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("animate_picture.py", SOURCE, DRIVING, tmp_path / "out.mp4", 2)
    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert "'frames': 2" in capsys.readouterr().out
