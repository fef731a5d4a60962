"""Paints of objects."""

import pytest
import torch

from pipelines.synthetic.objects.paint import KINDS, SLOTS, Paint, drain_colours, merge_paints, paint_points
from pipelines.synthetic.objects.upholstery import sample_furniture_paint

POINTS = 400


def generator(seed: int = 2) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sample_paint(batch: int, seed: int = 2) -> Paint:
    return sample_furniture_paint(torch.arange(batch) % 2 == 0, generator(seed))


def sample_places() -> torch.Tensor:
    return torch.rand(POINTS, 3, generator=generator()) - 0.5


def rows(number: int) -> torch.Tensor:
    return torch.full((POINTS,), number)


def test_both_sides_are_painted_alike():
    paint = sample_paint(20)
    place = sample_places()
    for row in range(20):
        for slot in range(5):
            one, other = (paint_points(paint, rows(row), rows(slot), place * torch.tensor([1, y, 1])) for y in (1, -1))
            assert torch.equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_mix_the_two_colours(kind):
    paint = sample_paint(1)
    paint.kind[:] = KINDS.index(kind)
    paint.colour[:], paint.second[:], paint.offset[:] = 0.2, 0.8, 0.0
    paint.direction[:] = torch.tensor([0.0, 0.0, 1.0])
    colour = paint_points(paint, rows(0), rows(0), sample_places())
    assert colour.min() >= 0.2 - 1e-6
    assert colour.max() <= 0.8 + 1e-6
    spread = colour.max() - colour.min()
    assert spread < 0.1 if kind == "plain" else spread > 0.2


def test_each_point_has_its_own_pattern():
    paint = sample_paint(2)
    place = sample_places()
    row, slot = torch.arange(POINTS) % 2, torch.arange(POINTS) // 2 % 6
    together = paint_points(paint, row, slot, place)
    for point in range(0, POINTS, 37):
        alone = paint_points(paint, row[point : point + 1], slot[point : point + 1], place[point : point + 1])
        assert torch.allclose(together[point], alone[0], atol=1e-5)


def test_merged_paints_are_in_the_order_of_the_objects():
    first, second = sample_paint(3), sample_paint(2, 9)
    merged = merge_paints([(torch.tensor([4, 0, 2]), first), (torch.tensor([1, 3]), second)])
    assert torch.equal(merged.colour[[4, 0, 2]], first.colour)
    assert torch.equal(merged.kind[[1, 3]], second.kind)
    assert merged.colour.shape == (5, SLOTS, 3)


def test_some_objects_are_grey_but_only_where_light_shows_their_form():
    paint = drain_colours(sample_paint(300), torch.arange(300) < 200, generator())
    grey = (paint.colour.amax(-1) - paint.colour.amin(-1)).amax(1) < 0.15
    alike = (paint.colour.amax(1) - paint.colour.amin(1)).amax(-1) < 0.01
    drained = grey & alike
    assert 8 < drained.sum() < 40
    assert not drained[200:].any()
    assert (paint.kind[drained] == 0).all()
