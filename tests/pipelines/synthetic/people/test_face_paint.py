"""Features of painted skin are where the body has them."""

from dataclasses import replace

import pytest
import torch

from pipelines.synthetic.people.body_bones import SURFACES
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.complexion import Complexion, sample_complexion
from pipelines.synthetic.people.face_paint import paint_skin
from pipelines.synthetic.people.hairline import sample_hairlines
from pipelines.synthetic.people.skin_map import COLUMNS, SkinMap
from pipelines.synthetic.people.skin_paint import SkinPoints

PEOPLE = 40


@pytest.fixture(scope="module")
def complexion() -> Complexion:
    generator = torch.Generator().manual_seed(0)
    shape = sample_shape(PEOPLE, generator, local_axes=len(BodyModel.load().local_axes))
    drawn = sample_complexion(shape, sample_hairlines(shape.female, shape.years, generator), generator)
    shaved = replace(drawn, beard=torch.zeros_like(drawn.beard), brow=drawn.brow.clamp(max=0.1))
    return replace(shaved, skin=drawn.skin.clamp(min=0.5), lips=torch.tensor([[0.7, 0.2, 0.2]]).repeat(PEOPLE, 1))


def paint(complexion: Complexion, place: tuple[float, float, float], surface: str, lips: float = 0.0) -> torch.Tensor:
    """Colours [PEOPLE, 3] of a place of the face, metres from the middle between the pupils (z of the world)."""
    values = torch.zeros(PEOPLE, 11)
    values[:, COLUMNS["place"]] = torch.tensor(place)
    values[:, COLUMNS["nail"]] = 3.0
    values[:, COLUMNS["lips"]] = lips
    points = SkinPoints(
        values,
        torch.full((PEOPLE,), SURFACES.index(surface)),
        torch.arange(PEOPLE),
        torch.full((PEOPLE,), 0.0005),
    )
    return paint_skin(points, complexion, SkinMap.load().eye)[0]


def test_brows_are_darker_than_the_forehead(complexion):
    forehead = paint(complexion, (0.03, 0.028, 0.145), "skin").mean(1)
    for x in (-0.03, 0.03):
        assert (paint(complexion, (x, 0.0165, 0.147), "skin").mean(1) < 0.85 * forehead).float().mean() > 0.9


def test_lips_are_redder_than_the_chin(complexion):
    lips = paint(complexion, (0.005, -0.075, 0.153), "lips", lips=1.0)
    chin = paint(complexion, (0.005, -0.1, 0.14), "skin")
    assert (lips[:, 0] / lips[:, 1] > 1.3 * chin[:, 0] / chin[:, 1]).all()


def test_the_pupil_is_black_in_an_iris_in_the_white(complexion):
    x, y, z = SkinMap.load().eye.tolist()
    pupil, iris, white = (
        paint(complexion, (x + offset, y, z + 0.014), "eye").mean(1) for offset in (0.0, 0.004, 0.009)
    )
    assert pupil.max() < 0.05
    assert (iris > pupil).all()
    assert (white > iris).all()
    assert white.min() > 0.7


def test_roots_end_at_the_hairline(complexion):
    skin = complexion.skin.mean(1)
    dark = replace(complexion, hair=torch.full_like(complexion.hair, 0.05))
    scalp, forehead = (paint(dark, (0.0, y, z), "scalp").mean(1) for y, z in ((0.098, 0.105), (0.045, 0.146)))
    grown = complexion.hairline[:, 4] > 0.7
    assert (scalp[grown] < 0.55 * skin[grown]).all()
    assert (forehead > 0.7 * skin).all()


def test_nails_have_their_colour(complexion):
    polish = torch.tensor([0.1, 0.9, 0.1])
    values = torch.zeros(PEOPLE, 11)
    values[:, COLUMNS["place"]] = torch.tensor([0.5, -0.6, 0.3])
    points = SkinPoints(
        values, torch.zeros(PEOPLE, dtype=torch.long), torch.arange(PEOPLE), torch.full((PEOPLE,), 0.0005)
    )
    painted = replace(complexion, nails=polish.repeat(PEOPLE, 1))
    colour = paint_skin(points, painted, SkinMap.load().eye)[0]
    assert (colour[:, 1] > 1.4 * colour[:, 0]).all()


def test_every_hand_has_five_nails_on_its_back():
    values = SkinMap.load().values
    inside = (values[:, COLUMNS["nail"]].abs() < 1).all(1)
    x = values[:, 0]
    assert torch.equal((inside & (x > 0)).sum(), (inside & (x < 0)).sum())
    assert (inside & (x > 0)).sum() >= 5 * 4
    assert values[inside, COLUMNS["palm"]].mean() < 0.3


def test_children_have_neither_beards_nor_wrinkles_nor_grey_hair():
    generator = torch.Generator().manual_seed(1)
    shape = sample_shape(200, generator, local_axes=len(BodyModel.load().local_axes), children=0.5)
    drawn = sample_complexion(shape, sample_hairlines(shape.female, shape.years, generator), generator)
    child = shape.years < 13
    assert child.any()
    assert drawn.beard[child].max() == 0
    assert drawn.wrinkles[child].max() == 0
    grey = (drawn.hair.amax(1) - drawn.hair.amin(1) < 0.03) & (drawn.hair.amin(1) > 0.4)
    assert not grey[shape.years < 30].any()
    assert drawn.beard[shape.female].max() == 0
    assert drawn.beard[~shape.female & (shape.years > 20)].amax(1).gt(0.3).float().mean() > 0.2
    for colour in (drawn.skin, drawn.hair, drawn.lips, drawn.iris, drawn.nails):
        assert colour.min() >= 0
        assert colour.max() <= 1.1
