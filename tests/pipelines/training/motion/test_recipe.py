"""Training of the motion network at tiny size."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from models.errors import WeightsError
from models.motion import MotionConfig, MotionNetwork
from models.pose_refiner import PoseRefiner, RefinerConfig
from models.weights import load_weights, save_weights
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.recipe import fit
from pipelines.training.engine.session import Session
from pipelines.training.motion.data import Recipe
from pipelines.training.motion.detector_noise import DetectorErrors
from pipelines.training.motion.recipe import MotionTask

JITTER = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)} | {"jitter": 0.02})
SMALL = Recipe(frames=24, errors=JITTER, validation_windows=32)


def make_small(session: Session, recipe: Recipe) -> MotionTask:
    torch.manual_seed(session.config.seed)
    return MotionTask(session, recipe, PoseRefiner(config=RefinerConfig(channels=32, dilations=(1, 3))))


def test_training_learns_saves_and_resumes(tmp_path: Path) -> None:
    config = TrainConfig(
        out=tmp_path, steps=24, batch=12, warmup=3, average=0.8, validate_every=24, device="cpu", learning_rate=1e-2
    )
    path = fit(make_small, SMALL, config, SilentProgress())
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    last = [line for line in log if line["kind"] == "validation"][-1]
    assert last["velocity_error"] < 0.9 * last["naive_velocity_error"]  # it has learnt to smooth
    network = load_weights(path, expect="refiner")
    assert isinstance(network, PoseRefiner)
    assert network.config == RefinerConfig(channels=32, dilations=(1, 3))
    fit(make_small, SMALL, dataclasses.replace(config, steps=25, resume=True), SilentProgress())
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["step"] == 25


def test_saving_changes_nothing(tmp_path: Path) -> None:
    states = []
    for every in (1, 3):
        out = tmp_path / str(every)
        config = TrainConfig(out=out, steps=3, batch=2, validate_every=every, device="cpu")
        fit(make_small, dataclasses.replace(SMALL, validation_windows=2), config, SilentProgress())
        states.append(torch.load(out / "state.pt", weights_only=True)["network"])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_the_authors_network_is_no_start(tmp_path: Path) -> None:
    other, out = tmp_path / "other.safetensors", tmp_path / "run"
    network = MotionNetwork(config=MotionConfig(channels=8))
    save_weights(other, network, architecture="motion", licence="none", command="none", extra={})
    config = TrainConfig(out=out, steps=1, init=str(other), device="cpu")
    with pytest.raises(WeightsError, match="'motion'"):
        fit(MotionTask, SMALL, config, SilentProgress())
