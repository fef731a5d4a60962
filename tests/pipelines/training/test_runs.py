"""Runs that are killed and go on, and runs of two processes, are the same as those of one process without a break."""

from pathlib import Path

import pytest
import torch

from tests.pipelines.datasets.folders import market
from tests.pipelines.training.runs import (
    assert_equal,
    begin,
    finish,
    kill_after_saving,
    log,
    saved_step,
    state,
    weights,
)

pytestmark = pytest.mark.cluster

OURS = ["animate", "--steps", 24, "--batch", 1, "--validate-every", 6, "--warmup", 2]
OURS += [f"--set={change}" for change in ("size=64", "rollout=2", "returns=1", "clip_length=24", "chunk=1")]
OURS += ["--set=validation_clips=1", "--set=adversarial_from=0.3"]
MARKET = ["pose", "--config=pose_market", "--set=width=8", "--set=workers=0", "--vgg=none", "--seed=3"]
DANCE = ["animate", "--config=dance_fashion", "--set=width=8", "--set=size=64", "--set=frames=12", "--set=together=1"]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return market(tmp_path_factory.mktemp("market"), people=3, views=2)


@pytest.mark.parametrize("recipe", ["ours", "paper"])
def test_a_killed_run_goes_on_to_the_same_weights(recipe: str, tmp_path: Path, people: Path) -> None:
    paper = [*MARKET, "--data", people, "--steps", 24, "--batch", 2, "--validate-every", 4]
    options = OURS if recipe == "ours" else paper
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    uninterrupted = begin(*options, "--out", whole)
    killed = begin(*options, "--out", cut)
    kill_after_saving(killed, cut)
    assert 0 < saved_step(cut) < 24
    finish(begin(*options, "--out", cut, "--resume"))
    finish(uninterrupted)
    assert_equal(weights(cut), weights(whole))
    assert_equal(state(cut), state(whole))
    assert log(cut) == log(whole)


@pytest.mark.parametrize("recipe", ["pairs of a folder", "rendered clips"])
def test_two_processes_do_what_one_with_twice_the_batch_does(recipe: str, tmp_path: Path, people: Path) -> None:
    options = [*MARKET, "--data", people, "--steps", 6] if recipe == "pairs of a folder" else [*DANCE, "--steps", 4]
    one = begin(*options, "--batch", 2, "--out", tmp_path / "one")
    two = begin(*options, "--batch", 1, "--out", tmp_path / "two", processes=2)
    finish(one)
    finish(two)
    for found, expected in zip(log(tmp_path / "two"), log(tmp_path / "one"), strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=2e-5)
    network = state(tmp_path / "one")["network"]
    for key, value in state(tmp_path / "two")["network"].items():
        torch.testing.assert_close(value, network[key], rtol=1e-3, atol=1e-5, msg=key)
