"""What is printed, where, and what is not."""

import io
import json
from fractions import Fraction
from pathlib import Path

import pytest

from gfla_cli import console
from gfla_cli.console import Board, Console
from pipelines.batch.events import Event


def test_without_a_terminal_a_stage_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as progress:
        progress.stage("generate", 3)
        for _ in range(3):
            progress.advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gfla: generate: 3/3, ")
    assert "frames/s" in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_long_stage_tells_the_time_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    with Console() as progress:
        progress.stage("poses", 10)
        progress.advance()
    assert " s left" in capsys.readouterr().err.splitlines()[0]


def test_quiet_says_nothing_but_keeps_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(quiet=True) as progress:
        progress.stage("poses", None)
        progress.advance(4)
        progress.note("2 frames\nwithout a person")
        progress.summary("done")
    assert capsys.readouterr() == ("", "")
    assert progress.notes == ["2 frames without a person"]


def test_an_interrupted_stage_is_not_reported_as_finished(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Console()
    progress.stage("generate", 3)
    progress.__exit__(KeyboardInterrupt)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar_for_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Console() as progress:
        progress.stage("poses", 2)
        progress.advance(2)
        progress.note("using the [bundled] keypoints")
        progress.stage("generate", None)
        progress.advance(5)
    shown = screen.getvalue()
    assert "poses" in shown
    assert "generate" in shown
    assert "2/2" in shown
    assert "gfla: using the [bundled] keypoints" in shown


def test_json_takes_paths_and_fractions(capsys: pytest.CaptureFixture[str]) -> None:
    console.out_json({"output": Path("a.mp4"), "rate": Fraction(30000, 1001), "debug": ("flow",)})
    assert json.loads(capsys.readouterr().out) == {"output": "a.mp4", "rate": "30000/1001", "debug": ["flow"]}


def test_a_table_lines_its_columns_up(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("NAME", "SIZE"), [("person", 7), ("a", 12)])
    assert capsys.readouterr().out == "NAME    SIZE\nperson  7\na       12\n"


def test_a_batch_tells_failures_at_once_and_again_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    with Board() as board:
        board.begin(4, 1, 8)
        board.event(Event("ann--x", "started", worker=0))
        board.event(Event("ann--x", "progress", worker=0, stage="animate", step=3, steps=9))
        board.event(Event("ann--x", "failed", worker=0, reason="no person"))
    board.end(3, 1, {"ann--x": "no person"})
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "gfla: 4 jobs on 4 workers, 1 from before"
    assert lines[2] == "gfla: 0/4 jobs; worker 0: ann--x animate 3/9"
    assert lines[3] == "gfla: ann--x failed: no person"
    assert lines[4].startswith("gfla: 1/4 jobs, ")
    assert " s left; worker 0: ann--x failed" in lines[4]
    assert lines[5].startswith("gfla: 3 done, 1 done before, 1 failed, ")
    assert lines[6] == "gfla: ann--x: no person"


def test_a_quiet_batch_says_only_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with Board(quiet=True) as board:
        board.begin(1, 0, 1)
        board.event(Event("ann--x", "failed", reason="no person"))
    board.end(0, 0, {"ann--x": "no person"})
    assert capsys.readouterr().err == "gfla: ann--x: no person\n"
