"""Paints and light of objects."""

import pytest
import torch

from pipelines.synthetic.objects.chairs import sample_chair_paint
from pipelines.synthetic.objects.paint import KINDS, Paint, light_points, paint_points, sample_light

POINTS = 400


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(2)


def sample_places() -> torch.Tensor:
    return torch.rand(POINTS, 3, generator=generator()) - 0.5


def rows(number: int) -> torch.Tensor:
    return torch.full((POINTS,), number)


def test_both_sides_are_painted_alike():
    paint = sample_chair_paint(20, generator())
    place = sample_places()
    for row in range(20):
        for slot in range(5):
            one, other = (paint_points(paint, rows(row), rows(slot), place * torch.tensor([1, y, 1])) for y in (1, -1))
            assert torch.equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_mix_the_two_colours(kind):
    paint = sample_chair_paint(1, generator())
    paint.kind[:] = KINDS.index(kind)
    paint.colour[:], paint.second[:] = 0.2, 0.8
    colour = paint_points(paint, rows(0), rows(0), sample_places())
    assert colour.min() >= 0.2 - 1e-6
    assert colour.max() <= 0.8 + 1e-6
    spread = colour.max() - colour.min()
    assert spread < 0.1 if kind == "plain" else spread > 0.25


def test_joined_paints_follow_one_another():
    first, second = sample_chair_paint(3, generator()), sample_chair_paint(3, torch.Generator().manual_seed(9))
    joined = Paint.join([first, second])
    assert torch.equal(joined.colour, torch.cat([first.colour, second.colour], 1))
    assert torch.equal(joined.kind[:, 5:], second.kind)


def test_surfaces_that_face_the_lamp_are_brighter():
    light = sample_light(50, generator())
    colour, gloss = torch.full((50, 3), 0.5), torch.zeros(50)
    towards = torch.tensor([0.0, 1.0, 0.0]).expand(50, 3)
    bright, dark = (
        light_points(colour, gloss, light, torch.arange(50), normal, towards) for normal in (light.lamp, -light.lamp)
    )
    assert (bright > dark + 0.05).all()
    assert bright.max() <= 1
    assert dark.min() >= 0
    assert (light.lamp[:, 1] == 0).any()
    assert (light.lamp[:, 1] != 0).any()
