"""What rendered people wear."""

import pytest
import torch
from torch import Generator

from pipelines.synthetic.people.haircuts import HAIR
from pipelines.synthetic.people.textures import sample_outfit
from pipelines.synthetic.people.wardrobe import BAGS, COLLARS, GLASSES, HATS, SHOES, Wardrobe, sample_wardrobe

PEOPLE = 2000


def draw_wardrobes(seed: int) -> Wardrobe:
    generator = Generator().manual_seed(seed)
    years = 18 + 60 * torch.rand(PEOPLE, generator=generator)
    return sample_wardrobe(torch.arange(PEOPLE) % 2 == 0, years, sample_outfit(PEOPLE, generator), generator)


@pytest.fixture(scope="module")
def wardrobe() -> Wardrobe:
    return draw_wardrobes(0)


def test_wardrobes_follow_the_generator(wardrobe: Wardrobe) -> None:
    again, other = draw_wardrobes(0), draw_wardrobes(1)
    assert all(torch.equal(value, getattr(again, name)) for name, value in vars(wardrobe).items())
    assert not torch.equal(wardrobe.phase, other.phase)


@pytest.mark.parametrize(
    ("field", "names"),
    [("hair", HAIR), ("shoe", SHOES), ("hat", HATS), ("collar", COLLARS), ("glasses", GLASSES), ("bag", BAGS)],
)
def test_everything_is_worn_by_somebody(wardrobe: Wardrobe, field: str, names: tuple[str, ...]) -> None:
    assert getattr(wardrobe, field).unique().tolist() == list(range(len(names)))


def test_skirts_replace_trousers(wardrobe: Wardrobe) -> None:
    assert torch.equal(wardrobe.skirt > 0, ~wardrobe.trousers)
    assert 0.05 < (wardrobe.skirt > 0).float().mean() < 0.4
    assert not ((wardrobe.coat > 0) & (wardrobe.skirt > 0)).any()


def test_what_shows_an_inner_shirt_is_open_and_what_is_coated_reaches_the_coat(wardrobe: Wardrobe) -> None:
    coated = wardrobe.coat > 0
    assert wardrobe.hem[coated].unique().numel() == 1
    assert (wardrobe.opening > 0).float().mean() > 0.03
    assert not (wardrobe.straps & (wardrobe.opening > 0)).any()


def test_long_hair_is_mostly_womens(wardrobe: Wardrobe) -> None:
    long = wardrobe.wears("hair", HAIR, "long", "bun", "ponytail", "braid", "bob")
    female = torch.arange(PEOPLE) % 2 == 0
    assert long[female].float().mean() > 0.6 > 0.3 > long[~female].float().mean()


def test_one_in_seven_wears_a_fringe_or_a_hat_and_men_recede(wardrobe: Wardrobe) -> None:
    female = torch.arange(PEOPLE) % 2 == 0
    assert 0.06 < (wardrobe.fringe > 0).float().mean() < 0.2
    corners = wardrobe.hairline[:, 1]
    assert corners[~female].mean() > corners[female].mean() + 0.003
    bare = wardrobe.hairline[:, 3] > 0.02
    assert 0.1 < (wardrobe.hat > 0).float().mean() < 0.18
    assert 0 < bare[~female].float().mean() < 0.15
