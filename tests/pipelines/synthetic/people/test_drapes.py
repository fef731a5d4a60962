"""Skirts: their cloth spans between legs that are far apart."""

from dataclasses import replace

import torch
from torch import Generator

from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.skeleton import INDEX, RIG, Motion, forward_kinematics
from pipelines.synthetic.people.textures import sample_outfit
from pipelines.synthetic.people.wardrobe import sample_wardrobe
from pipelines.synthetic.rotations import rotation_about

PEOPLE = 4


def test_skirts_span_between_legs_that_are_apart() -> None:
    body, model, generator = DressedBody.load(), BodyModel.load(), Generator().manual_seed(5)
    shape = sample_shape(PEOPLE, generator, local_axes=len(model.local_axes))
    rest = model.rest(shape)
    wardrobe = sample_wardrobe(shape.female, shape.years, sample_outfit(PEOPLE, generator), generator)
    wardrobe = replace(wardrobe, skirt=torch.full((PEOPLE,), 0.6), skirt_flare=torch.zeros(PEOPLE))
    rotations = torch.eye(3).expand(PEOPLE, 1, len(RIG), 3, 3).clone()
    for side, sign in (("r", -1.0), ("l", 1.0)):
        rotations[:, :, INDEX[f"{side}_hip"]] = rotation_about(2, torch.tensor(sign * 0.9))
    frames = forward_kinematics(rest.proportions, Motion(rotations, torch.zeros(PEOPLE, 1, 3)))
    actions = torch.zeros(PEOPLE, 1, len(model.actions))
    pose = BodyPose(frames, torch.zeros(PEOPLE, 1, 2, 5, 4), actions, torch.zeros(PEOPLE, 1, 2))
    vertices = body.pose(body.dress(rest, wardrobe), pose)[:, 0]
    rings, columns = body.clothing.drapes[0].size
    skirt = body.triangles[body.layer == LAYERS.index("skirt")].unique()
    depth = vertices[:, skirt].view(PEOPLE, rings, columns, 3)[:, rings // 2 :, :, 2]
    # Legs wrapped one by one would bulge beside a middle that is drawn in.
    assert (depth.amax(2) - depth[:, :, columns // 2]).amax() < 0.03
