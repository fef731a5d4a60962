"""Texture atlases of people: slots, seams, fronts that differ from backs."""

import dataclasses

import pytest
import torch

from pipelines.synthetic.people.fabrics import KINDS, paint_fabric, sample_fabric
from pipelines.synthetic.people.textures import SLOTS, sample_atlas, sample_outfit
from pipelines.synthetic.rendering.palettes import distinct, luminance, skin_tones

BATCH = 24


@pytest.fixture(scope="module")
def outfit():
    return sample_outfit(BATCH, torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def atlas(outfit):
    return sample_atlas(BATCH, torch.Generator().manual_seed(2), size=64, outfit=outfit)


def slot(atlas, name):
    return atlas[:, SLOTS.index(name)]


def test_atlas_has_every_slot_and_only_colours(atlas):
    assert atlas.shape == (BATCH, len(SLOTS), 3, 64, 64)
    assert atlas.isfinite().all()
    assert atlas.min() >= 0
    assert atlas.max() <= 1


def test_same_seed_same_people(outfit):
    first, same, other = (
        sample_atlas(BATCH, torch.Generator().manual_seed(seed), size=32, outfit=outfit) for seed in (7, 7, 8)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", SLOTS)
def test_columns_meet_without_a_seam(atlas, name):
    image = slot(atlas, name)
    seam = (image[..., 0] - image[..., -1]).abs().mean()
    inner = image.diff(dim=-1).abs().mean()
    assert seam < 3 * inner + 0.01


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
def test_every_fabric_is_periodic_around_the_part(kind):
    generator = torch.Generator().manual_seed(kind)
    colours = torch.rand(6, 3, 3, generator=generator)
    fabric = sample_fabric(colours, torch.full((6,), kind), generator)
    cloth = paint_fabric(fabric, torch.tensor([[1.0, 0.6]]).expand(6, 2), 64, generator)
    jumps = (torch.cat([cloth, cloth[..., :1]], -1)).diff(dim=-1).abs().amax((0, 1, 2))
    assert cloth.shape == (6, 3, 64, 64)
    assert jumps[-1] <= jumps.max()
    assert jumps[-1] < 2 * jumps[:-1].mean() + 0.1


def test_tops_differ_between_front_and_back(atlas):
    top = slot(atlas, "top")
    front, back = top[..., :20, 24:40], top[..., :20, :16].roll(8, -1)
    assert ((front - back).abs().mean((1, 2, 3)) > 0.02).float().mean() > 0.7


def test_skin_tones_cover_light_and_dark():
    tones = luminance(skin_tones(500, torch.Generator().manual_seed(0)))
    assert tones.min() < 0.25
    assert tones.max() > 0.8


def test_distinct_separates_near_colours():
    grey = torch.full((1, 3), 0.5)
    assert (distinct(grey, grey + 0.01) - grey).abs().min() > 0.15
    assert torch.equal(distinct(grey, grey + 0.4), grey + 0.4)


def test_no_skin_is_painted_on_tops(outfit):
    green = dataclasses.replace(outfit, skin=torch.tensor([0.0, 1.0, 0.0]).expand(BATCH, 3))
    top = slot(sample_atlas(BATCH, torch.Generator().manual_seed(2), size=32, outfit=green), "top")
    assert not ((top[:, 1] > 0.8) & (top[:, 0] < 0.15) & (top[:, 2] < 0.15)).any()
