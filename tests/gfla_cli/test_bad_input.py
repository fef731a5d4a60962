"""Whatever is wrong: one clear line, the right exit code, no output file and no leftovers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from tests.helpers.media_files import (
    DRIVING,
    SOURCE,
    copy_with_index_first,
    truncate_file,
    write_picture,
    write_sound,
    write_video,
)

QUICK = ["--keypoints", "bundled", "--max-frames", "4", "--quiet"]


def missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def empty(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def text(folder: Path) -> Path:
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    return folder / "text.mp4"


def without_moov(folder: Path) -> Path:
    return truncate_file(write_video(folder / "no_moov.mp4"), 0.5)


def moov_alone(folder: Path) -> Path:
    path = write_video(folder / "moov_alone.mp4", moov_first=True)
    return truncate_file(path, (path.read_bytes().index(b"mdat") + 8) / path.stat().st_size)


def nobody(folder: Path) -> Path:
    return write_video(folder / "nobody.mp4")


def one_pixel(folder: Path) -> Path:
    return write_video(folder / "pixel.mkv", width=1, height=1)


def sound_only(folder: Path) -> Path:
    return write_sound(folder / "sound.m4a")


def empty_folder(folder: Path) -> Path:
    (folder / "frames").mkdir()
    return folder / "frames"


BAD_VIDEOS = [missing, empty, text, without_moov, moov_alone, nobody, one_pixel, sound_only, empty_folder]


def contents(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def refuse(source: Path, driving: Path, output: Path, capfd: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """Run `gfla animate`, which must fail with one line and leave nothing; gives the exit code and that line."""
    before = contents(output.parent)
    result = CliRunner().invoke(app, ["animate", str(source), str(driving), "-o", str(output), *QUICK, *more])
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "GFLA_DEBUG" not in result.stderr, "an error nobody foresaw"
    assert capfd.readouterr() == ("", ""), "a library printed past the console"
    assert contents(output.parent) == before
    return result.exit_code, result.stderr


@pytest.mark.parametrize("make", BAD_VIDEOS, ids=lambda make: make.__name__)
def test_bad_driving_video(make: Callable[[Path], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    driving = make(tmp_path)
    code, line = refuse(SOURCE, driving, tmp_path / "out.mp4", capfd)
    assert code == 2
    assert driving.name in line


def test_a_video_cut_short_is_refused_and_its_first_frames_can_be_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    driving, output = truncate_file(copy_with_index_first(DRIVING, tmp_path / "cut.mp4"), 0.4), tmp_path / "out.mp4"
    code, line = refuse(SOURCE, driving, output, capfd, "--max-frames", "100")
    assert code == 2
    assert "cut.mp4 is damaged or cut short" in line
    readable = line.strip().rsplit(" ", 1)[1]
    assert f", only {readable} of its frames can be read" in line
    command = ["animate", str(SOURCE), str(driving), "-o", str(output), "--keypoints", "bundled"]
    result = CliRunner().invoke(app, [*command, "--max-frames", readable])
    assert result.exit_code == 0, result.stderr
    with av.open(str(output)) as container:
        assert sum(1 for _ in container.decode(video=0)) == int(readable)


@pytest.mark.parametrize("make", [missing, empty, text, nobody], ids=lambda make: make.__name__)
def test_bad_source_file(make: Callable[[Path], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = make(tmp_path)
    code, line = refuse(source, DRIVING, tmp_path / "out.mp4", capfd)
    assert code == 2
    assert source.name in line


@pytest.mark.parametrize("side", [1, 200])
def test_a_source_without_a_person(side: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = write_picture(tmp_path / "wall.png", width=side, height=side)
    code, line = refuse(source, DRIVING, tmp_path / "out.mp4", capfd)
    assert code == 2
    assert "wall.png" in line


def test_an_existing_output_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    code, line = refuse(SOURCE, DRIVING, output, capfd)
    assert code == 2
    assert "--overwrite" in line
    assert output.read_text() == "precious"


def test_the_output_is_never_an_input(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    driving = Path(shutil.copy(DRIVING, tmp_path / "in.mp4"))
    before = driving.read_bytes()
    assert refuse(SOURCE, driving, driving, capfd, "--overwrite")[0] == 2
    assert driving.read_bytes() == before


def test_an_unknown_container(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, line = refuse(SOURCE, DRIVING, tmp_path / "out.xyz", capfd)
    assert code == 2
    assert ".xyz" in line


def test_weights_that_are_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, line = refuse(SOURCE, DRIVING, tmp_path / "out.mp4", capfd, "--weights", "giant")
    assert code == 2
    assert "giant" in line


@pytest.mark.parametrize(
    "words",
    [
        ("animate", "pointer", DRIVING, *QUICK),
        ("animate", SOURCE, "pointer", *QUICK),
        ("animate", SOURCE, DRIVING, *QUICK, "--weights", "./pointer"),
        ("animate", SOURCE, DRIVING, *QUICK, "--audio", "pointer"),
        ("animate", SOURCE, DRIVING, "--max-frames", "4", "--keypoints", "./pointer.json"),
        ("keypoints", "pointer.json", "-o", "track.json"),
        ("pose", SOURCE, "pointer", "--keypoints", "bundled"),
        ("view-synth", "pointer", "--category", "car"),
        ("batch", "pointer.csv", "-o", "out"),
        ("weights", "import", "pointer", "--as", "pose_fashion"),
    ],
    ids=lambda words: " ".join("FILE" if isinstance(word, Path) else word for word in words[:8]),
)
def test_a_git_lfs_pointer_is_told_wherever_a_file_is_read(
    words: tuple[str | Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pointer", "pointer.json", "pointer.csv"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 102979767\n")
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 2
    assert "is a Git LFS pointer instead of the file: run `git lfs pull`" in result.stderr + capfd.readouterr().err


def test_a_part_after_the_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert refuse(SOURCE, DRIVING, tmp_path / "out.mp4", capfd, "--start", "1:00:00")[0] == 2


def test_a_folder_below_a_file_is_unwritable(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    code, line = refuse(SOURCE, DRIVING, tmp_path / "file" / "out.mp4", capfd)
    assert code == 2
    assert "file" in line


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs with the given options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("mounting a tmpfs is not permitted here")
        return place

    yield mount
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_folder(disk: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    code, line = refuse(SOURCE, DRIVING, disk("ro,size=1m") / "out.mp4", capfd)
    assert code == 2
    assert "disk" in line


def test_a_full_disk(disk: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    code, line = refuse(SOURCE, DRIVING, disk("size=8k") / "out.mp4", capfd)
    assert code == 1
    assert "space" in line


def killed_in_the_middle(output: Path, number: signal.Signals) -> subprocess.Popen[str]:
    """Start a run, send the signal when its temporary file has appeared, wait for the end."""
    command = [sys.executable, "-m", "gfla_cli", "animate", str(SOURCE), str(DRIVING), "-o", str(output)]
    some = ["--keypoints", "bundled", "--max-frames", "16"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # jobs in the background ignore it
    run = subprocess.Popen([*command, *some], stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    deadline = time.monotonic() + 120
    while not any(output.parent.iterdir()):
        assert run.poll() is None, run.stderr and run.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(number)
    run.wait(30)
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_interrupted_in_the_middle(number: signal.Signals, tmp_path: Path) -> None:
    run = killed_in_the_middle(tmp_path / "out.mp4", number)
    assert run.returncode == 130
    assert run.stderr is not None
    lines = run.stderr.read().splitlines()
    assert lines[-1] == "gfla: interrupted"
    assert not any("Traceback" in line for line in lines)
    assert not contents(tmp_path)


def test_killed_in_the_middle_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    killed_in_the_middle(tmp_path / "out.mp4", signal.SIGKILL)
    assert not (tmp_path / "out.mp4").exists()
