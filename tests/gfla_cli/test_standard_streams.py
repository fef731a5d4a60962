"""`-` as DRIVING and as output: temporary files, and what standard input and output can't be."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from models.errors import ProcessingError
from tests.helpers.media_files import DRIVING, SOURCE
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Any, bytes]]:
    """The configs of animations, and what their driving files hold."""
    read: list[tuple[Any, bytes]] = []

    def animate(config: Any, progress: Any) -> None:
        read.append((config, config.driving.read_bytes()))
        raise ProcessingError("enough")

    monkeypatch.setattr("pipelines.animation.animate", animate)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return read


def run(data: bytes, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["animate", str(SOURCE), "-", *arguments], input=data)
    return result.exit_code, result.stderr


@pytest.mark.parametrize(("data", "name"), [(b"\0video", "stdin"), (b'{"frames": []}', "stdin.json")])
def test_standard_input_is_a_file_until_the_end(found: list, data: bytes, name: str, tmp_path: Path) -> None:
    assert run(data) == (1, "gfla: enough\n")
    (config, read) = found[0]
    assert (read, config.driving.name, config.target) == (data, name, Path("source--stdin.mp4"))
    assert not list(tmp_path.iterdir())


def test_nothing_in_standard_input(found: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(b"") == (2, "gfla: standard input is empty\n")
    assert not found
    assert not list(tmp_path.iterdir())


def test_a_report_and_a_video_do_not_fit_into_one_output(found: list) -> None:
    code, line = run(b"video", "-o", "-", "--json")
    assert (code, line.startswith("gfla: -o - and --json both need standard output"), found) == (2, True, [])


@pytest.mark.slow
def test_a_pipe_through_the_program(tmp_path: Path) -> None:
    source, weights = write_small_source(tmp_path / "ann.png"), write_small_weights(tmp_path / "small.safetensors")
    clip = write_small_clip(tmp_path / "walk.mp4", frames=3)
    options = ["--weights", str(weights), "--keypoints", "bundled", "--device", "cpu", "--quality", "fast"]
    words = [sys.executable, "-m", "gfla_cli", "animate", str(source), "-", "-o", "-", *options]
    with (
        clip.open("rb") as file,
        subprocess.Popen(words, stdin=file, stdout=subprocess.PIPE) as process,
        av.open(process.stdout, "r") as container,
    ):
        assert len(list(container.decode(video=0))) == 3
    assert process.returncode == 0


def test_a_batch_has_no_option_for_standard_output() -> None:
    result = CliRunner().invoke(app, ["batch", str(SOURCE), str(DRIVING), "-o", "out", "--format", "webm"])
    assert (result.exit_code, "No such option" in result.stderr) == (2, True)
