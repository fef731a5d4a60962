"""The body model: shapes, the baked file, skinning, and that its joints are the rig's."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.people import body_model
from pipelines.synthetic.people.body_bones import BONE, PARTS, SURFACES
from pipelines.synthetic.people.body_keypoints import BodyKeypoints, find_keypoints
from pipelines.synthetic.people.body_model import FILE, BodyModel, RestBody, vertex_normals
from pipelines.synthetic.people.body_pose import BodyPose, spread_arms
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.skeleton import INDEX, RIG, Motion, coco17, forward_kinematics
from tests.helpers.poses import sample_motion

PEOPLE, FRAMES = 6, 3


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.load()


@pytest.fixture(scope="module")
def rest(model: BodyModel) -> RestBody:
    return model.rest(sample_shape(PEOPLE, Generator().manual_seed(0), local_axes=len(model.local_axes)))


@pytest.fixture(scope="module")
def pose(model: BodyModel, rest: RestBody) -> BodyPose:
    motion = sample_motion(PEOPLE, FRAMES, 1, fps=1.0)
    return make_pose(model, rest, motion)


def make_pose(model: BodyModel, rest: RestBody, motion: Motion) -> BodyPose:
    frames = forward_kinematics(rest.proportions, motion)
    batch, length = frames.origin.shape[:2]
    actions, gaze = torch.zeros(batch, length, len(model.actions)), torch.zeros(batch, length, 2)
    return BodyPose(frames, torch.zeros(batch, length, 2, 5, 4), actions, gaze)


def stand(model: BodyModel, rest: RestBody) -> BodyPose:
    """The rig's own rest: upright, arms hanging."""
    batch = len(rest.vertices)
    rotations = torch.eye(3).expand(batch, 1, len(RIG), 3, 3)
    return make_pose(model, rest, Motion(rotations, torch.tensor([0.0, 0.9, 0.0]).expand(batch, 1, 3)))


def keypoints(model: BodyModel, rest: RestBody, pose: BodyPose) -> BodyKeypoints:
    return find_keypoints(model, rest, pose, model.skin(rest, pose))


def mirror(points: Tensor) -> Tensor:
    return points * torch.tensor([-1.0, 1.0, 1.0])


def test_the_file_is_small_and_says_whose_it_is() -> None:
    assert FILE.stat().st_size < 6e6
    licence = Path(body_model.__file__).with_name("body.LICENSE.md").read_text()
    assert "CC0" in licence
    assert "MakeHuman" in licence


def test_people_have_the_heights_of_people(model: BodyModel) -> None:
    shape = sample_shape(400, Generator().manual_seed(2), local_axes=len(model.local_axes), children=0.3)
    height = model.rest(shape).proportions.height
    adult = shape.years > 18
    assert 0.9 < height.min() < 1.25  # children are among them
    assert height.max() < 2.1
    men, women = height[adult & ~shape.female], height[adult & shape.female]
    assert men.mean() == pytest.approx(1.77, abs=0.04)
    assert women.mean() == pytest.approx(1.64, abs=0.04)
    assert 0.04 < men.std() < 0.1
    young = (shape.years > 5) & (shape.years < 7)
    assert height[young].mean() == pytest.approx(1.16, abs=0.08)


def test_the_height_of_the_rig_is_that_of_the_standing_body(model: BodyModel, rest: RestBody) -> None:
    vertices = model.skin(rest, stand(model, rest))[:, 0, :, 1]
    torch.testing.assert_close(vertices.amax(1) - vertices.amin(1), rest.proportions.height, atol=0.03, rtol=0)


def test_shapes_depend_on_the_generator_alone(model: BodyModel) -> None:
    first, second = (sample_shape(3, Generator().manual_seed(5), local_axes=len(model.local_axes)) for _ in range(2))
    assert torch.equal(model.rest(first).vertices, model.rest(second).vertices)


def test_bodies_are_symmetric_and_closed(model: BodyModel, rest: RestBody) -> None:
    points, reflected = rest.vertices[0], mirror(rest.vertices[0])
    nearest = torch.cdist(points[::7].double(), reflected.double()).amin(1)
    assert nearest.max() < 1e-5  # m
    edges = torch.cat([model.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    forwards = edges[:, 0] * len(points) + edges[:, 1]
    backwards = edges[:, 1] * len(points) + edges[:, 0]
    lonely = ~torch.isin(forwards, backwards)
    assert lonely.float().mean() < 0.01  # only teeth and eyes have rims
    assert len(forwards.unique()) == len(forwards)


def test_triangles_look_outwards(model: BodyModel, rest: RestBody) -> None:
    skin = model.surface == SURFACES.index("skin")
    torso = skin & (model.part == PARTS.index("torso"))
    centre = rest.vertices[:, torso].mean(1, keepdim=True)
    normals = vertex_normals(rest.vertices, model.triangles)
    outwards = ((rest.vertices - centre) * normals)[:, torso].sum(-1)
    assert (outwards > 0).float().mean() > 0.95


def test_the_rest_pose_is_the_rigs(model: BodyModel, rest: RestBody) -> None:
    """Arms and legs hang down, palms face the thighs, thumbs and toes point forwards."""
    found = keypoints(model, rest, stand(model, rest))
    hands = found.hands[:, 0]
    down = torch.tensor([0.0, -1.0, 0.0])
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
        for side in ("r", "l"):
            frames = stand(model, rest).frames.origin[:, 0]
            limb = frames[:, INDEX[f"{side}_{end}"]] - frames[:, INDEX[f"{side}_{start}"]]
            torch.testing.assert_close(limb / limb.norm(dim=-1, keepdim=True), down.expand_as(limb))
    middle = hands[:, :, 9] - hands[:, :, 0]
    assert (middle[..., 1] / middle.norm(dim=-1) < -0.99).all()
    thumb = hands[:, :, 4] - hands[:, :, 0]
    assert (thumb[..., 2] > 0.03).all()
    toes = found.feet[:, 0, :, 1] - found.feet[:, 0, :, 0]
    assert (toes[..., 2] / toes.norm(dim=-1) > 0.9).all()


def test_keypoints_lie_on_the_right_sides(model: BodyModel, rest: RestBody) -> None:
    found = keypoints(model, rest, stand(model, rest))
    left, right = found.coco17[:, 0, 1::2], found.coco17[:, 0, 2::2]
    assert (left[..., 0] > 0).all()
    torch.testing.assert_close(mirror(left), right, atol=1e-4, rtol=0)
    torch.testing.assert_close(mirror(found.hands[:, 0, 1]), found.hands[:, 0, 0], atol=1e-4, rtol=0)
    torch.testing.assert_close(mirror(found.feet[:, 0, 1]), found.feet[:, 0, 0], atol=1e-4, rtol=0)
    face = found.face[:, 0]
    assert (face[:, 0, 0] < face[:, 16, 0]).all()  # iBUG's order starts at the person's right
    assert (face[:, 36:42, 0].amax(1) < face[:, 42:48, 0].amin(1)).all()
    height = face[..., 1]
    for above, below in ((19, 37), (37, 41), (27, 30), (30, 33), (33, 51), (51, 62), (62, 66), (66, 57), (57, 8)):
        assert (height[:, above] > height[:, below]).all()


def test_points_of_the_skin_agree_with_the_rig(model: BodyModel, rest: RestBody, pose: BodyPose) -> None:
    """The mesh around a joint is centred on it, however limbs turn, and the face moves with the head's frame."""
    vertices = model.skin(rest, pose)
    joints = coco17(pose.frames, rest.proportions)
    torch.testing.assert_close(find_keypoints(model, rest, pose, vertices).coco17, joints, atol=0.02, rtol=0)
    rings = {
        "elbow": ("upper_arm_2", "forearm_1"), "wrist": ("forearm_2", "hand"),
        "knee": ("thigh_2", "shin_1"), "ankle": ("shin_2", "foot"),
    }  # fmt: skip
    for side in ("r", "l"):
        for joint, bones in rings.items():
            weights = model.skin_weights[:, [BONE[f"{side}_{bone}"] for bone in bones]]
            ring = vertices[:, :, (weights > 0.3).all(1)].mean(2)  # of the skin that both bones move alike
            distance = (ring - pose.frames.origin[:, :, INDEX[f"{side}_{joint}"]]).norm(dim=-1)
            assert distance.max() < 0.045, joint


def test_bones_keep_their_lengths(model: BodyModel, rest: RestBody, pose: BodyPose) -> None:
    found, standing = keypoints(model, rest, pose), keypoints(model, rest, stand(model, rest))
    links = torch.tensor([(start, start + 1) for finger in range(5) for start in range(1 + 4 * finger, 4 + 4 * finger)])
    for points, same in ((found.hands, standing.hands), (found.feet, standing.feet)):
        pairs = links if points.shape[3] == 21 else torch.tensor([(0, 1)])
        length, expected = ((p[..., pairs[:, 0], :] - p[..., pairs[:, 1], :]).norm(dim=-1) for p in (points, same))
        torch.testing.assert_close(length, expected.expand_as(length), atol=2e-3, rtol=0)


def test_fingers_bend_into_the_palm(model: BodyModel, rest: RestBody) -> None:
    straight = stand(model, rest)
    fist = replace(straight, fingers=torch.full_like(straight.fingers, 1.2) * torch.tensor([0.0, 1.0, 1.0, 1.0]))
    open_hands, fists = (keypoints(model, rest, each).hands[:, 0] for each in (straight, fist))
    inwards = torch.tensor([1.0, -1.0])[:, None]  # the right palm faces the left, and the other way round
    tips = [8, 12, 16, 20]
    plane = open_hands[:, :, tips, 0] - open_hands[:, :, [5, 9, 13, 17], 0]
    assert plane.abs().max() < 1e-3
    assert ((fists[:, :, tips, 0] - open_hands[:, :, [5, 9, 13, 17], 0]) * inwards > 0.01).all()
    assert (fists[:, :, tips, 1] > open_hands[:, :, tips, 1] + 0.03).all()


def test_lids_close_jaws_open_and_eyes_follow_the_gaze(model: BodyModel, rest: RestBody) -> None:
    still = stand(model, rest)

    def act(**actions: float) -> Tensor:
        values = torch.zeros_like(still.actions)
        for name, value in actions.items():
            values[..., model.actions.index(name)] = value
        return keypoints(model, rest, replace(still, actions=values)).face[:, 0]

    neutral = act()
    shut = act(eyeBlinkRight=1.0)
    assert ((shut[:, 37] - shut[:, 41]).norm(dim=-1) < 0.5 * (neutral[:, 37] - neutral[:, 41]).norm(dim=-1)).all()
    torch.testing.assert_close(shut[:, 42:48], neutral[:, 42:48])
    opened = act(jawOpen=1.0)
    assert ((opened[:, 62] - opened[:, 66]).norm(dim=-1) > 0.015).all()
    eye = (model.surface == SURFACES.index("eye")) & (model.skin_weights[:, BONE["l_eye"]] > 0.5)
    front = model.skin(rest, still)[:, 0, eye][..., 2].argmax(1)
    looking = replace(still, gaze=torch.tensor([0.3, 0.2]).expand_as(still.gaze))
    before, after = (model.skin(rest, each)[:, 0, eye][torch.arange(PEOPLE), front] for each in (still, looking))
    moved = after - before
    assert (moved[:, 0] > 0.002).all()  # to the person's left
    assert (moved[:, 1] > 0.001).all()  # up
    irises = keypoints(model, rest, looking).irises - keypoints(model, rest, still).irises
    assert irises.shape == (PEOPLE, 1, 2, 3)
    way = torch.tensor([math.sin(0.3) * math.cos(0.2), math.sin(0.2)])  # in radii of the eyeball
    torch.testing.assert_close(irises[..., :2], (0.0155 * way).expand(PEOPLE, 1, 2, 2), atol=6e-4, rtol=0)


def test_a_turned_hand_winds_up_the_forearm_evenly(model: BodyModel, rest: RestBody) -> None:
    """Half way down the forearm the skin has turned about half as far as the hand, and nothing collapses."""
    still = stand(model, rest)
    rotations = torch.eye(3).repeat(PEOPLE, 1, len(RIG), 1, 1)
    rotations[:, :, INDEX["l_wrist"]] = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    turned = make_pose(model, rest, Motion(rotations, torch.tensor([0.0, 0.9, 0.0]).expand(PEOPLE, 1, 3)))
    elbow, wrist = (still.frames.origin[:, 0, INDEX[f"l_{name}"]] for name in ("elbow", "wrist"))
    before, after = (model.skin(rest, each)[:, 0] for each in (still, turned))
    for person in range(PEOPLE):
        share = (elbow[person, 1] - before[person, :, 1]) / (elbow[person, 1] - wrist[person, 1])
        forearm = (model.part == PARTS.index("l_forearm")) & (share > 0.4) & (share < 0.95)
        radius = [(body[person, forearm] - wrist[person])[:, [0, 2]].norm(dim=-1) for body in (before, after)]
        assert radius[1].mean() > 0.85 * radius[0].mean()


def test_a_batch_is_what_its_people_are_alone(model: BodyModel, rest: RestBody, pose: BodyPose) -> None:
    together = model.skin(rest, pose)
    frames = replace(pose.frames, rotation=pose.frames.rotation[1:2], origin=pose.frames.origin[1:2])
    alone = replace(pose, frames=frames, fingers=pose.fingers[1:2], actions=pose.actions[1:2], gaze=pose.gaze[1:2])
    proportions = type(rest.proportions)(**{name: value[1:2] for name, value in vars(rest.proportions).items()})
    body = RestBody(rest.vertices[1:2], rest.bones[1:2], proportions)
    torch.testing.assert_close(model.skin(body, alone)[0], together[1], atol=1e-5, rtol=0)


def test_hanging_arms_clear_the_hips_and_raised_ones_stay(model: BodyModel, rest: RestBody) -> None:
    angle = model.find_arm_angle(rest)
    assert (angle >= 0).all()
    assert angle.max() < 0.5
    rotations = torch.eye(3).repeat(PEOPLE, 2, len(RIG), 1, 1)
    sideways = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    rotations[:, 1, INDEX["l_shoulder"]] = sideways
    motion = Motion(rotations, torch.zeros(PEOPLE, 2, 3))
    spread = spread_arms(motion, angle)
    assert torch.equal(spread.rotations[:, 1, INDEX["l_shoulder"]], rotations[:, 1, INDEX["l_shoulder"]])
    vertices = model.skin(rest, make_pose(model, rest, spread))[:, 0]
    hand, thigh = (vertices[:, model.part == PARTS.index(name), 0] for name in ("l_hand", "l_thigh"))
    before = model.skin(rest, make_pose(model, rest, motion))[:, 0]
    assert (hand.mean(1) >= before[:, model.part == PARTS.index("l_hand"), 0].mean(1) - 1e-5).all()
    assert (hand.mean(1) > thigh.amax(1) - 0.03).all()
