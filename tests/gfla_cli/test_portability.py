"""Commands where Python lacks what only POSIX has, and nothing can be flushed: Windows, network drives, FUSE."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.batch.runner import read_rows
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

# Python runs this file at every start, also in the workers of a batch.
SITE = """
import os, signal, sys
sys.modules["fcntl"] = None  # importing it raises ModuleNotFoundError
for module, names in {
    os: ("pathconf", "sched_getaffinity"),
    signal: ("pthread_sigmask", "SIGHUP"),
}.items():
    for name in names:
        delattr(module, name)

real_open = os.open

def open_files_only(path, flags, *more, **named):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return real_open(path, flags, *more, **named)

def refuse_fsync(descriptor):
    raise OSError(22, "Invalid argument")

os.open, os.fsync = open_files_only, refuse_fsync
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(SITE)
    write_small_source(folder / "ann.png")
    write_small_clip(folder / "walk.mp4")
    write_small_weights(folder / "small.safetensors")
    return folder


def make_words(folder: Path, command: str, *more: str) -> list[str]:
    fixed = ["--keypoints", "bundled", "--device", "cpu", "--weights", str(folder / "small.safetensors")]
    inputs = [str(folder / "ann.png"), str(folder / "walk.mp4")]
    return [command, *inputs, *fixed, "--fps", "100", "--max-frames", "3", *more]


def run_elsewhere(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = [str(folder / "site"), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "gfla_cli", *make_words(folder, *words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.cluster
def test_batch_runs_resumes_and_reports_the_notes_of_the_writer(folder: Path, tmp_path: Path) -> None:
    words = ("batch", "-o", str(tmp_path / "out"), "--suffix", ".gif")
    done = run_elsewhere(folder, *words, "--workers", "1")
    assert done.returncode == 0, done.stderr
    (row,) = read_rows(tmp_path / "out")
    assert row["state"] == "done"
    assert any("frame(s) were left out" in line for line in row["warnings"])
    assert json.loads((tmp_path / "out" / "report.json").read_text())["rows"] == [row]
    again = run_elsewhere(folder, *words, "--json", "--quiet")
    assert json.loads(again.stdout)["skipped"] == 1


def test_notes_of_the_writer_are_printed_and_in_the_report(folder: Path, tmp_path: Path) -> None:
    words = make_words(folder, "animate", "-o", str(tmp_path / "new" / "out.gif"), "--json")
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    (note,) = (line for line in json.loads(result.stdout)["warnings"] if "GIF" in line)
    assert "frame(s) were left out" in note
    assert f"gfla: {note}" in result.stderr.splitlines()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.gif"]
