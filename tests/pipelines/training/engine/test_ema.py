"""The moving average of weights."""

import torch
from torch import nn

from pipelines.training.engine.ema import ExponentialMovingAverage


def test_early_updates_follow_the_module_and_late_ones_the_decay() -> None:
    module = nn.Linear(2, 1, bias=False)
    average = ExponentialMovingAverage(module, 0.9)
    start = average.state["weight"].clone()
    with torch.no_grad():
        module.weight += 1.0
    average.update(module, 0)
    torch.testing.assert_close(average.state["weight"], start + 0.9)  # a decay of 0.1 at first
    average.update(module, 1000)
    torch.testing.assert_close(average.state["weight"], start + 0.91)  # then 0.9


def test_counters_are_copied_and_the_copy_is_for_use() -> None:
    module = nn.BatchNorm1d(2)
    average = ExponentialMovingAverage(module, 0.9)
    module(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    average.update(module, 0)
    copy = average.averaged_copy(module)
    assert not copy.training
    assert copy.num_batches_tracked == 1
    assert not torch.equal(copy.running_mean, module.running_mean)  # pyright: ignore[reportArgumentType]
    assert module.training


def test_building_the_copy_draws_no_random_numbers() -> None:
    module = nn.Linear(2, 2)
    average, before = ExponentialMovingAverage(module, 0.9), torch.get_rng_state()
    average.averaged_copy(module)
    assert torch.equal(torch.get_rng_state(), before)
