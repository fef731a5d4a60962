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


def test_same_seed_same_people():
    first, second = (sample_atlas(2, torch.Generator().manual_seed(7), size=32) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, sample_atlas(2, torch.Generator().manual_seed(8), size=32))


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


def test_faces_look_out_at_the_front_only(atlas):
    face = luminance(slot(atlas, "face").permute(0, 2, 3, 1))[..., 0]  # [B, n, n]
    eyes = face[:, 30:37]
    detail = eyes.diff(dim=-1).abs()
    front, cheek = detail[..., 22:42].amax((1, 2)), face[:, 38:44, 18:46]
    assert (front > 0.15).float().mean() > 0.8
    back = face[:, 30:44, :6].mean((1, 2))
    assert ((back - cheek.mean((1, 2))).abs() > 0.08).float().mean() > 0.6


def test_tops_differ_between_front_and_back(atlas):
    top = slot(atlas, "top")
    front, back = top[..., :20, 24:40], top[..., :20, :16].roll(8, -1)
    assert ((front - back).abs().mean((1, 2, 3)) > 0.02).float().mean() > 0.7


def test_bare_limbs_show_skin_and_long_ones_do_not(outfit):
    bare = dataclasses.replace(outfit, sleeve=torch.zeros(BATCH), gloves=torch.zeros(BATCH, dtype=torch.bool))
    long = dataclasses.replace(outfit, sleeve=torch.full((BATCH,), 2.0))
    upper = slot(sample_atlas(BATCH, torch.Generator().manual_seed(2), size=32, outfit=bare), "sleeve")
    torch.testing.assert_close(upper[:, :, 8:].mean((-2, -1)), outfit.skin, atol=0.06, rtol=0)
    covered = slot(sample_atlas(BATCH, torch.Generator().manual_seed(2), size=32, outfit=long), "sleeve")
    difference = (covered[:, :, 8:].mean((-2, -1)) - outfit.skin).abs().amax(1)
    assert (difference > 0.1).float().mean() > 0.7


def test_skin_tones_cover_light_and_dark():
    tones = luminance(skin_tones(500, torch.Generator().manual_seed(0)))
    assert tones.min() < 0.25
    assert tones.max() > 0.8


def test_distinct_separates_near_colours():
    grey = torch.full((1, 3), 0.5)
    assert (distinct(grey, grey + 0.01) - grey).abs().min() > 0.15
    assert torch.equal(distinct(grey, grey + 0.4), grey + 0.4)


def test_what_is_cut_has_no_skin_painted_on_it():
    outfit = sample_outfit(BATCH, torch.Generator().manual_seed(2))
    green = torch.tensor([0.0, 1.0, 0.0]).expand(BATCH, 3)
    for cut in (False, True):
        atlas = sample_atlas(
            BATCH, torch.Generator().manual_seed(2), size=32, outfit=dataclasses.replace(outfit, skin=green), cut=cut
        )
        top = slot(atlas, "top")
        bare = ((top[:, 1] > 0.8) & (top[:, 0] < 0.15) & (top[:, 2] < 0.15)).float().mean()
        assert (bare == 0) if cut else (bare > 0.01)
