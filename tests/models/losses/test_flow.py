"""Losses against the true flow, by hand."""

import math

import pytest
import torch

from models.losses.flow import pool_flow, supervised_flow, visibility
from tests.helpers.looped_ops import make_uniform


def test_pooling_is_the_mean_over_visible_pixels_in_coarse_pixels() -> None:
    flow = torch.arange(16.0).view(1, 1, 4, 4).repeat(1, 2, 1, 1)
    visible = torch.zeros(1, 1, 4, 4)
    visible[0, 0, :2, :2] = torch.tensor([[1.0, 1.0], [0.0, 1.0]])  # flows 0, 1 and 5
    pooled, share = pool_flow(flow, visible, 2)
    assert (pooled.shape, share.shape) == ((1, 2, 2, 2), (1, 1, 2, 2))
    assert pooled[0, :, 0, 0].tolist() == pytest.approx([1.0, 1.0])  # a mean of 2 pixels is 1 coarse pixel
    assert share[0, 0].tolist() == [[0.75, 0.0], [0.0, 0.0]]
    assert not pooled[0, :, 1].any()


def test_supervised_flow_is_about_the_distance_where_the_weight_is() -> None:
    true, weight = make_uniform(1, 2, 3, 3, dtype=torch.float32), torch.zeros(1, 1, 3, 3)
    weight[0, 0, 1, 1] = 1.0
    flow = true.clone()
    flow[0, :, 1, 1] += torch.tensor([3.0, 4.0])
    flow[0, :, 0, 0] += 100.0
    assert float(supervised_flow(flow, true, weight, softness=1e-4)) == pytest.approx(5 / 9, abs=1e-4)
    assert float(supervised_flow(true, true, weight)) == 0


def test_visibility_is_the_cross_entropy() -> None:
    mask, share = torch.full((1, 1, 2, 2), 0.25), torch.full((1, 1, 2, 2), 0.5)
    expected = -(0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert float(visibility(mask, share)) == pytest.approx(expected, rel=1e-5)
    assert visibility(torch.zeros(1, 1, 2, 2), share).isfinite()
