"""The time of a whole run, import included, as a clock outside of the program sees it; its stages add up."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights


def test_the_wall_time_is_that_of_the_whole_run(tmp_path: Path) -> None:
    write_small_source(tmp_path / "ann.png")
    write_small_clip(tmp_path / "walk.mp4")
    write_small_weights(tmp_path / "small.safetensors")
    options = ["--weights", "small.safetensors", "--keypoints", "bundled", "--device", "cpu", "--json"]
    command = [sys.executable, "-m", "gfla_cli", "animate", "ann.png", "walk.mp4", *options]
    began = time.monotonic()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    report = json.loads(done.stdout)
    wall, start, overlapping = report["wall_seconds"], report["start_seconds"], report["overlapping_seconds"]
    assert 0.7 * seconds < wall < seconds  # the interpreter still has to end
    assert 0.9 * wall < start + sum(report["seconds"].values()) - sum(overlapping.values()) <= wall
    assert {"compose", "encode"} <= set(overlapping) <= {"compose", "encode", "poses"}
