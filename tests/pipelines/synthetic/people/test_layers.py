"""Layers of dressed people: grids, and tables of neighbours and triangles."""

import pytest
import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.people.body_shapes import sample_shape
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.layers import (
    LAYERS,
    directions,
    incident_triangles,
    interpolation_weights,
    make_grid,
    neighbours,
    ring_weights,
    vertex_normals,
)
from pipelines.synthetic.people.textures import sample_outfit
from pipelines.synthetic.people.wardrobe import sample_wardrobe

RINGS, COLUMNS = 4, 12


def tube() -> Tensor:
    """A tube of radius 1 from y = 0 down to y = -3, [48, 3]."""
    ways = directions(COLUMNS)
    rings = [torch.stack([ways[:, 0], torch.full((COLUMNS,), -float(k)), ways[:, 1]], -1) for k in range(RINGS)]
    return torch.cat(rings)


@pytest.mark.parametrize("inward", [False, True])
def test_grids_show_their_front_outside(inward: bool) -> None:
    grid = make_grid("skirt", (RINGS, COLUMNS), slot="skirt", part="torso", closed=True, inward=inward)
    corners = tube()[grid.triangles]
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = corners.mean(1) * torch.tensor([1.0, 0.0, 1.0])
    assert ((normal * outward).sum(-1) * (-1 if inward else 1) > 0).all()
    assert len(grid.triangles) == 2 * (RINGS - 1) * COLUMNS


def test_texture_coordinates_of_grids_follow_their_columns() -> None:
    grid = make_grid("skirt", (RINGS, COLUMNS), slot="skirt", part="torso", closed=True, v=(0.2, 0.8))
    x, y, z = tube()[grid.triangles].unbind(-1)
    u, v = grid.uv.unbind(-1)
    torch.testing.assert_close(torch.sin(2 * torch.pi * (u - 0.5)), x, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.cos(2 * torch.pi * (u - 0.5)), z, atol=1e-5, rtol=0)
    torch.testing.assert_close(v, 0.2 - 0.2 * y)


def test_open_grids_do_not_close() -> None:
    grid = make_grid("coat", (RINGS, COLUMNS), slot="top", part="torso", closed=False)
    assert len(grid.triangles) == 2 * (RINGS - 1) * (COLUMNS - 1)


def test_weights_of_rings_change_evenly() -> None:
    weights = ring_weights(5, (0.0, {"head": 1.0}), (1.0, {"neck_1": 1.0}))
    torch.testing.assert_close(weights.sum(1), torch.ones(5))
    torch.testing.assert_close(weights.amax(1), torch.tensor([1.0, 0.75, 0.5, 0.75, 1.0]))


def test_weights_interpolate_between_stops() -> None:
    stops = (-1.0, 0.0, 2.0)
    values = torch.tensor([-3.0, -0.5, 0.5, 1.5, 9.0])
    result = interpolation_weights(values, stops) @ torch.tensor([10.0, 0.0, 4.0])
    torch.testing.assert_close(result, torch.tensor([10.0, 5.0, 1.0, 3.0, 4.0]))


def test_neighbours_on_open_edges_can_be_left_out() -> None:
    triangles = torch.tensor([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])  # a square around vertex 4
    kept = neighbours(triangles, 5, keep_rim=True)
    assert (kept[:4] == torch.arange(4)[:, None]).all()
    assert kept[4].sort().values.tolist() == [0, 1, 2, 3]
    free = neighbours(triangles, 5, keep_rim=False)
    assert set(free[0].tolist()) == {0, 1, 3, 4}


def test_normals_of_a_tube_point_outwards() -> None:
    vertices = tube()[None]
    triangles = make_grid("skirt", (RINGS, COLUMNS), slot="skirt", part="torso", closed=True).triangles
    normals = vertex_normals(vertices, triangles, incident_triangles(triangles, RINGS * COLUMNS))
    outward = vertices * torch.tensor([1.0, 0.0, 1.0])
    assert ((normals * outward).sum(-1) > 0.99).all()


@pytest.mark.parametrize("name", ["shoe", "bag", "hat", "top", "bottom", "hair"])
def test_layers_show_their_front_outside(name: str) -> None:
    generator, body = Generator().manual_seed(0), DressedBody.load()
    shape = sample_shape(2, generator, local_axes=len(BodyModel.load().local_axes))
    dressed = body.dress(
        body.model.rest(shape), sample_wardrobe(shape.female, shape.years, sample_outfit(2, generator), generator)
    )
    chosen = body.layer == LAYERS.index(name)
    triangles = body.triangles[chosen]
    size = {"shoe": 2 * 13 * 16, "bag": 2 * 8 * 16, "hat": 2 * 8 * 24}.get(name, len(triangles))
    corners = dressed.vertices[0, triangles[:size]]
    corners = corners - corners.mean((0, 1))
    volume = (corners[:, 0] * torch.linalg.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume > 0
