"""`gfla batch`: plans, refusals and exit codes; killed and interrupted runs go on to the same files."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.batch.runner import read_rows
from tests.helpers.media_files import write_picture, write_video
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

REPORTS = {"report.json", "report.html"}


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["batch", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two pictures and two clips, with nobody in them."""
    for name in ("src", "drv"):
        (tmp_path / name).mkdir()
    for name in ("ann", "bob"):
        write_picture(tmp_path / "src" / f"{name}.png")
    for name, frames in (("x", 5), ("y", 8)):
        write_video(tmp_path / "drv" / f"{name}.mp4", frames=frames)
    return tmp_path


def test_a_plan_shows_frames_and_seconds_and_does_nothing(files: Path) -> None:
    code, stdout, stderr = run(files / "src", files / "drv", "-o", files / "out", "--dry-run", "--fps", 25)
    assert (code, stderr) == (0, "")
    lines = [line.split() for line in stdout.splitlines()]
    assert lines[0] == ["job", "command", "state", "frames", "seconds"]
    assert [line[:4] for line in lines[1:5]] == [
        ["ann--x", "animate", "new", "5"],
        ["ann--y", "animate", "new", "8"],
        ["bob--x", "animate", "new", "5"],
        ["bob--y", "animate", "new", "8"],
    ]
    assert lines[5][:4] == ["4", "jobs,", "26", "frames:"]
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["src", "-o", "out"], "needs DRIVINGS beside 'src'"),
        (["src", "drv"], "Missing option '--output'"),
        (["nowhere/*.png", "drv", "-o", "out"], "no file matches 'nowhere/*.png': there is no folder nowhere"),
        (["src/*.jpg", "drv", "-o", "out"], "no file matches 'src/*.jpg': src contains *.png"),
        (["nodir/", "drv", "-o", "out"], "nodir/ does not exist"),
        (["src", "nodir/", "-o", "out"], "nodir/ does not exist"),
        (["src", "drv", "-o", "out", "--suffix", "...webm"], "--suffix '...webm': gfla animate can't write this type"),
        (["src", "drv", "-o", "out", "--frame", "x"], "'x' is not one of"),
        (["src", "src", "-o", "out", "--command", "pose", "--crf", "3"], "gfla pose has no option 'crf'"),
        (["src", "drv", "-o", "out", "--workers", "0"], "neither 'auto' nor a number from 1"),
        (["src", "drv", "-o", "out", "--name", "a"], "have the same"),
        (["src", "drv", "-o", "src/ann.png"], "ann.png can't be written"),
        (["src", "drv", "-o", "drv/../drv"], "both input and output"),
        (["jobs.csv", "-o", "out"], "jobs.csv does not exist"),
        (["src", "-o", "out", "--command", "view-synth", "--category", "boat"], "'boat' is not one of"),
        (["src", "drv", "-o", "out", "--command", "view-synth", "--category", "car"], "takes no DRIVINGS"),
    ],
)
def test_what_can_not_be_planned_is_one_line_and_2(
    arguments: list[str], words: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    code, stdout, stderr = run(*arguments)
    assert (code, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1
    assert not (files / "out").exists()


def test_files_that_are_not_used_are_named(files: Path) -> None:
    (files / "src" / "notes.txt").touch()
    (files / "drv" / "take.aaf").touch()
    (files / "drv" / "y.mp4").rename(files / "drv" / "y.m2ts")
    inputs = (files / "src", files / "drv", "-o", files / "out")
    code, stdout, stderr = run(*inputs, "--dry-run", "--fps", 25)
    assert code == 0
    assert "4 jobs, 26 frames" in stdout
    assert [line.partition(": not used, because these are not ")[2] for line in stderr.splitlines()] == [
        "pictures: notes.txt",
        "videos, pose files or folders of pictures: take.aaf",
    ]
    assert run(*inputs, "--dry-run", "--fps", 25, "--quiet")[2] == ""


def test_a_thousand_jobs_are_planned_in_seconds_without_torch(files: Path) -> None:
    for number in range(1000):
        os.link(files / "src" / "ann.png", files / "src" / f"{number}.png")
    program = """
import psutil, sys, time
from gfla_cli.app import app
began = time.process_time()
try:
    app(args=["batch", "src", "drv/x.mp4", "-o", "out", "--dry-run"], prog_name="gfla")
except SystemExit as stop:
    assert stop.code == 0, stop.code
assert time.process_time() - began < 5, time.process_time() - began
assert psutil.Process().memory_info().rss < 300 * 2**20
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("1002 jobs, 5010 frames")


def hashes(folder: Path) -> dict[str, str]:
    """Every file but the batch's own and its reports."""
    own = {".gfla", *REPORTS}
    files = (path for path in folder.rglob("*") if path.is_file() and own.isdisjoint(path.parts))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 sources x 5 drivings, one of each broken, beside a file that is neither; and a small network."""
    folder = tmp_path_factory.mktemp("people")
    for name in ("src", "drv"):
        (folder / name).mkdir()
    for number in range(3):
        write_small_source(folder / "src" / f"s{number}.png", shade=1 - number / 10)
    for number in range(4):
        write_small_clip(folder / "drv" / f"d{number}.mp4", start=9 * number, frames=3 + number)
    for path in (folder / "src" / "bad.png", folder / "drv" / "bad.mp4"):
        path.write_text("This is neither.\n" * 50)
    (folder / "drv" / "notes.txt").touch()
    write_small_weights(folder / "small.safetensors")
    return folder


def command(people: Path, output: Path, *more: str, sources: str = "src") -> list[str]:
    fixed = ["--weights", str(people / "small.safetensors"), "--keypoints", "bundled", "--device", "cpu"]
    inputs = [str(people / sources), str(people / "drv"), "-o", str(output)]
    return [sys.executable, "-m", "gfla_cli", "batch", *inputs, *fixed, *more]


def unused(people: Path) -> str:
    """The note about the file in `drv` that is no driving."""
    return f"{people / 'drv'}: not used, because these are not videos, pose files or folders of pictures: notes.txt"


def finished(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def undisturbed(people: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """A whole run on two workers."""
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    began = time.monotonic()
    done = finished(command(people, output, "--workers", "2"))
    (output.parent / "seconds").write_text(str(time.monotonic() - began))
    return output, done


@pytest.mark.cluster
def test_twelve_videos_and_eight_clear_failures(people: Path, undisturbed) -> None:
    output, done = undisturbed
    assert done.returncode == 3
    assert done.stdout == f"{output}\n"
    assert set(hashes(output)) == {f"s{source}--d{driving}.mp4" for source in range(3) for driving in range(4)}
    last = done.stderr.splitlines()[-8:]
    assert all("bad.png is not a picture" in line or "bad.mp4 is a text file" in line for line in last)
    assert Counter(row["state"] for row in read_rows(output)) == {"done": 12, "failed": 8}
    row = next(row for row in read_rows(output) if row["name"] == "s1--d3")
    assert (row["frames"], row["sha256"]) == (6, hashes(output)["s1--d3.mp4"])
    report = json.loads((output / "report.json").read_text())
    assert report["rows"] == read_rows(output)
    assert report["counts"] == {"queued": 0, "started": 0, "done": 12, "failed": 8}
    assert report["command"].startswith("gfla batch ")
    seconds = float((output.parent / "seconds").read_text())
    assert 0.7 * seconds < report["wall_seconds"] < seconds
    assert report["warnings"] == [unused(people)]
    assert done.stderr.splitlines()[0] == f"gfla: {unused(people)}"
    page = (output / "report.html").read_text()
    pictures = json.loads(page.split('id="thumbnails">')[1].split("</script>")[0])
    assert [bool(picture) for picture in pictures] == [each["state"] == "done" for each in report["rows"]]


@pytest.mark.parametrize(
    ("sources", "drivings", "code", "verdicts"),
    [
        ("src/s0.png", "drv/d0.mp4", 0, ["good"]),
        pytest.param("src", "drv/d0.mp4", 3, ["impossible", "good", "good", "good"], marks=pytest.mark.slow),
        ("src/bad.png", "drv", 2, ["impossible"] * 5),
    ],
)
def test_a_check_looks_at_every_pair_and_does_nothing(
    sources: str, drivings: str, code: int, verdicts: list[str], people: Path, tmp_path: Path
) -> None:
    options = ["--check", "--weights", people / "small.safetensors", "--device", "cpu", "--keypoints", "bundled", "-q"]
    found = run(people / sources, people / drivings, "-o", tmp_path / "out", *options)
    assert found[0] == code, found
    assert [line.split()[1] for line in found[1].splitlines()[1:]] == verdicts
    assert not (tmp_path / "out").exists()


def test_only_jobs_of_animate_can_be_checked(files: Path) -> None:
    code, stdout, stderr = run(files / "src", files / "src", "-o", files / "out", "--command", "pose", "--check")
    assert (code, stdout) == (2, "")
    assert "--check supports jobs of animate only" in stderr


@pytest.mark.cluster
@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    kills: int, people: Path, undisturbed, tmp_path: Path
) -> None:
    output, chance = tmp_path / "out", random.Random(8)
    for _ in range(kills):
        victim = subprocess.Popen(command(people, output, "--workers", "2"), stderr=-1, text=True)
        try:
            victim.wait(chance.uniform(0.3, 7))
        except subprocess.TimeoutExpired:
            victim.kill()
            victim.wait()
    done = finished(command(people, output, "--workers", "1"))
    assert done.returncode == 3, done.stderr
    assert hashes(output) == hashes(undisturbed[0])
    journal = [json.loads(line) for line in (output / ".gfla" / "journal.jsonl").read_text().splitlines()]
    ended = Counter(line["job"] for line in journal if line["event"] in ("done", "failed"))
    assert len(ended) == 20
    assert set(ended.values()) == {1}
    assert {path.name for path in output.iterdir()} == {".gfla", *REPORTS, *hashes(output)}


@pytest.mark.slow
@pytest.mark.cluster
def test_interrupted_it_is_130_and_goes_on_later(people: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    words = partial(command, people, output, sources="src/s0.png")
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # jobs in the background ignore it
    victim = subprocess.Popen(words("--workers", "2"), stderr=-1, text=True, preexec_fn=heard)
    second = None
    while not any(row["state"] == "done" for row in read_rows(output)):
        assert victim.poll() is None
        time.sleep(0.02)
        if second is None and (output / ".gfla" / "process").is_file():
            second = finished(words())
            assert second.returncode == 2
            assert f"process {victim.pid} is working on" in second.stderr
    victim.send_signal(signal.SIGINT)
    _, stderr = victim.communicate(timeout=60)
    assert victim.returncode == 130
    assert stderr.splitlines()[-1] == "gfla: interrupted"
    assert "Traceback" not in stderr
    assert not list(output.rglob(".*.part*"))
    done = finished(words("--json", "--quiet"))
    report = json.loads(done.stdout)
    assert (done.returncode, report["done"] + report["skipped"], report["failed"]) == (3, 4, 1)
    assert report["skipped"] >= 1
    assert len(report["jobs"]) == 5
    assert report["wall_seconds"] > 0
    assert report["warnings"] == [unused(people)]
