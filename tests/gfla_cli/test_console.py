"""What is printed, where, and what is not."""

import io
import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from gfla_cli import console
from gfla_cli.console import Console
from tests.helpers.terminal import Terminal


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


def test_a_long_stage_shows_the_time_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    with Console() as progress:
        progress.stage("poses", 10)
        progress.advance()
    assert " s left" in capsys.readouterr().err.splitlines()[0]


def test_a_resumed_stage_counts_on_and_its_rate_is_that_of_this_run(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as progress:
        progress.stage("train", 110, done=100, unit="steps")
        progress.stage("train", 2 * 10**12, done=10**12, unit="steps")
        progress.advance()
    nothing_done, one_done = capsys.readouterr().err.splitlines()
    assert nothing_done == "gfla: train: 100/110"
    count, rate, left = one_done.split(", ")
    assert count == "gfla: train: 1000000000001/2000000000000"
    assert float(rate.removesuffix(" steps/s")) < 1e7
    assert left.endswith(" h left")


def test_quiet_prints_nothing_but_keeps_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_json_accepts_paths_and_fractions(capsys: pytest.CaptureFixture[str]) -> None:
    console.out_json({"output": Path("a.mp4"), "rate": Fraction(30000, 1001), "debug": ("flow",)})
    assert json.loads(capsys.readouterr().out) == {"output": "a.mp4", "rate": "30000/1001", "debug": ["flow"]}


def test_the_columns_of_a_table_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("NAME", "SIZE"), [("person", 7), ("a", 12)])
    assert capsys.readouterr().out == "NAME    SIZE\nperson  7\na       12\n"


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("cp1252", "caf\u00e9 \U0001f389.mp4", b"caf\xe9 \\U0001f389.mp4\n"),
        ("ascii", "\u2713.mp4", b"\\u2713.mp4\n"),
        ("utf-8", "\u2713 \udcff.mp4", b"\xe2\x9c\x93 \xff.mp4\n"),  # a file name that is not UTF-8
        ("utf-8", "\ud800.mp4", b"\\ud800.mp4\n"),
    ],
)
def test_every_name_can_be_printed(monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, written: bytes) -> None:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding=encoding, newline="\n"))
    console.accept_all_characters()
    console.out(text)
    sys.stdout.flush()
    assert data.getvalue() == written
