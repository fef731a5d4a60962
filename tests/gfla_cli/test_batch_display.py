"""Progress of a batch on stderr."""

import pytest

from gfla_cli.batch_display import BatchDisplay
from pipelines.batch.events import Event
from tests.helpers.terminal import Terminal


def test_failures_are_printed_at_once_and_again_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    with BatchDisplay() as display:
        display.begin(4, 1, 8)
        display.event(Event("ann--x", "started", worker=0))
        display.event(Event("ann--x", "progress", worker=0, stage="animate", step=3, steps=9))
        display.event(Event("ann--x", "failed", worker=0, reason="no person"))
    display.end(3, 1, {"ann--x": "no person"}, 12.34)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "gfla: 4 jobs on 4 workers, 1 from before"
    assert lines[2] == "gfla: 0/4 jobs; worker 0: ann--x animate 3/9"
    assert lines[3] == "gfla: ann--x failed: no person"
    assert lines[4].startswith("gfla: 1/4 jobs, ")
    assert " s left; worker 0: ann--x failed" in lines[4]
    assert lines[5].startswith("gfla: 3 done, 1 done before, 1 failed in 12.3 s, ")
    assert lines[6] == "gfla: ann--x: no person"


def test_quiet_prints_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    with BatchDisplay(quiet=True) as display:
        display.begin(1, 0, 1)
        display.event(Event("ann--x", "failed", reason="no person"))
    display.end(0, 0, {"ann--x": "no person"}, 1.0)
    assert capsys.readouterr().err == "gfla: ann--x: no person\n"


def test_on_a_terminal_there_is_a_bar_for_all_jobs_and_one_for_each_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with BatchDisplay() as display:
        display.begin(2, 0, 2)
        display.event(Event("ann--x", "progress", worker=0, stage="animate", step=3, steps=9))
        display.event(Event("bob--x", "done", worker=1))
    shown = screen.getvalue()
    assert "1/2" in shown
    assert "worker 0: ann--x animate" in shown
    assert "worker 1: bob--x done" in shown
