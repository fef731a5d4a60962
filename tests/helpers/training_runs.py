"""Training runs as a user starts them, in this process or in others, and what they write."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.training.keypoints.framing import CropConfig

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0  # seconds to wait for a run
TINY_CROPS = CropConfig(size=64, source=48, texture_size=32, pool=2, keep=2, renew=1)


def run_training(*arguments: object) -> None:
    """Run `gfla train` with these arguments in this process, on one thread as in the others; it must succeed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = CliRunner().invoke(app, ["train", *map(str, arguments), "--device", "cpu", "--quiet"])
    finally:
        torch.set_num_threads(threads)
    assert result.exit_code == 0, result.stderr


def start_training(*arguments: object, processes: int = 1) -> subprocess.Popen:
    """Start the same in a process of its own, or in several under torchrun."""
    launch = (
        ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    )
    command = [sys.executable, *launch, "-m", "gfla_cli", "train", *map(str, arguments), "--device", "cpu", "--quiet"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def wait_for_end(run: subprocess.Popen) -> None:
    """Wait until the run ends; it must succeed."""
    _, stderr = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, stderr


def kill_after_saving(run: subprocess.Popen, out: Path) -> None:
    """Send SIGKILL as soon as there is something to resume."""
    deadline = time.monotonic() + PATIENCE
    while not (out / "state.pt").exists():
        assert run.poll() is None, run.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert run.returncode == -signal.SIGKILL


def read_step(out: Path) -> int:
    return torch.load(out / "state.pt", weights_only=True)["session"]["step"]


def read_log(out: Path) -> list[dict[str, Any]]:
    """The reports, without the time they took."""
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def read_weights(out: Path) -> dict[str, Tensor]:
    return load_file(out / "weights.safetensors")


def read_state(out: Path) -> dict[str, Any]:
    """The networks, optimisers and random state that were saved last."""
    saved = torch.load(out / "state.pt", weights_only=True)
    return {key: value for key, value in saved.items() if key != "session"}


def assert_equal(found: Any, expected: Any, where: str = "") -> None:
    """Compare nested dictionaries and lists with tensors, bit for bit."""
    if isinstance(expected, Tensor):
        assert torch.equal(found, expected), where
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key, value in expected.items():
            assert_equal(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for index, pair in enumerate(zip(found, expected, strict=True)):
            assert_equal(*pair, f"{where}.{index}")
    else:
        assert found == expected, where
