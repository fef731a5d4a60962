"""Dressed people: hems and hidden skin, layers over one another, texture coordinates, drapes in motion."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.dressed import Dressed, DressedBody
from pipelines.synthetic.people.haircuts import HAIR
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.skeleton import INDEX, RIG, STANDARD_HEIGHT, Motion, forward_kinematics
from pipelines.synthetic.people.textures import SLOTS, sample_outfit
from pipelines.synthetic.people.wardrobe import HATS, SHOES, Wardrobe, sample_wardrobe
from pipelines.synthetic.rendering.raster import rasterise
from pipelines.synthetic.rotations import rotation_about
from tests.helpers.poses import sample_motion

PEOPLE, FRAMES = 8, 3


@pytest.fixture(scope="module")
def body() -> DressedBody:
    return DressedBody.load()


def draw_people(seed: int, batch: int = PEOPLE) -> tuple[RestBody, Wardrobe]:
    generator, model = Generator().manual_seed(seed), BodyModel.load()
    shape = sample_shape(batch, generator, local_axes=len(model.local_axes))
    return model.rest(shape), sample_wardrobe(shape.female, shape.years, sample_outfit(batch, generator), generator)


@pytest.fixture(scope="module")
def people() -> tuple[RestBody, Wardrobe]:
    return draw_people(0)


@pytest.fixture(scope="module")
def plain(people: tuple[RestBody, Wardrobe]) -> Wardrobe:
    """Long tight trousers, a T-shirt over them, short hair, and nothing else."""
    return wear(
        people[1], loose=0.0, hem=0.56, sleeve=0.6, bell=0.0, straps=False, opening=0.0, collar=0, coat=0.0,
        trousers=True, leg=1.97, wide=0.0, flare=0.0, skirt=0.0, shoe=SHOES.index("sneaker"), shaft=0.0,
        hair=HAIR.index("short"), fringe=0.0, hat=0, glasses=0, bag=0, pointed=False,
    )  # fmt: skip


def wear(wardrobe: Wardrobe, **values: float) -> Wardrobe:
    """The wardrobe with everybody's cuts set to the values."""
    return replace(
        wardrobe, **{name: torch.full_like(getattr(wardrobe, name), value) for name, value in values.items()}
    )


def move(rest: RestBody, motion: Motion) -> BodyPose:
    frames = forward_kinematics(rest.proportions, motion)
    batch, length = frames.origin.shape[:2]
    actions = torch.zeros(batch, length, len(BodyModel.load().actions))
    return BodyPose(frames, torch.zeros(batch, length, 2, 5, 4), actions, torch.zeros(batch, length, 2))


def stand(rest: RestBody) -> BodyPose:
    batch = len(rest.vertices)
    rotations = torch.eye(3).expand(batch, 1, len(RIG), 3, 3)
    return move(rest, Motion(rotations, torch.tensor([0.0, 0.9, 0.0]).expand(batch, 1, 3)))


def act(rest: RestBody, seed: int = 1) -> BodyPose:
    return move(rest, sample_motion(len(rest.vertices), FRAMES, seed, fps=1.0, athletic=1.0))


def layer_mask(body: DressedBody, name: str) -> Tensor:
    return body.layer == LAYERS.index(name)


def layer_vertices(body: DressedBody, name: str) -> Tensor:
    return body.triangles[layer_mask(body, name)].unique()


def test_tables_fit_together(body: DressedBody, people: tuple[RestBody, Wardrobe]) -> None:
    dressed = body.dress(*people)
    vertices = body.pose(dressed, act(people[0]))
    count = len(body.triangles)
    assert vertices.shape[:2] == (PEOPLE, FRAMES)
    assert body.triangles.unique().tolist() == list(range(vertices.shape[2]))
    assert dressed.present.shape == (PEOPLE, count)
    assert body.uv.shape == (count, 3, 2)
    assert all(len(table) == count for table in (body.layer, body.slot, body.part, body.two_sided))
    assert count < 52_000
    assert body.slot.max() < len(SLOTS)
    assert body.part.max() < len(PARTS)
    assert not body.two_sided[layer_mask(body, "skin")].any()


def test_extreme_poses_stay_finite_and_near_the_body(body: DressedBody) -> None:
    for seed in range(3):
        rest, wardrobe = draw_people(10 + seed)
        pose = act(rest, seed)
        vertices = body.pose(body.dress(rest, wardrobe), pose)
        assert torch.isfinite(vertices).all()
        away = (vertices - pose.frames.origin[:, :, INDEX["pelvis"], None]).norm(dim=-1)
        assert away.max() < 1.5


def test_the_same_people_are_dressed_alike_alone_and_in_a_batch(
    body: DressedBody, people: tuple[RestBody, Wardrobe]
) -> None:
    rest, wardrobe = people
    together = body.dress(rest, wardrobe)
    chosen = slice(2, 4)
    some = replace(
        rest,
        vertices=rest.vertices[chosen],
        bones=rest.bones[chosen],
        proportions=replace(rest.proportions, **{k: v[chosen] for k, v in vars(rest.proportions).items()}),
    )
    few = body.dress(some, Wardrobe(**{name: value[chosen] for name, value in vars(wardrobe).items()}))
    assert torch.equal(few.present, together.present[chosen])
    torch.testing.assert_close(few.vertices, together.vertices[chosen], atol=1e-6, rtol=0)
    torch.testing.assert_close(few.hanging, together.hanging[chosen], atol=1e-6, rtol=0)


def draw(body: DressedBody, dressed: Dressed, vertices: Tensor, present: Tensor | None = None) -> Tensor:
    """The triangle that each pixel of a picture from the front shows, [B, 240, 160] at 1 cm a pixel, -1 for none."""
    middle = vertices[:, : len(body.model.part)].mean(1)
    x, y = (vertices[..., axis] - middle[:, None, axis] for axis in (0, 1))
    pixel = torch.stack([100 * x + 80, 120 - 100 * y], -1)
    raster = rasterise(
        pixel, vertices[..., 2].contiguous(), body.triangles, dressed.present if present is None else present,
        size=(240, 160), two_sided=body.two_sided,
    )  # fmt: skip
    return raster.index.long()


def bare_pixels(body: DressedBody, index: Tensor, *parts: str) -> Tensor:
    """Pixels [B, H, W] bool that show skin of the parts of the body."""
    shown = index.clamp(min=0)
    chosen = torch.isin(body.part, torch.tensor([PARTS.index(part) for part in parts])) & layer_mask(body, "skin")
    return chosen[shown] & (index >= 0)


def test_no_skin_shows_through_clothes(body: DressedBody, people: tuple[RestBody, Wardrobe], plain: Wardrobe) -> None:
    rest = people[0]
    pose = stand(rest)
    for worn in (plain, wear(plain, hem=0.48, wide=1.0), wear(plain, loose=1.0, wide=1.0, opening=0.05)):
        dressed = body.dress(rest, worn)
        index = draw(body, dressed, body.pose(dressed, pose)[:, 0])
        assert not bare_pixels(body, index, "r_thigh", "l_thigh").any()
        assert bare_pixels(body, index, "r_shin", "l_shin").sum() < 3 * PEOPLE  # over the shoes
        trunk = bare_pixels(body, index, "torso")
        assert (trunk.flatten(1).sum(1) < 80).all()  # within the neckline
    legs = body.dress(rest, wear(plain, leg=0.5))
    index = draw(body, legs, body.pose(legs, pose)[:, 0])
    assert (bare_pixels(body, index, "r_shin", "l_shin").flatten(1).sum(1) > 200).all()


def test_hidden_skin_leaves_no_holes(body: DressedBody, people: tuple[RestBody, Wardrobe], plain: Wardrobe) -> None:
    rest = people[0]
    everything = torch.zeros(PEOPLE, len(body.triangles), dtype=torch.bool)
    everything[:, layer_mask(body, "skin")] = True
    for worn in (
        plain,
        wear(plain, sleeve=0.0, straps=True, leg=0.5),
        wear(plain, hem=0.48, skirt=0.5, trousers=False),
    ):
        dressed = body.dress(rest, worn)
        for frames in (stand(rest), act(rest)):
            vertices = body.pose(dressed, frames)[:, 0]
            naked, clothed = draw(body, dressed, vertices, everything), draw(body, dressed, vertices)
            holes = (naked >= 0) & (clothed < 0)
            # Clothes are smoother than what is in them: along the outline they may be a pixel further in.
            assert (holes.flatten(1).sum(1) < 0.01 * (naked >= 0).flatten(1).sum(1)).all()


def test_hems_are_straight(body: DressedBody, people: tuple[RestBody, Wardrobe], plain: Wardrobe) -> None:
    dressed = body.dress(people[0], wear(plain, hem=0.5))
    for person in range(PEOPLE):
        worn = body.triangles[layer_mask(body, "top") & dressed.present[person]]
        ends = torch.cat([worn[:, [0, 1]], worn[:, [1, 2]], worn[:, [2, 0]]]).sort(1).values
        edges, count = ends.unique(dim=0, return_counts=True)
        rim = dressed.vertices[person, edges[count == 1].unique()]
        down = (people[0].bones[person, BONE["neck_1"], 1] - rim[:, 1]) / people[0].proportions.height[person]
        hem = rim[(rim[:, 0].abs() < 0.1) & (down > 0.2) & (rim[:, 2] > 0)]
        assert len(hem) > 5
        assert hem[:, 1].std() < 0.006  # edges of the mesh are 0.02 m long


def test_garments_end_where_the_wardrobe_says(body: DressedBody, plain: Wardrobe) -> None:
    rest, _ = draw_people(5, 2)
    plain = Wardrobe(**{name: value[:2] for name, value in vars(plain).items()})
    for field, name, low, high in (("hem", "top", 0.4, 0.58), ("sleeve", "top", 0.5, 1.9), ("leg", "bottom", 0.5, 1.9)):
        few, many = (
            body.dress(rest, wear(plain, **{field: value})).present[:, layer_mask(body, name)].sum(1)
            for value in (low, high)
        )
        assert (many > few + 100).all()
    for field, value, name in (
        ("skirt", 0.5, "skirt"), ("coat", 0.4, "coat"), ("hat", 1, "hat"), ("glasses", 1, "glasses"), ("bag", 2, "bag"),
        ("collar", 1, "collar"), ("hair", HAIR.index("long"), "hanging_hair"), ("opening", 0.05, "inner"),
    ):  # fmt: skip
        without, worn = (body.dress(rest, wear(plain, **{field: chosen})).present for chosen in (0, value))
        assert not without[:, layer_mask(body, name)].any()
        assert worn[:, layer_mask(body, name)].any(1).all()
    assert not body.dress(rest, wear(plain, trousers=False)).present[:, layer_mask(body, "bottom")].any()


@pytest.mark.parametrize(("name", "slot"), [("top", "top"), ("bottom", "bottom"), ("skirt", "skirt"), ("hat", "hat")])
def test_texture_coordinates_run_from_the_front_to_the_left_and_down(body: DressedBody, name: str, slot: str) -> None:
    rest, wardrobe = draw_people(3, 2)
    dressed = body.dress(rest, wear(wardrobe, skirt=0.6, hat=HATS.index("beanie")))
    vertices = body.pose(dressed, stand(rest))[0, 0]
    chosen = layer_mask(body, name) & (body.slot == SLOTS.index(slot))
    corners, uv = vertices[body.triangles[chosen]], body.uv[chosen]
    beyond = 0.2 if name == "bottom" else 0.0
    assert 0 <= uv[..., 0].min() <= uv[..., 0].max() < 1.6
    assert -beyond <= uv[..., 1].min() <= uv[..., 1].max() <= 1 + beyond
    middle = corners.mean(1)
    centre = middle.mean(0)
    if name != "bottom":  # its legs have axes of their own
        angle = torch.atan2(middle[:, 0] - centre[0], middle[:, 2] - centre[2]) / (2 * torch.pi)
        turn = (uv[..., 0].mean(1) - 0.5 - angle + 0.5).remainder(1) - 0.5
        assert turn.abs().median() < 0.06
    lower = middle[:, 1] < centre[1]
    assert uv[lower, :, 1].mean() > uv[~lower, :, 1].mean() + 0.2


def test_skirts_stay_around_the_legs(body: DressedBody, plain: Wardrobe, people: tuple[RestBody, Wardrobe]) -> None:
    rest = people[0]
    worn = wear(plain, trousers=False, hem=0.48, skirt=0.62, skirt_flare=0.1)
    for seed in (1, 2):
        dressed = body.dress(rest, worn)
        pose = act(rest, seed)
        vertices = body.pose(dressed, pose)
        skirtless = dressed.present & ~layer_mask(body, "skirt")
        naked = skirtless | layer_mask(body, "skin")
        for frame in range(FRAMES):
            bare, left = (
                bare_pixels(body, draw(body, dressed, vertices[:, frame], present), "r_thigh", "l_thigh")
                for present in (naked, dressed.present)
            )
            assert left.sum() < 0.05 * bare.sum()


def test_shoes_stand_on_their_soles(body: DressedBody, people: tuple[RestBody, Wardrobe], plain: Wardrobe) -> None:
    rest = people[0]
    for kind in range(len(SHOES)):
        dressed = body.dress(rest, wear(plain, shoe=kind))
        shoes = dressed.vertices[:, layer_vertices(body, "shoe")[: 2 * 14 * 16]]
        feet = torch.isin(body.model.part, torch.tensor([PARTS.index("r_foot"), PARTS.index("l_foot")]))
        ground = rest.vertices[:, feet, 1].amin(1)
        thick = ground - shoes[..., 1].amin(1)
        assert (thick >= dressed.sole.amax(1) - 1e-4).all()
        assert (thick < 0.07).all()
        wide = shoes[..., 2].amax(1) - shoes[..., 2].amin(1)
        assert ((wide > rest.proportions.foot) & (wide < rest.proportions.foot + 0.04)).all()


def test_long_hair_hangs_while_the_head_bends(
    body: DressedBody, plain: Wardrobe, people: tuple[RestBody, Wardrobe]
) -> None:
    rest = people[0]
    dressed = body.dress(rest, wear(plain, hair=HAIR.index("long"), hair_length=0.45))
    torch.testing.assert_close(dressed.follow.sum(-1), torch.ones_like(dressed.follow[..., 0]))
    rotations = torch.eye(3).expand(PEOPLE, 1, len(RIG), 3, 3).clone()
    rotations[:, :, INDEX["head"]] = rotation_about(2, torch.tensor(0.5))
    bent = move(rest, Motion(rotations, torch.tensor([0.0, 0.9, 0.0]).expand(PEOPLE, 1, 3)))
    moved = (body.pose(dressed, bent) - body.pose(dressed, stand(rest)))[:, 0].norm(dim=-1)
    hair, skull = layer_vertices(body, "hanging_hair"), layer_vertices(body, "hair")
    sheet = slice(0, 13 * 37)  # rings times columns of the sheet behind the shoulders
    tips = dressed.hanging[:, sheet, 1] < dressed.hanging[:, sheet, 1].amin(1, keepdim=True) + 0.05
    fixed = moved[:, skull].mean(1)
    hanging = (moved[:, hair[sheet]] * tips).sum(1) / tips.sum(1)
    assert (fixed > 0.02).all()
    assert (hanging < 0.25).all()


def test_sizes_follow_the_person(body: DressedBody) -> None:
    rest, wardrobe = draw_people(4, 16)
    dressed = body.dress(rest, wear(wardrobe, hat=1))
    hat = dressed.vertices[:, layer_vertices(body, "hat")[: 14 * 40]]
    width = hat[..., 0].amax(1) - hat[..., 0].amin(1)
    head = rest.proportions.head
    assert ((width / head > 0.6) & (width / head < 1.1)).all()
    assert (rest.proportions.height / STANDARD_HEIGHT).std() > 0.03
