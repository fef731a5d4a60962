"""The README's commands work as they are written, typed one after the other by a reader who has the files it names."""

import re
import shlex
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import av
import pytest
from PIL import Image
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.keypoints.detectors.registry import DETECTORS
from tests.helpers.dataset_folders import write_dance
from tests.helpers.media_files import DRIVING, SOURCE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LINES = [line for kind, block in BLOCKS if not kind for line in block.splitlines() if line.startswith("gfla ")]
SIZE = (180, 240)  # width and height in pixels of the reader's video
PICTURE = (480, 640)  # of the pictures: a smaller one, or a coarser JPEG, has no sure outline


def write_readers_files(folder: Path) -> None:
    """photo.jpg, back.jpg, pose.jpg, dance.mp4 of two seconds, and the folders that the README names."""
    for name in ("people", "dances", "results", "truth"):
        (folder / name).mkdir()
    shutil.copytree(ROOT / "examples", folder / "examples")
    picture = Image.open(SOURCE).convert("RGB").resize(PICTURE)
    for name in ("photo.jpg", "back.jpg", "pose.jpg", "beach.jpg", "people/ann.jpg", "results/1.png", "truth/1.png"):
        picture.save(folder / name, quality=95)
    write_dance_clip(folder / "dance.mp4", frames=4)
    write_dance_clip(folder / "dances" / "walk.mp4", frames=2)
    write_dance(folder / "iPER", clips=1, frames=8, masks=True)


def write_dance_clip(path: Path, *, frames: int) -> None:
    """Frames of the example video at 2 per second."""
    with av.open(str(DRIVING)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream("libx264", rate=2)
        stream.width, stream.height = SIZE
        for index, frame in zip(range(frames), old.decode(video=0), strict=False):
            frame = frame.reformat(*SIZE)
            frame.pts, frame.time_base = index, Fraction(1, 2)
            new.mux(stream.encode(frame))
        new.mux(stream.encode())


@pytest.fixture(autouse=True)
def _no_download() -> Iterator[None]:
    with patch.dict(DETECTORS, auto=DETECTORS["bundled"]):
        yield


@pytest.mark.slow  # .ci/run runs it
@pytest.mark.timeout(900)
def test_the_commands_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(LINES) >= 15
    write_readers_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in LINES:
        result = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
        assert result.exit_code == 0, f"{line}\n{result.stderr}"
    snippets = [block for kind, block in BLOCKS if kind == "python"]
    assert snippets
    for snippet in snippets:
        exec(snippet, {})
    for name in re.findall(r"writes (\S+\.\w+)", README):
        assert (tmp_path / name).stat().st_size > 1000, name
