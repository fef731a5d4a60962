"""Foreground layers that hide people."""

import pytest
import torch

from pipelines.synthetic.rendering.furniture import sample_furniture
from pipelines.synthetic.rendering.furniture_painters import PAINTERS, paint_fence, paint_plants, paint_side


def sample(seed: int = 0, batch: int = 24, size: tuple[int, int] = (64, 48), level: float = 40) -> torch.Tensor:
    return sample_furniture(batch, *size, torch.full((batch,), float(level)), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(48, 32), (33, 57)])
def test_layers_are_premultiplied(size: tuple[int, int]):
    layers = sample(size=size, level=size[0] * 0.6)
    assert layers.shape == (24, 4, *size)
    colour, coverage = layers[:, :3], layers[:, 3:]
    assert coverage.min() >= 0
    assert coverage.max() <= 1 + 1e-5
    assert (colour.abs() <= coverage + 1e-4).all()


def test_same_seed_same_layers_and_all_of_a_batch_differ():
    first, second = sample(5), sample(5)
    assert torch.equal(first, second)
    distance = (first[:, None] - first[None]).abs().mean((2, 3, 4)) + torch.eye(24)
    assert distance.min() > 0.005


def test_people_are_hidden_below_the_level_and_seen_far_above():
    coverage = sample(batch=80)[:, 3]
    below, above = coverage[:, 46:].mean((1, 2)), coverage[:, :22].mean((1, 2))
    assert (below > 0.8).float().mean() > 0.75
    assert (above < 0.02).float().mean() > 0.75


def test_each_sample_has_its_own_level():
    level = torch.tensor([10.0, 30.0, 50.0]).repeat(20)
    coverage = sample_furniture(60, 64, 48, level, torch.Generator().manual_seed(0))[:, 3]
    shares = coverage.mean((1, 2)).view(20, 3).mean(0)
    assert shares[0] > shares[1] + 0.15
    assert shares[1] > shares[2] + 0.15


def test_levels_outside_of_the_picture_are_fine():
    for level in (-80.0, 200.0):
        assert sample(level=level).isfinite().all()


@pytest.mark.parametrize("paint", [paint for paint, _ in PAINTERS], ids=lambda paint: paint.__name__)
def test_every_painter_hides_what_is_below(paint):
    x = ((torch.arange(48) + 0.5) / 64).view(1, 1, 1, -1)
    v = ((torch.arange(64) + 0.5) / 64 - 0.5).view(1, 1, -1, 1).expand(8, 1, 64, 48)
    colour, coverage = paint(x, v, torch.Generator().manual_seed(0))
    assert colour.shape == (8, 3, 64, 48)
    assert coverage.shape == (8, 1, 64, 48)
    assert colour.isfinite().all()
    assert coverage.min() >= 0
    assert coverage.max() <= 1
    hidden = coverage[:, :, 54:].mean((1, 2, 3))
    if paint is paint_side:
        assert (coverage.mean((1, 2)) > 0.9).any(1).all()  # some column is hidden in each
    else:
        assert hidden.min() > (0.15 if paint is paint_fence else 0.7)
    if paint is paint_plants:
        assert coverage[:, :, 20:30].mean() > 0.01  # leaves stick out
