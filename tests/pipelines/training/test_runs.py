"""A killed run resumes to the same weights; two processes do what one with twice the batch does."""

from pathlib import Path

import pytest

from tests.helpers.dataset_folders import write_market
from tests.helpers.training_runs import (
    assert_equal,
    kill_after_saving,
    read_log,
    read_state,
    read_step,
    read_weights,
    run_training,
    start_training,
    wait_for_end,
)

pytestmark = pytest.mark.cluster

OURS = ["animate", "--data=synthetic", "--steps=6", "--batch=1", "--validate-every=3", "--warmup=2"]
OURS += [f"--set={change}" for change in ("size=64", "rollout=2", "returns=1", "clip_length=24", "chunk=1")]
OURS += ["--set=validation_clips=1", "--set=adversarial_from=0.4"]
VIEWS = ["view-synth", "--category=chair", "--steps=6", "--batch=4", "--validate-every=2", "--warmup=2"]
VIEWS += [f"--set={change}" for change in ("size=64", "views=2", "chunk=2", "validation=1", "adversarial_from=0.4")]
MARKET = ["pose", "--config=pose_market", "--steps=12", "--batch=2", "--validate-every=4", "--vgg=none", "--seed=3"]
MARKET += ["--set=width=4", "--set=workers=0"]
DANCE = ["animate", "--config=dance_fashion", "--data=synthetic", "--steps=3", "--validate-every=1"]
DANCE += [f"--set={change}" for change in ("width=4", "size=64", "frames=6", "together=1")]


@pytest.mark.parametrize(
    "recipe",
    ["ours", pytest.param("our views", marks=pytest.mark.slow), pytest.param("the paper's", marks=pytest.mark.slow)],
)
def test_a_killed_run_resumes_to_the_same_weights(recipe: str, tmp_path: Path) -> None:
    options = {"ours": OURS, "our views": VIEWS}.get(recipe)
    options = options or [*MARKET, "--data", write_market(tmp_path / "data", people=3, views=2)]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    kill_after_saving(start_training(*options, "--out", cut), cut)
    killed_at = read_step(cut)
    run_training(*options, "--out", cut, "--resume")
    run_training(*options, "--out", whole)
    assert 0 < killed_at < read_step(whole)
    assert_equal(read_weights(cut), read_weights(whole))
    assert_equal(read_state(cut), read_state(whole))
    assert read_log(cut) == read_log(whole)


@pytest.mark.slow
def test_two_processes_do_what_one_with_twice_the_batch_does(tmp_path: Path) -> None:
    two = start_training(*DANCE, "--batch=1", "--out", tmp_path / "two", processes=2)
    run_training(*DANCE, "--batch=2", "--out", tmp_path / "one")
    wait_for_end(two)
    one, two = read_log(tmp_path / "one"), read_log(tmp_path / "two")
    assert [report.pop("step") for report in one] == [report.pop("step") for report in two] == [1, 2, 3]
    for found, expected in zip(two, one, strict=True):
        assert found.pop("kind") == expected.pop("kind")
        assert found == pytest.approx(expected, rel=2e-5, abs=1e-6)  # the losses add up to about 20
