"""How pipelines report, and the tqdm bar for users of the Python API."""

import subprocess
import sys

import pytest

from models.errors import BackendUnavailable
from pipelines.runtime.progress import NotesProgress, Progress, TqdmProgress


def work(progress: Progress) -> None:
    progress.stage("detect", 4)
    progress.advance()
    progress.note("two  people:\nfollowing the larger one")
    progress.advance(3)
    progress.stage("generate", None)
    progress.advance(2)


def test_notes_are_collected() -> None:
    progress = NotesProgress()
    work(progress)
    assert progress.notes == ["two  people:\nfollowing the larger one"]


def test_tqdm_shows_a_bar_per_stage_and_notes_above_it_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with TqdmProgress(unit="frames", prefix="gfla: ") as progress:
        work(progress)
    stdout, stderr = capsys.readouterr()
    shown = stderr.replace("\r", "\n").splitlines()
    assert stdout == ""
    assert any(line.startswith("detect: 100%") and "4/4" in line for line in shown)
    assert any(line.startswith("generate: 2 frames") for line in shown)
    assert shown.count("gfla: two people: following the larger one") == 1
    assert stderr.endswith("\n")


def test_tqdm_counts_on_from_an_earlier_run(capsys: pytest.CaptureFixture[str]) -> None:
    with TqdmProgress() as progress:
        progress.stage("train", 10, done=6, unit="steps")
        progress.advance(2)
    last = capsys.readouterr().err.replace("\r", "\n").splitlines()[-1]
    assert "8/10" in last
    assert "steps" in last


def test_steps_before_any_stage_are_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    with TqdmProgress() as progress:
        progress.advance()
    assert capsys.readouterr().err == ""


def test_without_tqdm_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(BackendUnavailable, match="pip install tqdm"):
        TqdmProgress()


def test_the_module_imports_without_tqdm() -> None:
    program = "import sys; sys.modules['tqdm'] = None; import pipelines.runtime.progress"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
