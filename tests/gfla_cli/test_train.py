"""`gfla train`: options reach the recipe, and a tiny run leaves a log and weights."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from gfla_cli.commands import train as command
from pipelines.runtime.progress import Progress
from pipelines.training.config import TrainConfig
from pipelines.training.engine import recipe as engine
from pipelines.training.motion import data as motion
from pipelines.training.motion.recipe import MotionTask
from pipelines.training.view_synthesis import data as view_synth
from tests.helpers.terminal import Terminal


class Training:
    """Stands in for `fit`."""

    task: object
    config: TrainConfig
    recipe: Any

    def __call__(self, task: object, recipe: Any, config: TrainConfig, progress: Progress) -> Path:
        self.task, self.config, self.recipe = task, config, recipe
        progress.stage("train", config.steps)
        progress.advance(config.steps)
        return config.out / "weights.safetensors"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Training:
    stand_in = Training()
    monkeypatch.setattr(engine, "fit", stand_in)
    return stand_in


def train(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_without_options_the_recipe_keeps_its_own(training: Training) -> None:
    code, stdout, stderr = train("motion")
    assert (code, stdout) == (0, "runs/motion/weights.safetensors\n")
    assert "steps/s" in stderr
    assert training.task is MotionTask
    assert training.config == TrainConfig(out=Path("runs/motion"))
    assert training.recipe == motion.Recipe()


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--steps", "7"], "steps", 7),
        (["--seconds", "90"], "seconds", 90.0),
        (["--batch", "3"], "batch", 3),
        (["--learning-rate", "0.01"], "learning_rate", 0.01),
        (["--warmup", "0"], "warmup", 0),
        (["--validate-every", "5"], "validate_every", 5),
        (["--out", "elsewhere"], "out", Path("elsewhere")),
        (["--resume"], "resume", True),
        (["--init", "motion"], "init", "motion"),
        (["--seed", "4"], "seed", 4),
        (["--device", "cpu"], "device", "cpu"),
        (["--compile"], "compile", True),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_option_reaches_the_recipe(arguments: list[str], name: str, value: object, training: Training) -> None:
    code, _, stderr = train("motion", *arguments)
    assert code == 0, stderr
    assert getattr(training.config, name) == value


def test_numbers_of_the_recipe_can_be_set(training: Training) -> None:
    assert train("motion", "--set", "velocity=0.25", "--set", "validation_windows=9")[0] == 0
    assert (training.recipe.velocity, training.recipe.validation_windows) == (0.25, 9)


@pytest.mark.parametrize(
    ("options", "windows"),
    [(["--steps", "3"], 3), (["--steps", "1000"], 1024), (["--steps", "3", "--set", "validation_windows=9"], 9)],
)
def test_a_short_run_validates_on_little_and_says_so(options: list[str], windows: int, training: Training) -> None:
    code, _, stderr = train("motion", *options)
    assert (code, training.recipe.validation_windows) == (0, windows)
    assert ("validates on 3 instead of 1024 held-out samples" in stderr) == (windows == 3)


def test_what_the_recipe_has_or_not_can_be_set(training: Training) -> None:
    for text, value in (("true", True), ("false", False)):
        assert train("animate", "--set", f"structure_details={text}")[0] == 0
        assert training.recipe.structure_details is value
    code, _, stderr = train("animate", "--set", "structure_details=1")
    assert code == 2
    assert "structure_details: '1' is not true or false" in " ".join(stderr.split())


@pytest.mark.parametrize("change", ["speed=1", "velocity=fast", "velocity", "errors=1"])
def test_other_changes_are_refused(change: str, training: Training) -> None:
    code, _, stderr = train("motion", "--set", change)
    assert code == 2
    assert change.partition("=")[0] in stderr
    assert len(stderr.splitlines()) == 1


def test_a_category_reaches_the_recipe_that_has_some(training: Training) -> None:
    assert train("view-synth", "--category", "chair")[:2] == (0, "runs/view-synth/weights.safetensors\n")
    assert training.recipe == view_synth.Recipe(category="chair")
    assert (training.config.batch, training.config.validate_every) == (192, 5000)
    for other in ("view-synth", "--config", "shapenet_car"), ("motion",):
        code, _, stderr = train(*other, "--category", "car")
        assert (code, len(stderr.splitlines())) == (2, 1)
        assert "--category is for" in stderr


def test_an_unknown_task_is_refused_with_the_names_of_all(training: Training) -> None:
    code, _, stderr = train("walking")
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "'walking'" in stderr
    assert (
        "animate, face, flow, keypoints, landmarks, motion, plate, pose, segmentation, view-synth, viewpoint" in stderr
    )


def test_help_names_every_task_without_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; from gfla_cli.app import app; app(['train', '--help'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "omitted options keep the recipe's defaults" in done.stdout


@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_gets_a_tqdm_bar(quiet: bool, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    command.train("motion", quiet=quiet)
    assert ("train: 100%" in terminal.getvalue()) == (not quiet)


def test_without_tqdm_a_terminal_gets_the_console(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    command.train("motion")
    assert "train" in terminal.getvalue()


def test_only_the_first_of_several_processes_talks(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert train("motion") == (0, "", "")


def test_a_tiny_run_leaves_a_log_and_weights(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ["--steps", 1, "--batch", 2, "--out", out, "--device", "cpu", "--set", "validation_windows=2"]
    code, stdout, stderr = train("motion", *options)
    assert code == 0, stderr
    assert stdout == f"{out / 'weights.safetensors'}\n"
    assert (out / "weights.safetensors").stat().st_size > 1000
    kinds = {json.loads(line)["kind"] for line in (out / "log.jsonl").read_text().splitlines()}
    assert "validation" in kinds
    code, _, stderr = train("motion", *options)
    assert code == 2
    assert "--resume" in stderr
