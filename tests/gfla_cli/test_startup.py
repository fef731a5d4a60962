"""The program starts fast and imports the heavy libraries only in the command that needs them."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "torchvision", "cv2", "av", "ultralytics", "numpy", "skimage")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_starts_in_half_a_second(flag: str) -> None:
    def seconds() -> float:
        """Processor time, which does not depend on what else runs here; the start waits for nothing else."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "gfla_cli", flag], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        *([name, "--help"] for name in ("animate", "batch", "check", "pose", "evaluate", "train", "data")),
        [],
    ],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = f"""
import sys
from pathlib import Path
from gfla_cli.app import app
try:
    app(args={arguments!r}, prog_name="gfla")
except SystemExit as stop:
    assert stop.code == 0, stop.code
loaded = sorted(set({HEAVY!r}) & set(sys.modules))
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_option_value_is_found_before_anything_heavy_is_imported() -> None:
    program = """
import sys
from pathlib import Path
from gfla_cli.app import app
try:
    app(args=["animate", sys.executable, sys.executable, "--device", "abacus"], prog_name="gfla")
except SystemExit as stop:
    assert stop.code == 2, stop.code
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_collector_leaves_what_a_command_imports_alone(tmp_path: Path) -> None:
    for name in ("photo.png", "dance.mp4"):
        (tmp_path / name).write_bytes(b"neither a picture nor a video")
    program = """
import gc
from gfla_cli.app import app
try:
    app(args=["animate", "photo.png", "dance.mp4", "--quiet"], prog_name="gfla")
except SystemExit as stop:
    assert stop.code == 2, stop.code
assert gc.isenabled()
assert gc.get_freeze_count() > 100_000
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
