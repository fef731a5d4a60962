"""`gfla ui` on the command line: what keeps it from starting is one line; killed, it goes on where it was."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from gfla_cli.value_parsers import size_in_bytes
from pipelines.batch.jobs import Job
from pipelines.batch.journal import open_journal
from tests.helpers.media_files import DRIVING, SOURCE

runner = CliRunner()


def refusal(*arguments: object) -> str:
    """The one line of a `gfla ui` that does not start."""
    result = runner.invoke(app, ["ui", "--no-open", "--port", "0", *map(str, arguments)])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    return line


def test_without_the_extra_a_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gfla_cli.ui.server", None)
    for name in [name for name in sys.modules if name.startswith(("gfla_cli.ui.", "gradio."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert "gfla ui needs gradio: pip install '.[ui]'" in refusal("--folder", tmp_path / "ui")


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    pytest.importorskip("gradio", reason="the extra ui is missing")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refusal("--port", port, "--folder", tmp_path / "ui")
        assert line == f"gfla: port {port} of 127.0.0.1 is taken or not allowed: choose another with --port"
    assert "no address of this computer" in refusal("--host", "nowhere.invalid", "--folder", tmp_path / "ui")


def test_a_folder_without_a_batch_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("gradio", reason="the extra ui is missing")
    assert "is no folder of `gfla batch`" in refusal(tmp_path, "--folder", tmp_path / "ui")
    assert "is the folder of the page itself" in refusal(tmp_path, "--folder", tmp_path)


def test_a_folder_of_another_page_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("gradio", reason="the extra ui is missing")
    with open_journal(tmp_path):
        assert "is working on" in refusal("--folder", tmp_path)


@pytest.mark.parametrize(("text", "size"), [("500MB", 5 * 10**8), ("1.5 gb", 15 * 10**8), ("7", 7), (3, 3)])
def test_sizes_are_read(text: str | int, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["0", "much", "-1GB", "1e9", "1 XB"])
def test_other_sizes_are_refused(text: str, tmp_path: Path) -> None:
    assert "is not a size: use 500MB or 2GB" in refusal(f"--max-upload={text}", "--folder", tmp_path / "ui")


def test_a_file_gets_the_address_before_anything_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gradio", reason="the extra ui is missing")
    log, served = tmp_path / "log", []

    def serve(app: object, bound: socket.socket) -> None:
        served.append(log.read_text())
        socket.create_connection(bound.getsockname(), timeout=5).close()  # those who come early wait for their turn

    monkeypatch.setattr("gfla_cli.ui.server.serve", serve)
    with log.open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(SystemExit):
            app(["ui", "--no-open", "--port", "0", "--folder", str(tmp_path / "ui"), "--quiet"])
    (text,) = served
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", text)


@pytest.mark.slow
def test_a_page_that_is_killed_goes_on_the_next_time(tmp_path: Path) -> None:
    pytest.importorskip("gradio", reason="the extra ui is missing")
    options = {
        "source": str(SOURCE),
        "driving": str(DRIVING),
        "device": "cpu",
        "keypoints": "bundled",
        "quality": "fast",
    }
    with open_journal(tmp_path) as journal:
        journal.queue([Job("first", "animate", options | {"max_frames": 2}, "first.mp4")])
    command = [sys.executable, "-m", "gfla_cli", "ui", "--folder", str(tmp_path), "--port", "0", "--no-open"]
    events: list[str] = []
    for ending, awaited in ((signal.SIGKILL, "started"), (signal.SIGINT, "done")):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
            assert page.stdout is not None
            url = page.stdout.readline().strip()
            assert urllib.request.urlopen(url).status == 200
            end = time.monotonic() + 100
            while awaited not in events and time.monotonic() < end:
                time.sleep(0.05)
                lines = (tmp_path / ".gfla" / "journal.jsonl").read_text().splitlines()
                events = [json.loads(line)["event"] for line in lines]
            os.kill(page.pid, ending)
    assert events == ["queued", "started", "started", "done"]
    assert page.returncode == 130
    assert (tmp_path / "first.mp4").stat().st_size > 1000
