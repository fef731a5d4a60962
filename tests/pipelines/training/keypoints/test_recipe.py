"""Training of the keypoint network at tiny size."""

import json
from dataclasses import replace
from pathlib import Path

from models.keypoints import KeypointNetwork
from models.weights import load_weights, read_metadata
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.recipe import fit
from pipelines.training.keypoints.data import Recipe
from pipelines.training.keypoints.recipe import KeypointTask
from tests.helpers.training_runs import TINY_CROPS


def test_a_run_writes_weights_log_and_sheet_and_resumes(tmp_path: Path) -> None:
    recipe, out = Recipe(crops=TINY_CROPS, validation=4), tmp_path / "run"
    config = TrainConfig(out=out, steps=2, batch=4, validate_every=2, device="cpu", warmup=1)
    weights = fit(KeypointTask, recipe, config, SilentProgress())
    assert isinstance(load_weights(weights, expect="keypoints"), KeypointNetwork)
    extra = read_metadata(weights)["extra"]
    assert extra["step"] == 2
    assert 0 <= extra["pck"] <= 1
    assert 0 <= extra["hard_pck"] <= 1
    assert (out / "sheet.png").exists()
    fit(KeypointTask, recipe, replace(config, steps=3, resume=True), SilentProgress())
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 3
