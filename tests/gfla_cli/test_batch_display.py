"""Progress of a batch on stderr."""

import pytest

from gfla_cli.batch_display import BatchDisplay
from pipelines.batch.events import Event
from tests.helpers.terminal import Terminal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Its first element is the time."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_failures_are_printed_at_once_and_again_at_the_end(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with BatchDisplay() as display:
        display.begin(4, 1, 8)
        display.event(Event("ann--x", "started", worker=0))
        clock[0] += 6
        display.event(Event("ann--x", "failed", worker=0, reason="no person"))
    display.end(3, 1, {"ann--x": "no person"}, 12.34)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "gfla: 4 jobs on 4 workers, 1 from before"
    assert lines[1] == "gfla: ann--x failed: no person"
    assert lines[2].startswith("gfla: 1/4 jobs, 10.0 jobs/min, ")
    assert lines[2].endswith(" left; worker 0: ann--x failed")
    assert lines[3] == "gfla: 3 done, 1 done before, 1 failed in 12.3 s, 10.0 jobs/min"
    assert lines[4] == "gfla: ann--x: no person"


def test_a_line_has_the_time_left_and_how_long_each_worker_is_at_its_present_job(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with BatchDisplay(expect=lambda: {"ann--x": 100.0, "bob--x": 200.0}) as display:
        display.begin(2, 0, 1)
        for job, seconds in (("ann--x", 100.0), ("bob--x", 200.0)):
            display.event(Event(job, "started", worker=0))
            for step in range(1, 6):
                clock[0] += seconds / 5
                display.event(Event(job, "progress", worker=0, stage="animate", step=step, steps=5))
            display.event(Event(job, "done", worker=0))
    lines = capsys.readouterr().err.splitlines()[1:]
    assert [line.partition("worker 0: ")[2] for line in lines] == [
        *(f"ann--x animate {step}/5, {20 * step} s" for step in range(1, 6)),
        *(f"bob--x animate {step}/5, {40 * step} s" for step in range(1, 3)),
        *(f"bob--x animate {step}/5, {40 * step / 60:.0f} min" for step in range(3, 6)),
    ]
    assert all(" left; " in line for line in lines)
    assert lines[4].startswith("gfla: 0/2 jobs, 3 min left; ")
    assert lines[8].startswith("gfla: 1/2 jobs, 0.2 jobs/min, 3")  # 30 to 39 s left of 40


def test_quiet_prints_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    with BatchDisplay(quiet=True) as display:
        display.begin(1, 0, 1)
        display.event(Event("ann--x", "failed", reason="no person"))
    display.end(0, 0, {"ann--x": "no person"}, 1.0)
    assert capsys.readouterr().err == "gfla: ann--x: no person\n"


def test_on_a_terminal_there_is_a_bar_for_all_jobs_and_one_for_each_worker(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with BatchDisplay() as display:
        display.begin(2, 0, 2)
        display.event(Event("ann--x", "progress", worker=0, stage="animate", step=3, steps=9))
        display.event(Event("bob--x", "started", worker=1))
        clock[0] += 130
        display.event(Event("bob--x", "progress", worker=1, stage="animate", step=1, steps=9))
        display.event(Event("ann--x", "done", worker=0))
    shown = screen.getvalue()
    assert "1/2" in shown
    assert "worker 0: ann--x animate" in shown
    assert "worker 1: bob--x animate" in shown
    assert "2 min" in shown


@pytest.mark.parametrize(("name", "printed"), [("a[red]--b[/i]", "a[red]--b[/i]"), ("a\x1b[2J--b", "a\\x1b[2J--b")])
def test_names_on_bars_are_plain_text(monkeypatch: pytest.MonkeyPatch, name: str, printed: str) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with BatchDisplay() as display:
        display.begin(1, 0, 1)
        display.event(Event(name, "started", worker=0))
        display.event(Event(name, "failed", worker=0, reason=f"{name}.mp4 is empty"))
    shown = screen.getvalue()
    assert f"worker 0: {printed} failed" in shown
    assert f"{printed}.mp4 is empty" in shown
