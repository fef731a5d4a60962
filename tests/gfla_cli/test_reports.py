"""`gfla animate` and `gfla face`: what the pipeline reports reaches the user."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from tests.helpers.media_files import write_picture


def pipeline(config: Any, progress: Any) -> SimpleNamespace:
    """Stands in for `animate` and `animate_face`: makes progress and finishes at once."""
    progress.stage("animate", 2)
    progress.note("keypoints: bundled network")
    progress.advance(2)
    summary = {
        "output": str(config.target),
        "debug_output": "debug.mp4" if config.debug else None,
        "options": {"source": config.source},
        "frames": 2,
        "seconds": {"generate": 0.5, "encode": 0.5},
    }
    return SimpleNamespace(summary=lambda: summary)


@pytest.fixture(params=["animate", "face"])
def command(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command with its inputs me.png and dance.gif."""
    monkeypatch.setattr("pipelines.animation.animate", pipeline)
    monkeypatch.setattr("pipelines.face_animation.animate_face", pipeline)
    return [request.param, *(str(write_picture(tmp_path / name)) for name in ("me.png", "dance.gif"))]


def test_the_path_goes_to_stdout_and_the_rest_to_stderr(command: list[str]) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "me--dance.mp4\n"
    assert "keypoints: bundled network" in result.stderr
    assert "2 frames in 1.0 s, 2.0 frames/s (seconds: generate 0.5, encode 0.5)" in result.stderr


def test_json_is_one_object_and_nothing_else(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--json", "--quiet"])
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "output": "me--dance.mp4",
        "debug_output": None,
        "options": {"source": command[1]},
        "frames": 2,
        "seconds": {"generate": 0.5, "encode": 0.5},
        "warnings": ["keypoints: bundled network"],
    }


def test_the_debug_video_is_printed_too(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--debug", "skeleton", "--quiet"])
    assert result.stdout.splitlines() == ["debug.mp4", "me--dance.mp4"]
    assert result.stderr == ""
