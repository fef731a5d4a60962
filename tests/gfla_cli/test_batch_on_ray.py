"""`gfla batch --executor ray`: what is refused before anything is started. Runs are in tests/pipelines/batch."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from tests.helpers.media_files import write_picture, write_video

RAY = ("--executor", "ray")


def run(folder: Path, *options: str) -> tuple[int, str, str]:
    source, driving = write_picture(folder / "a.png"), write_video(folder / "b.mp4", frames=5)
    result = CliRunner().invoke(app, ["batch", str(source), str(driving), "-o", str(folder / "out"), *options])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--ray-address", "head:6379"], "go with --executor ray"),
        (["--no-shared-storage"], "go with --executor ray"),
        ([*RAY, "--ray-address", "ray://head:10001"], "Ray Client is not supported"),
        ([*RAY, "--ray-address", "head"], "'head' must be HOST:PORT"),
    ],
)
def test_one_line_and_2(options: list[str], words: str, tmp_path: Path) -> None:
    code, stdout, stderr = run(tmp_path, *options)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert words in stderr
    assert not (tmp_path / "out").exists()


def test_without_ray_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, stdout, stderr = run(tmp_path, *RAY)
    assert (code, stdout) == (2, "")
    assert stderr == "gfla: --executor ray needs the package ray: pip install '.[ray]' in a checkout of gfla\n"


def test_a_plan_needs_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, stdout, stderr = run(tmp_path, *RAY, "--dry-run", "--fps", "25")
    assert (code, stderr) == (0, "")
    assert "a--b" in stdout
