"""Training of the viewpoint network at tiny size."""

from pathlib import Path

import pytest
import torch

from models.errors import InputError
from models.turning import Camera
from models.viewpoint import ViewpointOutput, azimuth_target, decode_viewpoint
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.viewpoint.data import Recipe
from pipelines.training.viewpoint.recipe import ViewpointTask
from pipelines.training.viewpoint.validation import OF_AZIMUTH, judge_estimates, recognise_others, validate


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
    assert validate(network, "other", 4).keys() == numbers.keys() - set(OF_AZIMUTH)
    assert 0 <= recognise_others(network, 4) <= 1


def test_the_back_of_what_has_no_front_is_right_and_as_sure_as_its_front() -> None:
    chances = 0.6 * azimuth_target(torch.tensor([200.0]), 72, 6.0) + 0.4 * azimuth_target(torch.tensor([20.0]), 72, 6.0)
    nothing, one = torch.zeros(3), torch.ones(3)
    answer = ViewpointOutput(
        chances.log().expand(3, -1), torch.eye(3), nothing, torch.zeros(3, 3), nothing, torch.ones(3, 2)
    )
    camera = Camera(torch.full((3,), 20.0), nothing, nothing, one)
    found = judge_estimates(decode_viewpoint(answer), camera, torch.tensor([1, 2, 4]), torch.zeros(3, 3), 0)
    torch.testing.assert_close(found[:, 0], torch.tensor([180.0, 0, 0]), atol=0.1, rtol=0)
    torch.testing.assert_close(found[:, 1], torch.tensor([0.6, 1, 1]), atol=0.01, rtol=0)


def test_a_batch_that_chunks_do_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="multiple"):
        make_task(TrainConfig(out=tmp_path, batch=6, device="cpu"), Recipe(chunk=4))
