"""Wrinkles that follow the pose: where they are, how deep, and that nothing but the light on clothes changes."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.clips import ClipConfig, render_clip
from pipelines.synthetic.people.body_charts import BodyCharts
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.clothing import SHELLS
from pipelines.synthetic.people.dressed import Dressed, DressedBody
from pipelines.synthetic.people.skeleton import INDEX, RIG, Motion, forward_kinematics
from pipelines.synthetic.people.texels import loosen, sample_creases
from pipelines.synthetic.people.textures import SLOTS, Outfit, sample_outfit
from pipelines.synthetic.people.wardrobe import Wardrobe, sample_wardrobe
from pipelines.synthetic.people.wrinkles import WrinkleTables, look_up, sample_wrinkles
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.scene import sample_scene

PEOPLE, CPU = 3, torch.device("cpu")
WIDE = torch.ones(PEOPLE, 2)
Turn = tuple[str, int, float]


@pytest.fixture(scope="module")
def people() -> tuple[Dressed, Outfit, Wardrobe]:
    generator, model = Generator().manual_seed(2), BodyModel.load(CPU)
    shape = sample_shape(PEOPLE, generator, local_axes=len(model.local_axes))
    outfit = sample_outfit(PEOPLE, generator)
    wardrobe = sample_wardrobe(shape.female, shape.years, outfit, generator)
    return DressedBody.load(CPU).dress(model.rest(shape), wardrobe), outfit, wardrobe


def pose_people(dressed: Dressed, *turns: Turn) -> Tensor:
    """Vertices [B, W, 3] of people who stand, but for joints that are turned about an axis by an angle."""
    rotations = torch.eye(3).expand(PEOPLE, 1, len(RIG), 3, 3).clone()
    for joint, axis, angle in turns:
        rotations[:, :, INDEX[joint]] = rotation_about(axis, torch.tensor(angle))
    frames = forward_kinematics(dressed.rest.proportions, Motion(rotations, torch.zeros(PEOPLE, 1, 3)))
    actions = torch.zeros(PEOPLE, 1, len(BodyModel.load(CPU).actions))
    pose = BodyPose(frames, torch.zeros(PEOPLE, 1, 2, 5, 4), actions, torch.zeros(PEOPLE, 1, 2))
    return DressedBody.load(CPU).pose(dressed, pose)[:, 0]


def measure(dressed: Dressed, *turns: Turn) -> Tensor:
    return find_slopes(dressed, pose_people(dressed, *turns), WIDE)


def find_slopes(dressed: Dressed, vertices: Tensor, give: Tensor) -> Tensor:
    tables = WrinkleTables.load(CPU)
    return tables.find_slopes(vertices, tables.find_lengths(dressed), give)


def find_places() -> dict[str, Tensor]:
    """Vertices of the clothes around the joints and between them."""
    charts, shells = BodyCharts.load(), DressedBody.load(CPU).clothing.shells
    first, places = len(charts.vertices), {}
    for name in SHELLS:
        vertex = shells[name].vertex
        arm, leg, left = charts.arm[vertex], charts.leg[vertex], charts.vertices[vertex, 0] > 0
        trunk, down = arm < 0, charts.down[vertex]
        if name == "top":
            chosen = {"l_elbow": ((arm - 1).abs() < 0.15) & left, "r_elbow": ((arm - 1).abs() < 0.15) & ~left,
                      "forearm": (arm > 1.4) & (arm < 1.9),
                      "waist": trunk & (down > 0.3) & (down < 0.45)}  # fmt: skip
        elif name == "bottom":
            chosen = {"l_knee": ((leg - 1).abs() < 0.1) & left, "thigh": (leg > 0.6) & (leg < 0.8),
                      "shin": (leg > 1.3) & (leg < 1.9), "groin": (leg > 0.15) & (leg < 0.4)}  # fmt: skip
        else:
            chosen = {}
        places |= {key: mask.nonzero()[:, 0] + first for key, mask in chosen.items()}
        first += len(vertex)
    return places


def test_straight_limbs_hardly_wrinkle_and_bent_ones_do_at_the_joint(people: tuple[Dressed, Outfit, Wardrobe]) -> None:
    straight = measure(people[0])
    bent = measure(people[0], ("l_elbow", 0, -1.8), ("l_knee", 0, 1.8), ("l_hip", 0, -1.4))
    for place, vertices in find_places().items():
        before, after = straight[:, vertices], bent[:, vertices]
        assert before.mean() < 0.02, place
        assert before.flatten().quantile(0.95) < 0.15, place
        if place in ("l_elbow", "l_knee", "groin"):
            # Rings across the limb are the deepest, and on the inner side only: half of the cloth has few.
            assert after[..., 0].mean() > 5 * before[..., 0].mean() + 0.05, place
            assert after[..., 0].flatten().quantile(0.95) > 0.4, place
        else:
            assert (after - before).abs().max() < 0.3, place
            assert (after - before).abs().mean() < 0.01, place


def test_twists_of_the_trunk_draw_diagonals_of_their_direction(people: tuple[Dressed, Outfit, Wardrobe]) -> None:
    waist = find_places()["waist"]
    left, right = (
        measure(people[0], ("spine", 1, angle), ("chest", 1, angle))[:, waist].mean((0, 1)) for angle in (0.5, -0.5)
    )
    assert left[2] > 3 * left[3] + 0.02
    assert right[3] > 3 * right[2] + 0.02


def test_wrinkles_follow_the_pose_smoothly_and_have_finite_gradients(
    people: tuple[Dressed, Outfit, Wardrobe],
) -> None:
    near, far = (measure(people[0], ("l_elbow", 0, -angle)) for angle in (1.0, 1.02))
    assert 0 < (near - far).abs().max() < 0.05
    vertices = pose_people(people[0], ("l_elbow", 0, -1.0)).requires_grad_()
    find_slopes(people[0], vertices, WIDE).sum().backward()
    assert vertices.grad is not None
    assert vertices.grad.isfinite().all()
    assert (vertices.grad != 0).any()


def test_only_shells_wrinkle_by_what_they_give(people: tuple[Dressed, Outfit, Wardrobe]) -> None:
    vertices = pose_people(people[0], ("l_elbow", 0, -2.0), ("l_knee", 0, 2.0))
    places = find_places()
    slope = find_slopes(people[0], vertices, torch.tensor([[0.0, 1.0]] * PEOPLE))
    assert slope.shape == (*vertices.shape[:2], 4)
    assert not slope[:, : len(BodyModel.load(CPU).template)].any()
    assert not slope[:, places["l_elbow"]].any()
    assert slope[:, places["l_knee"]].any()


def test_slopes_are_periodic_around_parts_and_none_without_wrinkles(people: tuple[Dressed, Outfit, Wardrobe]) -> None:
    generator = Generator().manual_seed(0)
    wrinkles = sample_wrinkles(people[1], people[2], people[0], generator)
    row, shift = torch.randint(PEOPLE * len(SLOTS), (300,), generator=generator), torch.zeros(300)
    place, slope = torch.rand(300, 2, generator=generator), torch.rand(300, 4, generator=generator)
    first, shade = look_up(wrinkles, row, place, shift, slope)
    again, _ = look_up(wrinkles, row, place + torch.tensor([1.0, 0.0]), shift, slope)
    torch.testing.assert_close(first, again, atol=1e-3, rtol=0)
    assert first.std() > 0.2
    assert 0.2 < shade.min() < shade.max() <= 1
    flat, bright = look_up(wrinkles, row, place, shift, torch.zeros_like(slope))
    assert not flat.any()
    assert (bright == 1).all()


def test_tight_clothes_fold_less(people: tuple[Dressed, Outfit, Wardrobe]) -> None:
    _, outfit, wardrobe = people
    tight, wide = (replace(wardrobe, loose=torch.full_like(wardrobe.loose, value)) for value in (0.0, 1.0))
    assert (loosen(tight)[:, 0] < 0.3 * loosen(wide)[:, 0]).all()
    torch.testing.assert_close(loosen(tight)[:, 1], loosen(wide)[:, 1])
    few, many = (sample_creases(outfit, each, 32, Generator().manual_seed(0)) for each in (tight, wide))
    for name in ("top", "sleeve", "forearm"):
        slot = SLOTS.index(name)
        assert few[:, slot].std() < 0.3 * many[:, slot].std()
    for name in ("bottom", "skirt", "hair"):
        torch.testing.assert_close(few[:, SLOTS.index(name)], many[:, SLOTS.index(name)])


def test_wrinkles_change_the_light_on_clothes_only() -> None:
    scene = sample_scene(ClipConfig(height=96, width=96, length=8), batch=2, generator=Generator().manual_seed(1))
    give, times = scene.wrinkles.give, torch.zeros(2, 1, dtype=torch.int64)
    flat, folded = (
        render_clip(replace(scene, wrinkles=replace(scene.wrinkles, give=value * give)), times) for value in (0, 1)
    )
    assert torch.equal(flat.mask, folded.mask)
    assert torch.equal(flat.depth, folded.depth)
    assert torch.equal(flat.index, folded.index)
    change = (flat.images - folded.images).abs().amax(2)
    assert change.max() > 0.02
    assert not change[folded.mask[:, :, 0] == 0].any()
