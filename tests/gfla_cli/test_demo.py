"""`gfla demo`: the inputs that are installed with the program, and where it writes."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.configs import AnimateConfig
from tests.helpers.media_files import DRIVING, SOURCE


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[AnimateConfig]:
    """The configs of the animations, which write a word instead of a video."""
    found: list[AnimateConfig] = []

    def animate(config: AnimateConfig, progress: Any) -> SimpleNamespace:
        found.append(config)
        config.target.write_text("video")
        report = {"frames": 1, "seconds": {}, "overlapping_seconds": {}, "debug_output": None}
        return SimpleNamespace(summary=lambda: report | {"output": str(config.target)})

    monkeypatch.setattr("pipelines.animation.animate", animate)
    monkeypatch.chdir(tmp_path)
    return found


def test_the_last_line_is_the_path_of_the_video(configs: list[AnimateConfig]) -> None:
    result = CliRunner().invoke(app, ["demo"])
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "gfla-demo/source--driving.mp4")
    assert Path("gfla-demo/source.png").read_bytes() == SOURCE.read_bytes()
    assert Path("gfla-demo/driving.mp4").read_bytes() == DRIVING.read_bytes()
    assert configs[0].source == Path("gfla-demo/source.png")


def test_files_of_another_run_are_replaced_on_request_only(configs: list[AnimateConfig]) -> None:
    arguments = ["demo", "a/b", "--keypoints", "bundled", "--device", "cpu", "--quiet"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    Path("a/b/driving.mp4").write_text("mine")
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, len(configs)) == (2, 1)
    assert result.stderr == "gfla: a/b/source.png already exists: choose another folder, or use --overwrite\n"
    assert Path("a/b/driving.mp4").read_text() == "mine"
    assert CliRunner().invoke(app, [*arguments, "--overwrite"]).exit_code == 0
    assert Path("a/b/driving.mp4").read_bytes() == DRIVING.read_bytes()
    assert (configs[1].keypoints, configs[1].device, configs[1].overwrite) == ("bundled", "cpu", True)


def test_a_file_in_place_of_the_folder_is_refused(configs: list[AnimateConfig], tmp_path: Path) -> None:
    Path("taken").write_text("")
    result = CliRunner().invoke(app, ["demo", "taken"])
    assert (result.exit_code, len(configs), len(result.stderr.splitlines())) == (2, 0, 1)
