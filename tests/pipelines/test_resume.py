"""`animate --resume`: killed at any moment, the next run goes on inside the video, and its files are the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from models.errors import InputError
from pipelines import AnimateConfig, animate
from pipelines.configs import debug_path
from pipelines.generation import resume_folder
from pipelines.generation.resources import Resources
from pipelines.generation.resume_folder import ResumeFolder, open_resume_folder
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import DRIVING, SOURCE
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

ROOT = Path(__file__).parents[2]
SEGMENT, FRAMES = 4, 14
KINDS: list[Any] = [
    ("out.mp4", {"compare": True, "debug": ("skeleton", "matte")}),
    ("frames", {"quality": "fast"}),
    pytest.param("out.webm", {"background": "driving"}, marks=pytest.mark.slow),
    pytest.param("clear.mov", {"background": "transparent"}, marks=pytest.mark.slow),
    pytest.param("face.mp4", {"face": True, "source": SOURCE}, marks=pytest.mark.slow),
]
# What a process runs: `gfla` with short segments.
PROGRAM = f"""
from pipelines.generation import resume_folder
resume_folder.SEGMENT = {SEGMENT}
from gfla_cli.app import main
main()
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture, a driving video and weights, all small."""
    folder = tmp_path_factory.mktemp("inputs")
    write_small_source(folder / "ann.png")
    write_small_clip(folder / "walk.mp4", frames=FRAMES)
    write_small_weights(folder / "small.safetensors")
    return folder


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """What all runs share, poses included."""
    return Resources(tmp_path_factory.mktemp("poses"))


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume_folder, "SEGMENT", SEGMENT)


class Interruption(NotesProgress):
    """Interrupts a run when it has generated so many frames."""

    def __init__(self, frames: int = 1000) -> None:
        super().__init__()
        self.left, self.begun = frames, -1

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        self.begun = done if name == "animate" else -1

    def advance(self, n: int = 1) -> None:
        self.left -= n * (self.begun >= 0)
        if not self.left:
            raise KeyboardInterrupt


def config(inputs: Path, output: Path, **options: Any) -> AnimateConfig:
    common = {"keypoints": "bundled", "device": "cpu", "weights": str(inputs / "small.safetensors"), "resume": True}
    source = options.pop("source", inputs / "ann.png")
    return AnimateConfig(source, inputs / "walk.mp4", output=output, **common | options)


def read_files(output: Path) -> dict[str, bytes]:
    """The contents of an output and of its debug video, or of the pictures in a folder."""
    files = sorted(output.iterdir()) if output.is_dir() else [output, debug_path(output)]
    return {path.name: path.read_bytes() for path in files if path.exists()}


def kept(output: Path) -> Path:
    return output.with_name(f".{output.name}.resume")


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    inputs: Path, tmp_path: Path, resources: Resources, name: str, options: dict[str, Any]
) -> None:
    (tmp_path / "whole").mkdir()
    whole, output = tmp_path / "whole" / name, tmp_path / name
    animate(config(inputs, whole, **options), resources=resources)
    assert not kept(whole).exists()
    for frames, begun in ((6, 0), (7, 4)):
        interruption = Interruption(frames)
        with pytest.raises(KeyboardInterrupt):
            animate(config(inputs, output, **options), interruption, resources)
        assert interruption.begun == begun
        assert not output.exists()
    progress = Interruption()
    animate(config(inputs, output, **options), progress, resources)
    assert progress.begun == 8
    assert "going on after 8 frames of the run that was interrupted" in progress.notes
    assert read_files(output) == read_files(whole)
    assert not kept(output).exists()


def test_what_is_left_of_another_run_starts_over(inputs: Path, tmp_path: Path, resources: Resources) -> None:
    output, other = tmp_path / "out.mp4", config(inputs, tmp_path / "out.mp4", quality="fast")
    with pytest.raises(KeyboardInterrupt):
        animate(config(inputs, output), Interruption(6), resources)
    progress = Interruption(6)
    with pytest.raises(KeyboardInterrupt):
        animate(other, progress, resources)
    assert progress.begun == 0
    assert any(note.startswith("starting over: --quality changed") for note in progress.notes)
    write_small_source(inputs / "bob.png", shade=0.8)
    progress = Interruption(6)
    with pytest.raises(KeyboardInterrupt):
        animate(replace(other, source=inputs / "bob.png"), progress, resources)
    assert progress.begun == 0
    assert any(note.startswith("starting over: source changed") for note in progress.notes)
    (kept(output) / "state.safetensors").write_bytes(b"not what was there")
    progress = Interruption()
    animate(other, progress, resources)
    assert progress.begun == 0
    animate(replace(other, output=tmp_path / "alone.mp4"), resources=resources)
    assert output.read_bytes() == (tmp_path / "alone.mp4").read_bytes()


def test_what_can_not_be_continued_is_refused(inputs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--resume can't continue a GIF"):
        animate(config(inputs, tmp_path / "out.gif"))
    with open_resume_folder(tmp_path / "out.mp4"), pytest.raises(InputError, match="another process is making"):
        animate(config(inputs, tmp_path / "out.mp4"))
    broken = tmp_path / "walk.mp4"
    broken.write_text("no video")
    with pytest.raises(InputError, match="text file"):
        animate(AnimateConfig(inputs / "ann.png", broken, output=tmp_path / "out.mp4", resume=True, device="cpu"))
    assert {path.name for path in tmp_path.iterdir()} == {"walk.mp4"}


def kill_at_the_end(made: AnimateConfig, resources: Resources) -> None:
    """Run until the output is complete and its folder is still there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResumeFolder, "remove", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            animate(made, resources=resources)


@pytest.mark.parametrize(("name", "options"), KINDS[:2])
def test_killed_behind_its_end_it_is_done(
    inputs: Path, tmp_path: Path, resources: Resources, name: str, options: dict[str, Any]
) -> None:
    output = tmp_path / name
    made = config(inputs, output, **options)
    kill_at_the_end(made, resources)
    files, progress = read_files(output), Interruption()
    with pytest.raises(InputError, match="already exists"):
        animate(replace(made, retarget="none"), resources=resources)
    result = animate(made, progress, resources)
    assert (result.frames, result.size, result.missing_frames) == (FRAMES, (180, 240), 0)
    assert result.summary()["record"]["command"] == "animate"
    assert progress.begun == -1
    assert f"{output} is complete: the run that made it was killed at its end" in progress.notes
    assert read_files(output) == files
    assert not kept(output).exists()
    with pytest.raises(InputError, match="already exists"):
        animate(made, resources=resources)


def test_another_file_under_the_name_of_a_killed_run_is_refused(
    inputs: Path, tmp_path: Path, resources: Resources
) -> None:
    made = config(inputs, tmp_path / "out.mp4")
    kill_at_the_end(made, resources)
    made.target.write_bytes(b"x" * made.target.stat().st_size)
    with pytest.raises(InputError, match="already exists"):
        animate(made, resources=resources)


@pytest.mark.parametrize(("name", "options"), KINDS[:2])
def test_without_the_output_that_it_had_made_it_goes_on(
    inputs: Path, tmp_path: Path, resources: Resources, name: str, options: dict[str, Any]
) -> None:
    made = config(inputs, tmp_path / name, **options)
    kill_at_the_end(made, resources)
    files = read_files(made.target)
    shutil.rmtree(made.target) if made.target.is_dir() else made.target.unlink()
    animate(made, resources=resources)
    assert read_files(made.target) == files


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, "animate", *map(str, arguments), "--resume", "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kill_until_done(moment: Callable[[], float], output: Path, *arguments: object) -> int:
    """Run again and again, killed after so many seconds, until the output is there; how often it was killed."""
    for count in range(100):
        if output.exists() and not kept(output).exists():  # killed on its way out
            return count
        process = start(*arguments, "-o", output)
        try:
            process.wait(moment())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        else:
            assert process.returncode == 0, process.communicate()[1]
            return count
    raise AssertionError("it was never done")


def test_a_killed_process_goes_on_where_it_ended(inputs: Path, tmp_path: Path, resources: Resources) -> None:
    output, whole = tmp_path / "out.mp4", tmp_path / "whole.mp4"
    arguments = [inputs / "ann.png", inputs / "walk.mp4", "--weights", inputs / "small.safetensors"]
    process = start(*arguments, "--keypoints", "bundled", "-q", "-o", output)
    while not (kept(output) / "state.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    progress = Interruption()
    animate(config(inputs, output), progress)
    assert progress.begun >= SEGMENT
    animate(config(inputs, whole), resources=resources)
    assert output.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "whole.mp4"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_twenty_random_moments_the_result_is_the_same(tmp_path: Path) -> None:
    output, whole, chance = tmp_path / "out.mp4", tmp_path / "whole.mp4", random.Random(0)
    arguments = [SOURCE, DRIVING, "--keypoints", "bundled", "--quality", "fast", "-q"]
    begin = time.monotonic()
    assert kill_until_done(lambda: 1000, whole, *arguments) == 0
    seconds = time.monotonic() - begin
    kills = 0
    while kills < 20:
        output.unlink(missing_ok=True)
        kills += kill_until_done(lambda: chance.uniform(0.05, 0.5) * seconds, output, *arguments)
        assert output.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "whole.mp4"}
