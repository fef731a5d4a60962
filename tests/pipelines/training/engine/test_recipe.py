"""What a task has to state, and what `fit` does with it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.errors import ProcessingError
from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights, read_metadata
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import Validation, fit
from pipelines.training.engine.session import Session
from pipelines.training.engine.supervised import SupervisedTask
from tests.helpers.progress import RecordedProgress


@dataclass(frozen=True)
class Recipe:
    """One weight."""

    weight: float = 1.0


class EchoTask(SupervisedTask[MotionNetwork, Tensor]):
    """Teaches a motion network to answer with zeros: a complete task, as small as can be."""

    name = "echo"
    architecture = "motion"
    recipe_type = Recipe
    recipe: Recipe
    learning_rate = 1e-2
    report_every = 2

    def __init__(self, session: Session, recipe: Recipe) -> None:
        torch.manual_seed(session.config.seed)
        super().__init__(session, recipe, MotionNetwork(config=MotionConfig(channels=8)))
        self.prepared, self.grad_modes = 0, set[bool]()

    def options(self) -> str:
        return "--loud"

    def prepare(self) -> None:
        self.prepared += 1

    def draw_batch(self) -> Tensor:
        self.grad_modes.add(torch.is_grad_enabled())
        return torch.randn(2, 34, 90, generator=self.session.generator)

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        return {"square": self.recipe.weight * self.predict(batch).square().mean()}

    def validate(self, network: MotionNetwork) -> Validation:
        assert not network.training
        assert not torch.is_grad_enabled()
        self.session.begin("validate", 1, unit="answers")
        self.session.progress.advance()
        answer = network(torch.ones(1, 34, 90)).square().mean()
        return Validation({"square": float(answer)}, [torch.zeros(1, 3, 8, 8)])


def config(out: Path, **options) -> TrainConfig:
    return TrainConfig(out=out, device="cpu", batch=2, steps=6, validate_every=3, warmup=0, average=0.5, **options)


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def keep_last(tasks: list[EchoTask]) -> Callable[[Session, Recipe], EchoTask]:
    def make(session: Session, recipe: Recipe) -> EchoTask:
        tasks.append(EchoTask(session, recipe))
        return tasks[-1]

    return make


def test_fit_trains_reports_validates_and_publishes(tmp_path: Path) -> None:
    tasks: list[EchoTask] = []
    path = fit(keep_last(tasks), Recipe(), config(tmp_path), SilentProgress())
    assert path == tmp_path / "weights.safetensors"
    assert [(line["kind"], line["step"]) for line in lines(tmp_path)] == [
        ("train", 2), ("validation", 3), ("train", 4), ("train", 6), ("validation", 6),
    ]  # fmt: skip
    losses = [line["square"] for line in lines(tmp_path) if line["kind"] == "train"]
    assert losses[-1] < 0.9 * losses[0]
    assert {"square", "rate"} <= lines(tmp_path)[0].keys()
    assert (tmp_path / "sheet.png").exists()
    assert (tasks[0].prepared, tasks[0].grad_modes) == (1, {False})
    published, averaged = load_weights(path, expect="motion").state_dict(), tasks[0].average.state
    assert all(torch.allclose(value, averaged[key], atol=1e-3) for key, value in published.items())
    metadata = read_metadata(path)
    assert metadata["command"] == "gfla train echo --loud --data synthetic --steps 6 --batch 2 --seed 0"
    assert metadata["extra"]["step"] == 6
    assert metadata["extra"]["square"] > 0


def test_a_longer_run_resumes_where_the_first_ended(tmp_path: Path) -> None:
    fit(EchoTask, Recipe(), config(tmp_path), SilentProgress())
    fit(EchoTask, Recipe(), replace(config(tmp_path), steps=8, resume=True), SilentProgress())
    assert [line["step"] for line in lines(tmp_path) if line["kind"] == "train"] == [2, 4, 6, 8]


def test_a_resumed_run_counts_on_and_so_does_training_after_a_validation(tmp_path: Path) -> None:
    fit(EchoTask, Recipe(), config(tmp_path), SilentProgress())
    progress = RecordedProgress()
    fit(EchoTask, Recipe(), replace(config(tmp_path), steps=11, resume=True), progress)
    assert progress.begun == [("train", 6), ("validate", 0), ("train", 9), ("validate", 0)]
    assert [stage.done for stage in progress.stages] == [9, 1, 11, 1]


def test_a_paused_run_is_saved_without_an_update(tmp_path: Path) -> None:
    fit(EchoTask, Recipe(), config(tmp_path), SilentProgress())
    before = (tmp_path / "state.pt").stat().st_mtime_ns
    paused = config(tmp_path, resume=True, pause_after=1e-9)
    fit(EchoTask, Recipe(), replace(paused, steps=9), SilentProgress())
    assert (tmp_path / "state.pt").stat().st_mtime_ns == before
    assert lines(tmp_path)[-1]["step"] == 6


class DivergingTask(EchoTask):
    """Its loss is not a number from update 4 on."""

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        factor = 1.0 if self.session.step < 3 else float("nan")
        return {"square": factor * super().losses(batch)["square"]}


class QuietTask(DivergingTask):
    report_every = 100


def test_a_run_that_diverges_stops_and_keeps_what_was_saved_before(tmp_path: Path) -> None:
    out = re.escape(str(tmp_path))
    message = f"diverged by step 4, square is not finite: --resume from step 3 in {out} with a lower --learning-rate"
    with pytest.raises(ProcessingError, match=message):
        fit(DivergingTask, Recipe(), config(tmp_path), SilentProgress())
    assert [line["step"] for line in lines(tmp_path)] == [2, 3]
    assert all(value.isfinite().all() for value in load_weights(tmp_path / "weights.safetensors").state_dict().values())
    fit(EchoTask, Recipe(), replace(config(tmp_path), resume=True), SilentProgress())
    assert lines(tmp_path)[-1]["step"] == 6


def test_a_network_that_diverged_unseen_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match=r"diverged by step 4, [\w.]+ is not finite: start again with a lower"):
        fit(QuietTask, Recipe(), replace(config(tmp_path), validate_every=4), SilentProgress())
    assert not (tmp_path / "state.pt").exists()
    assert not (tmp_path / "weights.safetensors").exists()


def test_the_configured_learning_rate_comes_before_the_tasks(tmp_path: Path) -> None:
    session = Session(config(tmp_path, learning_rate=0.0), Processes("cpu"), SilentProgress())
    assert EchoTask(session, Recipe()).peak_rate == 0.0
