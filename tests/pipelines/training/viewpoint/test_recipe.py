"""Training of the viewpoint network at tiny size."""

from pathlib import Path

import pytest
import torch

from models.errors import InputError
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.viewpoint.data import Recipe
from pipelines.training.viewpoint.recipe import ViewpointTask
from pipelines.training.viewpoint.validation import recognise_others, validate


def make_task(config: TrainConfig, recipe: Recipe) -> ViewpointTask:
    return ViewpointTask(Session(config, Processes("cpu"), SilentProgress()), recipe)


def test_a_batch_updates_the_network_once_per_chunk_and_validation_counts(tmp_path: Path) -> None:
    task = make_task(TrainConfig(out=tmp_path, batch=8, steps=4, device="cpu", warmup=1), Recipe(chunk=4))
    before = {key: value.clone() for key, value in task.network.state_dict().items()}
    losses = task.update(task.draw_batch())
    assert task.session.step == 2
    assert all(torch.isfinite(value) for value in losses.values())
    changed = [key for key, value in task.network.named_parameters() if not torch.equal(before[key], value)]
    assert len(changed) > 0.9 * len(list(task.network.parameters()))
    network = task.published_network()
    numbers = validate(network, "car", 4)
    assert all(0 <= numbers[name] <= 1 for name in ("reversed", "within20", "confidence", "kind"))
    assert 0 <= numbers["median"] <= 180
    assert 0 <= recognise_others(network, 4) <= 1


def test_a_batch_that_chunks_do_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="multiple"):
        make_task(TrainConfig(out=tmp_path, batch=6, device="cpu"), Recipe(chunk=4))
