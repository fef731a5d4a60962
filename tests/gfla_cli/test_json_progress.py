"""`--progress json`: every line of stderr is an object, whoever writes it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli import json_progress
from gfla_cli.app import app
from gfla_cli.batch_display import BatchDisplay
from gfla_cli.console import Console
from pipelines.batch.events import Event
from tests.helpers.media_files import DRIVING, SOURCE

# Threads that report, notes of many characters, and what libraries and other processes print to stderr, all at once.
LOAD = """
import os, subprocess, sys, threading, warnings
from gfla_cli import json_progress
from gfla_cli.app import Program
from gfla_cli.console import Console
import typer

program = typer.Typer(cls=Program)

@program.callback()
def root() -> None: ...

@program.command()
def work(progress: json_progress.Progress = "auto") -> None:
    def speak(number):
        for turn in range(60):
            console.note(f"{number} {turn} " + "é" * 9000)
            os.write(2, f"library {number} {turn}\\n".encode())
            print("half a line", end="", file=sys.stderr)
            print(" and its end", file=sys.stderr, flush=True)
    with Console() as console:
        console.stage("work", 800)
        threads = [threading.Thread(target=speak, args=[number]) for number in range(4)]
        for thread in threads: thread.start()
        for _ in range(800): console.advance()
        for thread in threads: thread.join()
        subprocess.run(["sh", "-c", "echo from a process >&2; printf 'no end' >&2"], check=True)
        warnings.warn("careful")
    raise ValueError("odd")

program(prog_name="gfla")
"""


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_parses_under_load() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, "work", "--progress", "json"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    events = read(done.stderr)
    notes = [each["message"] for each in events if each["event"] == "note"]
    assert sorted(notes) == sorted(f"{number} {turn} " + "é" * 9000 for number in range(4) for turn in range(60))
    printed = " ".join(each["message"] for each in events if each["event"] == "log")
    assert all(f"library {number} {turn}" in printed for number in range(4) for turn in (0, 59))
    assert "from a process" in printed
    assert "no end" in printed
    assert "careful" in printed
    steps = [each["done"] for each in events if each["event"] == "progress"]
    assert (steps[0], steps[-1], steps == sorted(set(steps))) == (0, 800, True)
    (error,) = (each for each in events if each["event"] == "error")
    assert (error["code"], error["message"].startswith("ValueError: odd")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["animate", "--progress", "json", "--nope"], "No such option: --nope"),
        (["animate", "nix.png", "nix.mp4", "--progress=json"], "'nix.png' does not exist"),
        (["animate", str(SOURCE), str(DRIVING), "-o", "a.xyz", "--progress", "json", "-q"], "unknown type .xyz"),
    ],
)
def test_errors_are_objects(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, arguments)
    (event,) = read(result.stderr)
    assert (result.exit_code, event["event"], event["code"], message in event["message"]) == (2, "error", 2, True)
    assert not json_progress.is_active()


def test_a_file_may_ask_for_it(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text("[animate]\nprogress = 'json'\noutput = 'a.xyz'")
    result = CliRunner().invoke(app, ["animate", str(SOURCE), str(DRIVING), "--config", str(tmp_path / "job.toml")])
    assert "unknown type .xyz" in read(result.stderr)[-1]["message"]


def test_a_stage_says_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_progress, "INTERVAL", -1)
    monkeypatch.setattr(json_progress, "_active", True)
    with Console() as console:
        console.stage("train", 12, done=10, unit="steps")
        console.advance()
        console.advance()
        console.summary("2 steps")
    begin, first, last, summary = read(capsys.readouterr().err)
    assert (begin["stage"], begin["done"], begin["total"], begin["unit"]) == ("train", 10, 12, "steps")
    assert (begin["rate"], begin["left"]) == (None, None)
    assert (first["done"], first["rate"] > 0, first["left"] >= 0) == (11, True, True)
    assert (last["done"], last["left"]) == (12, 0)
    assert summary == {"event": "summary", "message": "2 steps"}


def test_a_batch_reports_jobs_and_how_many_are_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_progress, "_active", True)
    display = BatchDisplay()
    with display:
        display.begin(2, 0, 1)
        display.event(Event("a", "started", worker=0))
        display.event(Event("a", "done", worker=0))
        display.event(Event("b", "failed", worker=0, reason="odd"))
    display.end(1, 0, {"b": "odd"}, 3.0)
    events = read(capsys.readouterr().err)
    jobs = [(each["job"], each["state"], each["reason"]) for each in events if each["event"] == "job"]
    assert [each[:2] for each in jobs] == [("a", "started"), ("a", "done"), ("b", "failed")]
    assert jobs[-1][2] == "odd"
    assert [(each["done"], each["total"]) for each in events if each["event"] == "progress"] == [(0, 2), (1, 2), (2, 2)]
    assert events[-1] == {"event": "error", "message": "b: odd", "code": None}


def test_a_reader_that_is_gone_stops_nothing() -> None:
    command = [sys.executable, "-c", LOAD, "work", "--progress", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr
        process.stderr.close()
        assert process.wait(30) == 1
