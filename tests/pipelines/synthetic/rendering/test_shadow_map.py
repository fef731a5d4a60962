"""What lies behind something, seen from the lamp, is in shadow; what the lamp sees is not."""

import torch
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.shadow_map import map_shadows
from tests.helpers.ellipsoids import make_ellipsoids


def test_a_ball_casts_its_shadow_away_from_the_lamp():
    vertices, triangles = make_ellipsoids(
        torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), torch.tensor([[0.2] * 3, [0.6] * 3]), rings=24, sectors=32
    )
    way = normalize(torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.3]]), dim=1)
    shadows = map_shadows(vertices[None].repeat(2, 1, 1), triangles, None, way)
    behind, beside = [0.0, 0.0, -0.4], [0.4, 0.0, -0.56]
    points, picture = torch.tensor([behind, beside] * 2), torch.tensor([0, 0, 1, 1])
    assert shadows.find_lit(points, picture).tolist() == [0.0, 1.0, 1.0, 1.0]


def test_what_faces_the_lamp_is_lit():
    vertices, triangles = make_ellipsoids(torch.zeros(1, 3), torch.full((1, 3), 0.5), rings=24, sectors=32)
    way = normalize(torch.tensor([[0.4, 0.5, 0.7]]), dim=1)
    shadows = map_shadows(vertices[None], triangles, None, way)
    lit = shadows.find_lit(vertices, torch.zeros(len(vertices), dtype=torch.long))
    facing = (vertices / 0.5) @ way[0]
    assert lit[facing > 0.2].min() > 0.9
    assert lit[facing < -0.2].max() < 0.01


def test_absent_triangles_cast_no_shadow():
    vertices, triangles = make_ellipsoids(
        torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0]]), torch.tensor([[0.2] * 3, [0.6] * 3]), rings=24, sectors=32
    )
    present = (triangles >= len(vertices) // 2).all(1)[None]
    shadows = map_shadows(vertices[None], triangles, present, torch.tensor([[0.0, 0.0, 1.0]]))
    assert shadows.find_lit(torch.tensor([[0.0, 0.0, -0.4]]), torch.tensor([0])).item() == 1.0
