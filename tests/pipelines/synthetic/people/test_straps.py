"""Bags stay where they are when people bow and raise their arms; straps of bags and tops have straight edges."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.skeleton import INDEX, RIG, STANDARD_HEIGHT, Motion, forward_kinematics
from pipelines.synthetic.people.textures import sample_outfit
from pipelines.synthetic.people.wardrobe import BAGS, Wardrobe, sample_wardrobe
from pipelines.synthetic.rotations import rotation_about

PEOPLE = 6
STANDING, BOWING, REACHING = range(3)


def pose_three_ways(rotations: Tensor) -> Tensor:
    """Standing, bowing deeply, and with raised arms: rotations [B, 3, J, 3, 3] of those at rest."""
    for joint in ("spine", "chest", "neck"):
        rotations[:, BOWING, INDEX[joint]] = rotation_about(0, torch.tensor(0.5))
    for side, sign in (("r", -1.0), ("l", 1.0)):
        rotations[:, REACHING, INDEX[f"{side}_shoulder"]] = rotation_about(2, torch.tensor(sign * 2.4))
    return rotations


def draw_people() -> tuple[RestBody, Wardrobe]:
    model, generator = BodyModel.load(), Generator().manual_seed(3)
    shape = sample_shape(PEOPLE, generator, local_axes=len(model.local_axes))
    outfit = sample_outfit(PEOPLE, generator)
    return model.rest(shape), sample_wardrobe(shape.female, shape.years, outfit, generator)


@pytest.mark.parametrize("bag", BAGS[1:])
def test_bags_stay_on_the_back(bag: str) -> None:
    body, model = DressedBody.load(), BodyModel.load()
    rest, wardrobe = draw_people()
    wardrobe = replace(wardrobe, bag=torch.full((PEOPLE,), BAGS.index(bag)), coat=torch.zeros(PEOPLE))
    rotations = pose_three_ways(torch.eye(3).expand(PEOPLE, 3, len(RIG), 3, 3).clone())
    frames = forward_kinematics(rest.proportions, Motion(rotations, torch.zeros(PEOPLE, 3, 3)))
    actions = torch.zeros(PEOPLE, 3, len(model.actions))
    pose = BodyPose(frames, torch.zeros(PEOPLE, 3, 2, 5, 4), actions, torch.zeros(PEOPLE, 3, 2))
    dressed = body.dress(rest, wardrobe)
    vertices = body.pose(dressed, pose)
    worn = body.triangles[(body.layer == LAYERS.index("bag")) & dressed.present[0]].unique()
    trunk = torch.isin(model.part, torch.tensor([PARTS.index(name) for name in ("torso", "neck")]))
    skin = vertices[:, :, : len(model.part)][:, :, trunk]
    gap = torch.cdist(vertices[:, :, worn], skin).amin(-1)  # [B, 3, vertices]
    shoulder = gap[:, :, -2 * 20 : -2 * 8]  # of the last strap, which runs from the back to the front
    assert shoulder.amax() < 0.04
    moved = (gap - gap[:, :1]).abs()
    assert moved.amax() < 0.04
    assert moved.mean() < 0.003


def test_straps_of_tops_have_straight_edges() -> None:
    body, (rest, wardrobe) = DressedBody.load(), draw_people()
    none = torch.zeros(PEOPLE)
    dressed = body.dress(
        rest, replace(wardrobe, straps=torch.ones(PEOPLE, dtype=torch.bool), sleeve=none, opening=none)
    )
    scale = rest.proportions.height / STANDARD_HEIGHT
    for person in range(PEOPLE):
        worn = body.triangles[(body.layer == LAYERS.index("top")) & dressed.present[person]]
        ends = torch.cat([worn[:, [0, 1]], worn[:, [1, 2]], worn[:, [2, 0]]]).sort(1).values
        edges, count = ends.unique(dim=0, return_counts=True)
        rim = dressed.vertices[person, edges[count == 1].unique()] / scale[person]
        down = rest.bones[person, BONE["neck_1"], 1] / scale[person] - rim[:, 1]
        left = rim[(down < 0.05) & (rim[:, 0] > 0.02), 0]
        inner, outer = left[left < left.mean()], left[left > left.mean()]
        for edge in (inner, outer):
            assert len(edge) > 5
            assert edge.std() < 0.002
        assert 0.02 < outer.mean() - inner.mean() < 0.06
