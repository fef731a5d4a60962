"""`gfla train`: options reach the recipe, and a tiny run leaves a log and weights."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.training.engine.session import TrainConfig
from pipelines.training.motion import recipe as motion
from pipelines.training.view_synthesis import recipe as view_synth


class Training:
    """Stands in for a recipe's `run`."""

    config: TrainConfig
    recipe: motion.Recipe

    def __call__(self, config: TrainConfig, progress, recipe) -> Path:
        self.config, self.recipe = config, recipe
        progress.stage("train", config.steps)
        progress.advance(config.steps)
        return config.out / "weights.safetensors"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Training:
    stand_in = Training()
    monkeypatch.setattr(motion, "run", stand_in)
    return stand_in


def train(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_without_options_the_recipe_keeps_its_own(training: Training) -> None:
    code, stdout, stderr = train("motion")
    assert (code, stdout) == (0, "runs/motion/weights.safetensors\n")
    assert "steps/s" in stderr
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


@pytest.mark.parametrize("change", ["speed=1", "velocity=fast", "velocity", "errors=1"])
def test_other_changes_are_refused(change: str, training: Training) -> None:
    code, _, stderr = train("motion", "--set", change)
    assert code == 2
    assert change.partition("=")[0] in stderr
    assert len(stderr.splitlines()) == 1


def test_a_category_reaches_the_recipe_that_has_some(monkeypatch: pytest.MonkeyPatch, training: Training) -> None:
    stand_in = Training()
    monkeypatch.setattr(view_synth, "run", stand_in)
    assert train("view-synth", "--category", "chair")[:2] == (0, "runs/view-synth/weights.safetensors\n")
    assert stand_in.recipe == view_synth.Recipe(category="chair")
    assert (stand_in.config.batch, stand_in.config.validate_every) == (192, 5000)
    for other in ("view-synth", "--config", "shapenet_car"), ("motion",):
        code, _, stderr = train(*other, "--category", "car")
        assert (code, len(stderr.splitlines())) == (2, 1)
        assert "--category is for" in stderr


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
