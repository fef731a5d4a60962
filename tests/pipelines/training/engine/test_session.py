"""The life of a run: its clock, learning rate, reports and saved state."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.errors import InputError, WeightsError
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.ema import ExponentialMovingAverage
from pipelines.training.engine.session import Session


def start(out: Path, **options) -> Session:
    return Session(TrainConfig(out=out, device="cpu", **options), Processes("cpu"), SilentProgress())


class Run:
    """A small network, its optimiser and its average, all of the same seed."""

    def __init__(self) -> None:
        torch.manual_seed(5)
        self.model = nn.Linear(3, 2)
        self.optimiser = torch.optim.Adam(self.model.parameters(), 0.01)
        self.average = ExponentialMovingAverage(self.model, 0.9)

    def train(self, session: Session, steps: int) -> None:
        for _ in range(steps):
            inputs = torch.randn(4, 3, generator=session.generator)
            loss = (self.model(inputs) + 0.1 * torch.randn(4, 2)).square().mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.average.update(self.model, session.step)
            session.advance()


def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    whole = Run()
    whole.train(start(tmp_path / "a"), 12)
    half, session = Run(), start(tmp_path / "b")
    half.train(session, 5)
    session.save(**vars(half))
    other, resumed = Run(), start(tmp_path / "b", resume=True)
    resumed.restore(**vars(other))
    assert resumed.step == 5
    other.train(resumed, 7)
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[key])
        assert torch.equal(whole.average.state[key], other.average.state[key])


def test_the_state_has_the_keys_that_older_runs_saved(tmp_path: Path) -> None:
    start(tmp_path).save(model=nn.Linear(1, 1))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert {key: set(value) for key, value in state.items()} == {
        "model": {"weight", "bias"},
        "session": {"step", "elapsed"},
        "random": {"generator", "torch"},
    }


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path) -> None:
    start(tmp_path).save(model=nn.Linear(1, 1))
    with pytest.raises(InputError, match="--resume"):
        start(tmp_path)


def test_resuming_nothing_or_another_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nothing to resume"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))
    start(tmp_path).save(other=nn.Linear(1, 1))
    with pytest.raises(WeightsError, match="another recipe"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))


def test_a_state_that_does_not_fit_or_is_damaged_is_refused_in_a_line(tmp_path: Path) -> None:
    start(tmp_path).save(model=nn.Linear(1, 1))
    with pytest.raises(WeightsError, match="another size"):
        start(tmp_path, resume=True).restore(model=nn.Linear(1, 2))
    intact = (tmp_path / "state.pt").read_bytes()
    for broken in (intact[: len(intact) // 2], b"", b"no state"):
        (tmp_path / "state.pt").write_bytes(broken)
        with pytest.raises(WeightsError, match="damaged") as refusal:
            start(tmp_path, resume=True).restore(model=nn.Linear(1, 1))
        assert len(str(refusal.value).splitlines()) == 1


def test_the_learning_rate_warms_up_and_ends_near_zero(tmp_path: Path) -> None:
    session = start(tmp_path, steps=100, warmup=10)
    rates = []
    while session.running():
        rates.append(session.learning_rate(1.0))
        session.advance()
    assert len(rates) == 100
    assert np.argmax(rates) in range(8, 13)
    assert rates[0] < 0.11
    assert rates[-1] < 0.001


def test_a_multiple_passed_within_an_iteration_counts(tmp_path: Path) -> None:
    session, found = start(tmp_path, steps=12), []
    while session.running():
        session.advance(4)
        found.append(session.passed(5))
    assert found == [False, True, True]


def test_a_run_pauses_and_keeps_its_clock(tmp_path: Path) -> None:
    session = start(tmp_path, seconds=1000.0, pause_after=1e-9)
    assert not session.running()
    assert session.fraction_done < 0.01
    session.save(model=nn.Linear(1, 1))
    saved = torch.load(tmp_path / "state.pt", weights_only=True)["session"]["elapsed"]
    resumed = start(tmp_path, seconds=1000.0, resume=True)
    resumed.restore(model=nn.Linear(1, 1))
    assert resumed.elapsed > saved > 0
    assert resumed.running()


def test_reports_are_logged_with_step_and_kind(tmp_path: Path) -> None:
    session = start(tmp_path)
    assert not (tmp_path / "log.jsonl").exists()
    session.advance(3)
    session.report({"loss": torch.tensor(0.25)})
    session.report({"psnr": 20.0}, "validation")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["step"]) for line in lines] == [("train", 3), ("validation", 3)]
