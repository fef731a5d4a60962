"""Training data of the plate network: holes of every kind, and truth without the person and its shadow inside them."""

from dataclasses import replace

import pytest
import torch

from pipelines.training.plate import data
from pipelines.training.plate.data import Pictures, Recipe, draw_pictures, join
from pipelines.training.plate.holes import (
    People,
    contact_shadow,
    draw_shapes,
    draw_strokes,
    grow_people,
)


def make_generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_people(size: int = 64, batch: int = 40) -> People:
    """Grey boxes from a quarter to three quarters of the height, on two feet."""
    layers = torch.zeros(batch, 4, size, size)
    layers[:, :, size // 4 : 3 * size // 4, size // 2 - 4 : size // 2 + 4] = torch.tensor([0.5, 0.5, 0.5, 1])[
        :, None, None
    ]
    feet = torch.tensor([[size / 2 - 3, 0.75 * size], [size / 2 + 3, 0.75 * size]]).expand(batch, -1, -1)
    return People(layers, feet, torch.full((batch, 1, 1, 1), size / 2))


@pytest.mark.parametrize("person", [0.0, 0.6, 1.0])
def test_pictures_have_holes_of_binary_values_and_known_surroundings(person: float) -> None:
    pictures = draw_pictures(Recipe(person=person), 5, 64, make_generator())
    assert pictures.image.shape == (5, 3, 64, 64)
    assert pictures.hole.shape == (5, 1, 64, 64)
    assert pictures.image.abs().max() <= 1
    assert pictures.hole.unique().tolist() == [0, 1]
    share = pictures.hole.mean((1, 2, 3))
    assert share.min() > 0
    assert share.mean() < 0.5


def test_the_same_seed_gives_the_same_pictures() -> None:
    first, second = (draw_pictures(Recipe(), 3, 64, make_generator(4)) for _ in range(2))
    assert torch.equal(first.image, second.image)
    assert torch.equal(first.hole, second.hole)


def test_only_outside_of_the_hole_is_left_of_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a white place, whatever is dark is what the person leaves: never in the hole, often around it."""
    monkeypatch.setattr(data, "sample_backgrounds", lambda batch, height, width, _: torch.ones(batch, 3, height, width))
    monkeypatch.setattr(data, "projected_shadow", lambda people, _: torch.zeros_like(people.layers[:, :1]))
    recipe = Recipe(person=1.0, worn=0.0, beside=0.0, careless=1.0)
    pictures = draw_pictures(recipe, 48, 64, make_generator())[:24]  # the first half has its exposure unchanged
    dark = (1 - pictures.image).amax(1, keepdim=True)
    assert (dark * pictures.hole).max() < 1e-5
    assert ((dark * (1 - pictures.hole)).amax((1, 2, 3)) > 0.1).float().mean() > 0.4
    clean = draw_pictures(replace(recipe, person=0.0), 6, 64, make_generator())
    assert (clean.image.amax((2, 3), keepdim=True) - clean.image).max() < 1e-5


def test_shadows_on_walls_go_on_in_the_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "sample_backgrounds", lambda batch, height, width, _: torch.ones(batch, 3, height, width))
    monkeypatch.setattr(data, "projected_shadow", lambda people, _: torch.full_like(people.layers[:, :1], 0.25))
    pictures = draw_pictures(Recipe(person=1.0, worn=0.0, beside=0.0), 2, 64, make_generator())
    inside = pictures.image[0][pictures.hole[0].expand(3, -1, -1) > 0]  # the first half has its exposure unchanged
    torch.testing.assert_close(inside, torch.full_like(inside, 2 * 0.75 - 1))


def test_others_stay_in_the_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "sample_backgrounds", lambda batch, height, width, _: torch.ones(batch, 3, height, width))
    pictures = draw_pictures(Recipe(person=0.0, worn=0.0, beside=1.0), 4, 64, make_generator(1))
    assert (pictures.image.flatten(1).amin(1) < 0.5).all()


def test_holes_cover_people_and_grow_by_a_few_pixels() -> None:
    people = make_people()
    coverage = people.layers[:, 3:]
    hole = grow_people(people, 0.0, make_generator())
    assert (hole >= coverage).all()
    grown = (hole.sum((2, 3)) / coverage.sum((2, 3))).flatten()
    assert grown.min() > 1.2  # by at least a pixel of 64 at every side
    assert grown.max() < 2.2  # by at most three
    assert len(grown.unique()) == 3


def test_shadows_are_soft_and_darkest_below_the_feet_where_the_hole_includes_them() -> None:
    people = make_people()
    dark, below = contact_shadow(people, make_generator())
    assert dark.min() >= 0
    assert 0.3 < dark.max() < 0.9
    below_feet, far = dark[:, 0, 48:54].mean((1, 2)), dark[:, 0, :8].mean((1, 2))
    assert below_feet.mean() > 3 * far.mean()
    assert below.unique().tolist() == [0, 1]
    rows = below.amax(3).nonzero()[:, 2]
    assert rows.float().mean() > 44
    assert 0.2 < (below.amax((1, 2, 3)) > 0).float().mean() < 0.8


@pytest.mark.parametrize("draw", [draw_shapes, draw_strokes])
def test_shapes_and_strokes_are_of_any_size_and_reach_the_border(draw) -> None:
    hole = draw(60, 48, make_generator(), device=torch.device("cpu"))
    assert hole.unique().tolist() == [0, 1]
    share = hole.mean((1, 2, 3))
    assert share.max() > 2 * share.median() > 0
    assert share.max() < 0.8
    edges = torch.cat([hole[..., 0, :], hole[..., -1, :], hole[..., 0], hole[..., -1]], -1)
    assert 0.1 < (edges.amax((1, 2)) > 0).float().mean() < 0.95


def test_chunks_joined_are_the_pictures() -> None:
    pictures = Pictures(torch.rand(5, 3, 8, 8), torch.ones(5, 1, 8, 8))
    parts = list(pictures.chunks(2))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert torch.equal(join(parts).image, pictures.image)
