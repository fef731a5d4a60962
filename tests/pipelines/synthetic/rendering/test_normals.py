"""Normals of vertices point out of closed meshes."""

import torch

from pipelines.synthetic.rendering.normals import VertexNormals
from tests.helpers.ellipsoids import make_ellipsoids


def test_normals_of_a_sphere_point_away_from_its_middle():
    vertices, triangles = make_ellipsoids(torch.zeros(1, 3), torch.ones(1, 3), rings=20, sectors=30)
    normals = VertexNormals(triangles, len(vertices))(vertices[None].repeat(2, 1, 1))
    assert normals.shape == (2, len(vertices), 3)
    assert ((normals * vertices).sum(-1) > 0.99).all()


def test_normals_do_not_depend_on_the_batch():
    vertices, triangles = make_ellipsoids(torch.zeros(1, 3), torch.ones(1, 3), rings=8, sectors=9)
    find = VertexNormals(triangles, len(vertices))
    batch = vertices * torch.tensor([1.0, 2.0, 0.5])[:, None, None]
    assert torch.equal(find(batch)[1], find(batch[1:2])[0])
