"""How long a batch will take is found out beside it: nothing waits for that, neither at first nor at the end."""

import threading
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from gfla_cli.batch_display import BatchDisplay
from pipelines.batch.estimate import Estimate
from pipelines.batch.jobs import Job
from pipelines.batch.runner import Outcome
from tests.helpers.media_files import write_picture, write_video


def run(folder: Path) -> int:
    """The exit code of a batch of one job in the folder."""
    picture, clip = write_picture(folder / "ann.png"), write_video(folder / "x.mp4", frames=5)
    return CliRunner().invoke(app, ["batch", str(picture), str(clip), "-o", str(folder), "--quiet"]).exit_code


def test_jobs_begin_before_it_is_known_how_long_they_will_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, heard = threading.Event(), []

    def estimate_slowly(jobs: list[Job], *args: object, **options: object) -> list[Estimate]:
        assert begun.wait(10)
        return [Estimate(job, "new", 5, 7.0) for job in jobs]

    def run_none(*args: object, **options: object) -> Outcome:
        begun.set()
        (display,) = (each for each in args if isinstance(each, BatchDisplay))
        heard.append(display.expect())
        return Outcome()

    monkeypatch.setattr("pipelines.batch.estimate.estimate_jobs", estimate_slowly)
    monkeypatch.setattr("pipelines.batch.runner.run_batch", run_none)
    assert run(tmp_path) == 0
    assert heard == [{"ann--x": 7.0}]


def test_nobody_waits_for_the_estimate_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, unhurried = threading.Event(), threading.Event()

    def estimate_for_ever(jobs: list[Job], *args: object, **options: object) -> list[Estimate]:
        ended.wait(8)
        unhurried.set()
        return []

    monkeypatch.setattr("pipelines.batch.estimate.estimate_jobs", estimate_for_ever)
    monkeypatch.setattr("pipelines.batch.runner.run_batch", Mock(side_effect=KeyboardInterrupt))
    assert (run(tmp_path), unhurried.is_set()) == (130, False)
    ended.set()
