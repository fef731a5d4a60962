"""True flow and visibility of meshes whose motion is known."""

import pytest
import torch
from torch import Tensor

from pipelines.synthetic.rendering.correspondence import find_flow, find_unoccluded, find_visible
from pipelines.synthetic.rendering.hits import Hits, find_hits
from pipelines.synthetic.rendering.raster import rasterise, to_samples
from tests.helpers.ellipsoids import make_ellipsoids, project, turn

SIZE, SCALE = (96, 80), 40.0
RADIUS = torch.tensor([[0.5, 0.9, 0.4]])
VERTICES, TRIANGLES = make_ellipsoids(torch.zeros(1, 3), RADIUS, rings=90, sectors=120)


def draw(vertices: Tensor, triangles: Tensor, **options) -> tuple[Hits, Tensor, Tensor, Tensor]:
    """Hits at the pixel centres, pixels, nearness, and nearness of the surface with 2 x 2 samples per pixel."""
    pixel, nearness = project(vertices[None], scale=SCALE, size=SIZE)
    hits = find_hits(rasterise(pixel, nearness, triangles, size=SIZE, **options), pixel, triangles)
    double = SIZE[0] * 2, SIZE[1] * 2
    surface = rasterise(to_samples(pixel, 2), nearness, triangles, size=double, **options).nearness
    return hits, pixel, nearness, surface


def flow_between(target: Tensor, source: Tensor, triangles: Tensor, **options) -> tuple[Tensor, Tensor, Tensor, Hits]:
    hits = draw(target, triangles, **options)[0]
    flow, visible, mesh = find_flow(hits, *draw(source, triangles, **options)[1:], tolerance=0.004)
    assert torch.equal(mesh[:, 0] > 0, hits.raster.index >= 0)
    assert (flow * (1 - mesh) == 0).all()
    return flow, visible[0, 0] > 0, mesh[0, 0] > 0, hits


def test_flow_to_itself_is_zero_and_everything_is_visible():
    flow, visible, mesh, _ = flow_between(VERTICES, VERTICES, TRIANGLES)
    assert flow.abs().max() < 1e-3
    assert visible[mesh].all()
    assert 0.95 < visible[~mesh].float().mean() < 1  # not where the pixel is partly covered


@pytest.mark.parametrize("angle", [0.0, 0.4, -0.9])
def test_flow_of_a_rigid_motion_is_exact(angle):
    """On the ellipsoid, where the surface of a pixel and its turned place are known from a formula."""
    shift = torch.tensor([0.13, -0.07, 0.2])
    target, source = VERTICES, VERTICES @ turn(angle).T + shift
    flow, visible, _, hits = flow_between(target, source, TRIANGLES)
    z = hits.raster.nearness[0, hits.y, hits.x]
    x, y = (hits.x - (SIZE[1] - 1) / 2) / SCALE, ((SIZE[0] - 1) / 2 - hits.y) / SCALE
    moved = torch.stack([x, y, z], -1) @ turn(angle).T + shift
    expected = project(moved, scale=SCALE, size=SIZE)[0] - torch.stack([hits.x, hits.y], -1)
    made = flow[0, :, hits.y, hits.x].T
    assert (made - expected).abs().max() < 1e-3
    outside = torch.stack([x, y, z], -1) / RADIUS**2 @ turn(angle).T  # along the normals in the source
    steep = outside[:, 2] / outside.norm(dim=-1)
    seen = visible[hits.y, hits.x]
    assert seen[steep > 0.05].all(), "no part of a smooth surface hides another"
    assert not seen[steep < -0.05].any()


def test_points_behind_another_surface_are_hidden():
    centre, radius = torch.tensor([[0.0, 0, 0], [-0.6, 0.1, 0.6]]), torch.tensor([[0.5, 0.9, 0.4], [0.2, 0.3, 0.1]])
    target, triangles = make_ellipsoids(centre, radius, rings=60, sectors=80)
    source = target.clone()
    source[60 * 80 :, 0] += 0.6  # the small one is now before the large one
    _, visible, mesh, hits = flow_between(target, source, triangles)
    large = hits.triangle < len(triangles) // 2
    place = torch.stack([(hits.x - 39.5) / SCALE, (47.5 - hits.y) / SCALE], -1)
    distance = ((place - torch.tensor([0.0, 0.1])) / radius[1, :2]).norm(dim=-1)
    seen = visible[hits.y, hits.x]
    assert not seen[large & (distance < 0.9)].any()
    assert seen[large & (distance > 1.1)].all()
    assert seen[~large].all()
    uncovered = visible[~mesh]
    assert uncovered.float().mean() > 0.9


def test_points_that_leave_the_picture_are_hidden():
    right = torch.tensor([0.99, 0, 0])
    _, visible, _, hits = flow_between(VERTICES, VERTICES + right, TRIANGLES)
    assert torch.equal(visible[hits.y, hits.x], hits.x + 0.99 * SCALE <= SIZE[1] - 1)
    _, visible, mesh, _ = flow_between(VERTICES + right, VERTICES + right, TRIANGLES)
    assert mesh[:, -1].any()
    assert visible[mesh].all()


def test_a_sheet_shows_one_side_or_the_other():
    vertices, triangles = torch.tensor([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]]), [[0, 1, 2]]
    triangles, two_sided = torch.tensor([*triangles, [0, 2, 3]]), torch.tensor([True, True])
    for angle, expected in ((0.5, True), (torch.pi - 0.5, False)):
        turned = vertices @ turn(angle).T
        flow, visible, mesh, _ = flow_between(vertices, turned, triangles, two_sided=two_sided)
        assert mesh.sum() > 1500
        assert (visible[mesh] == expected).all()
        assert flow.abs().max() > 1


def test_joints_are_seen_through_their_own_flesh_only():
    centre, radius = torch.tensor([[0.0, 0, 0], [0.0, 0.5, 0.6]]), torch.tensor([[0.3, 0.9, 0.3], [0.2, 0.2, 0.1]])
    vertices, triangles = make_ellipsoids(centre, radius, rings=30, sectors=40)
    _, _, _, surface = draw(vertices, triangles)
    joints = torch.tensor([[[0.0, 0, 0], [0.0, 0.5, 0], [0.9, 0.9, 0], [0.0, -1.3, 0]]])
    pixel, nearness = project(joints, scale=SCALE, size=SIZE)
    assert find_visible(pixel, nearness + 0.31, surface, factor=2).tolist() == [[True, False, True, False]]
    assert not find_visible(pixel, nearness + 0.2, surface, factor=2)[0, 0]


def test_a_steep_surface_does_not_hide_itself():
    """On a plane that rises by many tolerances from sample to sample, every point between samples is seen."""
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(20.0), torch.arange(30.0), indexing="ij")
    slope = torch.tensor([3.0, -2.0])
    surface = (x * slope[0] + y * slope[1])[None]
    place = torch.rand(500, 2, generator=generator) * torch.tensor([29.0, 19.0])
    first = torch.zeros(500, dtype=torch.long)
    assert find_unoccluded(surface, first, place, place @ slope + 1e-4).all()
    assert not find_unoccluded(surface, first, place, place @ slope - 5.1).any()
