"""Exit codes and the one line a user sees, over commands that stand in for the real ones."""

import errno
import os
import signal
import subprocess
import sys

import pytest
import torch
import typer
from typer.testing import CliRunner

from gfla_cli.app import Program, app
from models.errors import BackendUnavailable, GflaError, InputError, ProcessingError, WeightsError

runner = CliRunner()
FAILURES = [
    (InputError("no video in 'a.txt'"), 2, "no video in 'a.txt'"),
    (WeightsError("damaged"), 2, "damaged"),
    (BackendUnavailable("no CUDA"), 2, "no CUDA"),
    (ProcessingError("frame 3 failed"), 1, "frame 3 failed"),
    (ModuleNotFoundError("No module named 'av'", name="av"), 2, "'av' is missing"),
    (ImportError("libGL.so.1: cannot open shared object file: no", name="cv2"), 2, "'apt install libgl1' has it"),
    (ImportError("libodd.so.1.2: cannot open shared object file: no", name="av._core"), 2, "libodd.so.1.2 is missing"),
    (ImportError("numpy.core.multiarray failed to import", name="cv2"), 2, "'cv2' can't be loaded (numpy.core"),
    (ImportError("built for\nanother machine"), 2, "can't be loaded (built for)"),
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\nmuch"), 1, "the GPU is out of memory (CUDA out of"),
    (OSError(errno.ENOSPC, "No space left on device", "out.mp4"), 1, "No space left on device: out.mp4"),
    (MemoryError(), 1, "out of memory"),
    (ValueError("odd"), 1, "ValueError: odd"),
    (GflaError("two\nlines"), 2, "two lines"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (typer.Abort(), 130, "interrupted"),
]


def program_that_raises(error: BaseException) -> typer.Typer:
    program = typer.Typer(cls=Program)

    @program.callback()
    def root() -> None: ...

    @program.command()
    def fail() -> None:
        raise error

    return program


@pytest.mark.parametrize(("error", "code", "line"), FAILURES, ids=lambda value: type(value).__name__)
def test_an_error_becomes_one_line_and_an_exit_code(error: BaseException, code: int, line: str) -> None:
    result = runner.invoke(program_that_raises(error), ["fail"])
    assert result.exit_code == code
    assert line in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


def test_a_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_DEBUG", "1")
    result = runner.invoke(program_that_raises(InputError("broken")), ["fail"])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--nope"], "--nope"),
        (["fly"], "fly"),
        (["animate"], "SOURCE"),
        (["animate", "missing.png", "missing.mp4"], "missing.png"),
        (["animate", sys.executable, sys.executable, "--retarget", "stretch"], "stretch"),
        (["animate", sys.executable, sys.executable, "--device", "gpu"], "gpu"),
        (["animate", sys.executable, sys.executable, "--start", "soon"], "soon"),
        (["animate", sys.executable, sys.executable, "--fps", "0"], "'0'"),
        (["animate", sys.executable, sys.executable, "--fps", "1/0"], "'1/0'"),
        (["animate", sys.executable, sys.executable, "--max-frames", "0"], "--max-frames"),
        (["animate", sys.executable, sys.executable, "--debug", "flow,xray"], "xray"),
        (["animate", sys.executable, sys.executable, "--person", "first"], "first"),
        (["animate", sys.executable, sys.executable, "--audio", "missing.wav"], "missing.wav"),
        (["animate", sys.executable, sys.executable, "--keypoints", "openpose"], "openpose"),
        (["animate", sys.executable, sys.executable, "--crf", "99"], "--crf"),
        (["keypoints", sys.executable], "--output"),
        (["pose", sys.executable], "TARGET"),
        (["pose", sys.executable, "missing.png"], "missing.png"),
        (["evaluate", sys.executable], "REFERENCE"),
        (["evaluate", sys.executable, "missing.mp4"], "missing.mp4"),
        (["evaluate", sys.executable, sys.executable, "--protocol", "ours"], "ours"),
        (["train", "everything"], "everything"),
        (["weights", "import"], "import"),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], hint: str) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_help_lists_the_commands() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    people = ("animate", "pose", "face", "check", "keypoints")
    for command in (*people, "view-synth", "batch", "train", "evaluate", "data", "weights", "doctor"):
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_are_treated_like_ctrl_c(name: str) -> None:
    program = """
import os, signal, typer
from gfla_cli.app import Program
program = typer.Typer(cls=Program)
@program.callback()
def root(): ...
@program.command()
def wait():
    try:
        os.kill(os.getpid(), signal.NAME)
        signal.pause()
    finally:
        print("cleaned up")
program(args=["wait"])
""".replace("NAME", name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (130, "cleaned up\n", "gfla: interrupted\n")


def test_what_nohup_ignores_stays_ignored() -> None:
    program = """
import os, signal
from gfla_cli.app import app
signal.signal(signal.SIGHUP, signal.SIG_IGN)
try:
    app(["--version"])
finally:
    os.kill(os.getpid(), signal.SIGHUP)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_crash() -> None:
    command = [sys.executable, "-m", "gfla_cli", "--help"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("gfla prev", ["preview"]),
        ("gfla animate --backg", ["--background"]),
        ("gfla animate --quality ", ["fast", "standard", "best"]),
        ("gfla weights f", ["fetch"]),
        ("gfla animate photo", []),  # the shell completes names of files
    ],
)
def test_words_are_completed(words: str, completed: list[str]) -> None:
    line = words.split(" ")
    asked = {"_GFLA_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(line) - 1)}
    result = runner.invoke(app, [], env=asked, prog_name="gfla")
    assert (result.exit_code, result.stdout.split()) == (0, completed)


def test_the_script_for_completions_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))  # there may be none around the tests
    result = runner.invoke(app, ["--show-completion"], prog_name="gfla")
    assert (result.exit_code, "complete -o default -F _gfla_completion gfla" in result.stdout) == (0, True)
