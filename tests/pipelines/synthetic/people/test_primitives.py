"""The builder of people: where its cones are, how they are textured, and who has them."""

import torch

from pipelines.synthetic.people.primitives import Cone, PeopleBuilder, Surface, make_ellipsoid, rest_origins
from pipelines.synthetic.people.skeleton import FRAMES, standard_proportions
from pipelines.synthetic.rendering.raycast import Placed, cast, place


def placed_at_rest(builder: PeopleBuilder) -> Placed:
    rotation = torch.eye(3).expand(builder.batch, 1, len(FRAMES), 3, 3)
    return place(builder.build().primitives, rotation, builder.origins[:, None])


def test_charts_map_front_and_left():
    builder = PeopleBuilder(rest_origins(standard_proportions(1)))
    knee, ankle = builder.point("r_knee"), builder.point("r_ankle")
    builder.add("r_knee", Cone(knee, ankle, (0.05, 0.05)), Surface("r_shin", "skin", (knee, ankle)))
    chart = builder.build().chart[0, 0]
    point = torch.tensor([0.03, -0.25 * (knee - ankle).norm(), 0.04, 1.0])
    torch.testing.assert_close(chart @ point, torch.tensor([0.03, 0.25, 0.04]), atol=1e-4, rtol=0)


def test_points_are_measured_in_their_unit():
    builder = PeopleBuilder(rest_origins(standard_proportions(2)))
    unit = torch.tensor([1.0, 0.5])
    offset = builder.point("head", 0.1, torch.tensor([0.2, 0.4]), -0.3, unit=unit) - builder.point("head")
    expected = torch.tensor([[0.1, 0.2, -0.3], [0.05, 0.2, -0.15]])
    torch.testing.assert_close(offset, expected, atol=1e-6, rtol=0)


def test_ellipsoids_have_their_half_axes_and_only_some_people_have_them():
    builder = PeopleBuilder(rest_origins(standard_proportions(2)))
    centre = builder.point("pelvis")
    ellipsoid = make_ellipsoid(centre, (0.3, 0.2, 0.1))
    builder.add("pelvis", ellipsoid, Surface("torso", "top"), present=torch.tensor([True, False]))
    x, y = torch.tensor([[0.0, 0.29, 0.31, 0.0, 0.0]] * 2), torch.tensor([[0.0, 0.0, 0.0, 0.19, 0.21]] * 2)
    depth, index = cast(placed_at_rest(builder), x, y)
    assert abs(depth[0, 0].item() - 0.1) < 1e-3
    assert (index[0] >= 0).tolist() == [True, True, False, True, False]
    assert (index[1] == -1).all()
