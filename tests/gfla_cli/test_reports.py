"""What the pipelines report reaches the user, with the time of the whole run."""

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
        "seconds": {"generate": 0.5, "wait": 0.25, "compose": 0.7, "encode": 0.5},
        "overlapping_seconds": {"compose": 0.7, "encode": 0.4},
    }
    return SimpleNamespace(summary=lambda: summary)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program has been running for 3.5 seconds."""
    monkeypatch.setattr("time.monotonic", lambda: 103.5)
    monkeypatch.setattr("gfla_cli.reports.STARTED", 100.0)


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
    stages = "start 3.5, generate 0.5, wait 0.2, encode 0.1; meanwhile compose 0.7, encode 0.4"
    assert f"2 frames in 3.5 s, 0.6 frames/s (seconds: {stages})" in result.stderr


def test_json_is_one_object_and_nothing_else(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--json", "--quiet"])
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "output": "me--dance.mp4",
        "debug_output": None,
        "options": {"source": command[1]},
        "frames": 2,
        "seconds": {"generate": 0.5, "wait": 0.25, "compose": 0.7, "encode": 0.5},
        "overlapping_seconds": {"compose": 0.7, "encode": 0.4},
        "start_seconds": 3.5,
        "wall_seconds": 3.5,
        "warnings": ["keypoints: bundled network"],
    }


def test_the_debug_video_is_printed_too(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--debug", "skeleton", "--quiet"])
    assert result.stdout.splitlines() == ["debug.mp4", "me--dance.mp4"]
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("command", "pipeline", "line"),
    [
        ("pose", "pose_transfer.transfer_pose", "2 poses in 3.5 s, 0.6 poses/s (seconds: start 3.5, load 0.5)"),
        ("keypoints", "keypoint_extraction.extract_keypoints", "2 frames, 0 without the person; 3.5 s"),
        ("view-synth", "view_synthesis.synthesize_views", "1 view in 3.5 s, 0.3 views/s (seconds: start 3.5, "),
    ],
)  # fmt: skip
def test_the_other_commands_report_the_time_of_the_run_too(
    command: str, pipeline: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = str(write_picture(tmp_path / "me.png"))
    more = {"pose": [picture], "keypoints": ["-o", "out.json"], "view-synth": ["--category", "car"]}[command]
    result = SimpleNamespace(
        poses=["a", "b"],
        azimuths={Path("out"): [0.0]},
        compared=[],
        output=Path("out"),
        line=lambda: "2 frames, 0 without the person",
        summary=lambda: {"seconds": {"load": 0.5}, "overlapping_seconds": {}},
    )
    monkeypatch.setattr(f"pipelines.{pipeline}", lambda config, progress: result)
    assert line in CliRunner().invoke(app, [command, picture, *more]).stderr
    report = json.loads(CliRunner().invoke(app, [command, picture, *more, "--json"]).stdout)
    assert (report["wall_seconds"], report["start_seconds"], report["seconds"]) == (3.5, 3.5, {"load": 0.5})
