"""Training of the motion network at tiny size."""

import dataclasses
import json
from pathlib import Path

import torch

from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.recipe import fit
from pipelines.training.engine.session import Session
from pipelines.training.motion.data import Recipe
from pipelines.training.motion.recipe import MotionTask

SMALL = Recipe(frames=(24,), validation_windows=16)


def make_small(session: Session, recipe: Recipe) -> MotionTask:
    torch.manual_seed(session.config.seed)
    return MotionTask(session, recipe, MotionNetwork(config=MotionConfig(channels=24)))


def test_training_learns_saves_and_resumes(tmp_path: Path) -> None:
    config = TrainConfig(
        out=tmp_path, steps=24, batch=12, warmup=3, average=0.8, validate_every=4, device="cpu", learning_rate=3e-3
    )
    path = fit(make_small, SMALL, config, SilentProgress())
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    errors = [line["error"] for line in log if line["kind"] == "validation"]
    assert errors[-1] < 0.9 * errors[0]
    network = load_weights(path, expect="motion")
    assert isinstance(network, MotionNetwork)
    assert network.config.channels == 24
    fit(make_small, SMALL, dataclasses.replace(config, steps=25, resume=True), SilentProgress())
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 25


def test_saving_changes_nothing(tmp_path: Path) -> None:
    states = []
    for every in (1, 3):
        out = tmp_path / str(every)
        config = TrainConfig(out=out, steps=3, batch=2, validate_every=every, device="cpu")
        fit(make_small, dataclasses.replace(SMALL, dropout=0.5), config, SilentProgress())
        states.append(torch.load(out / "state.pt", weights_only=True)["network"])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
