"""Hair and hats on heads: hairlines, fringes, tips, peaks."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.haircuts import HAIR
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.skin_map import COLUMNS, SkinMap
from pipelines.synthetic.people.textures import sample_outfit
from pipelines.synthetic.people.wardrobe import HATS, Wardrobe, sample_wardrobe

PEOPLE = 4


@pytest.fixture(scope="module")
def body() -> DressedBody:
    return DressedBody.load()


@pytest.fixture(scope="module")
def people() -> tuple[RestBody, Wardrobe]:
    """People with short hair, without fringes and hats."""
    generator, model = Generator().manual_seed(7), BodyModel.load()
    shape = sample_shape(PEOPLE, generator, local_axes=len(model.local_axes))
    wardrobe = sample_wardrobe(shape.female, shape.years, sample_outfit(PEOPLE, generator), generator)
    return model.rest(shape), wear(wardrobe, hair=HAIR.index("short"), fringe=0.0, hat=0)


def wear(wardrobe: Wardrobe, **values: float) -> Wardrobe:
    """The wardrobe with everybody's cuts set to the values."""
    return replace(
        wardrobe, **{name: torch.full_like(getattr(wardrobe, name), value) for name, value in values.items()}
    )


def layer_mask(body: DressedBody, name: str) -> Tensor:
    return body.layer == LAYERS.index(name)


def layer_vertices(body: DressedBody, name: str) -> Tensor:
    return body.triangles[layer_mask(body, name)].unique()


def test_hair_leaves_the_forehead_free_but_for_a_fringe(body: DressedBody, people: tuple[RestBody, Wardrobe]) -> None:
    rest, plain = people
    eyes = body.model.face_points(rest.vertices)[:, 36:48, 1].mean(1)

    def lowest_in_front(worn: Wardrobe) -> Tensor:
        """Metres from the pupils up to the lowest hair over the middle of the face."""
        hair = body.dress(rest, worn).vertices[:, layer_vertices(body, "hair")]
        front = (hair[..., 0].abs() < 0.02) & (hair[..., 2] > rest.bones[:, None, BONE["head"], 2])
        return torch.where(front, hair[..., 1], torch.inf).amin(1) - eyes

    bare, fringed = (lowest_in_front(wear(plain, fringe=height)) for height in (0.0, 0.025))
    assert (bare > 0.05).all()
    assert ((fringed > 0.01) & (fringed < 0.045)).all()
    receded = replace(plain, hairline=plain.hairline + torch.tensor([0.02, 0.0, 0.0, 0.0, 0.0]))
    assert (lowest_in_front(receded) > bare + 0.008).all()


def test_the_tips_of_hair_are_not_on_a_straight_line(body: DressedBody, people: tuple[RestBody, Wardrobe]) -> None:
    rest, plain = people
    hair = layer_vertices(body, "hanging_hair")[: 13 * 37]
    first = layer_vertices(body, "hanging_hair").min()
    worn = body.dress(rest, wear(plain, hair=HAIR.index("bob"), hair_length=0.15)).hanging[:, hair - first]
    tips = worn[:, -37:, 1]
    assert ((tips[:, 1:] - tips[:, :-1]).abs().mean(1) > 0.004).all()


def test_caps_have_a_peak_and_leave_the_eyes_free(body: DressedBody, people: tuple[RestBody, Wardrobe]) -> None:
    rest, plain = people
    face = body.model.face_points(rest.vertices)
    eyes, nose = face[:, 36:48].mean(1), face[:, 30]
    for name, ahead in (("cap", True), ("backward", False), ("beanie", False), ("brim", True)):
        dressed = body.dress(rest, wear(plain, hat=HATS.index(name), phase=3.0))
        shown = body.triangles[layer_mask(body, "hat") & dressed.present[0]].unique()
        hat = dressed.vertices[:, shown]
        assert ((hat[..., 2].amax(1) > nose[:, 2] + 0.02) == ahead).all()
        front = (hat[..., 0].abs() < 0.03) & (hat[..., 2] > eyes[:, None, 2] - 0.03)
        assert (torch.where(front, hat[..., 1], torch.inf).amin(1) > eyes[:, 1] + 0.005).all()
        top = body.model.skin_points(rest.vertices)["crown"][:, 1]
        assert ((hat[..., 1].amax(1) > top) & (hat[..., 1].amax(1) < top + 0.07)).all()


def test_a_bald_crown_has_a_ring_of_hair_around_it(body: DressedBody, people: tuple[RestBody, Wardrobe]) -> None:
    rest, plain = people
    hairline = plain.hairline.clone()
    hairline[:, 3] = 0.05
    pole = torch.tensor([0.0, 0.829, -0.56]).expand(PEOPLE, 3)
    worn = replace(plain, hairline=hairline, hair_pole=pole)
    hair = body.dress(rest, worn).vertices[:, layer_vertices(body, "hair")]
    place = SkinMap.load().values[:, COLUMNS["place"]]
    crown = rest.vertices[:, (place - torch.tensor([0.0, 0.104, -0.005])).norm(dim=1).argmin()]
    near = (hair - crown[:, None]).norm(dim=-1)
    assert (near.amin(1) > 0.025).all()
    assert (hair[..., 1].amin(1) < body.model.face_points(rest.vertices)[:, 30, 1]).all()
