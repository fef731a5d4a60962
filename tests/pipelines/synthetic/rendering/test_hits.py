"""Values of vertices at the pixels that show a mesh."""

import torch

from pipelines.synthetic.rendering.hits import average_samples, barycentric_weights, find_hits
from pipelines.synthetic.rendering.raster import rasterise, rasterise_triangles, to_samples
from tests.helpers.ellipsoids import make_ellipsoids, project

SIZE = (40, 48)
VERTICES, TRIANGLES = make_ellipsoids(
    torch.tensor([[0.1, 0, 0], [-0.2, 0.1, 0.3]]), torch.tensor([[0.7, 0.9, 0.4], [0.2, 0.3, 0.1]]), rings=9, sectors=12
)


def two_poses() -> tuple[torch.Tensor, torch.Tensor]:
    return project(torch.stack([VERTICES, VERTICES + 0.05]), scale=20.0, size=SIZE)


def test_positions_and_nearness_of_the_pixels_come_out():
    pixel, nearness = two_poses()
    raster = rasterise(pixel, nearness, TRIANGLES, size=SIZE)
    hits = find_hits(raster, pixel, TRIANGLES)
    assert len(hits.x) == (raster.index >= 0).sum() > 500
    made = hits.interpolate(torch.cat([pixel, nearness[..., None]], -1))
    place = torch.stack([hits.x, hits.y], -1)
    assert (made[:, :2] - place).abs().max() < 1e-4
    assert (made[:, 2] - raster.nearness[hits.picture, hits.y, hits.x]).abs().max() < 1e-4
    assert hits.front.all()


def test_values_that_all_poses_share():
    pixel, nearness = two_poses()
    hits = find_hits(rasterise(pixel, nearness, TRIANGLES, size=SIZE), pixel, TRIANGLES)
    shared = torch.rand(len(VERTICES), 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(hits.interpolate(shared), hits.interpolate(shared.expand(2, -1, -1)))


def test_a_picture_does_not_depend_on_the_others():
    pixel, nearness = two_poses()
    both = find_hits(rasterise(pixel, nearness, TRIANGLES, size=SIZE), pixel, TRIANGLES)
    second = find_hits(rasterise(pixel[1:], nearness[1:], TRIANGLES, size=SIZE), pixel[1:], TRIANGLES)
    assert torch.equal(both.to_grid(both.interpolate(pixel))[1:], second.to_grid(second.interpolate(pixel[1:])))


def test_triangles_from_behind_are_not_in_front():
    pixel, nearness = two_poses()
    two_sided, turned = torch.ones(len(TRIANGLES), dtype=torch.bool), TRIANGLES[:, [0, 2, 1]]
    raster = rasterise(pixel, nearness, turned, size=SIZE, two_sided=two_sided)
    assert not find_hits(raster, pixel, turned).front.any()


def test_grid_and_antialiasing():
    pixel, nearness = two_poses()
    raster = rasterise(to_samples(pixel, 3), nearness, TRIANGLES, size=(3 * SIZE[0], 3 * SIZE[1]))
    hits = find_hits(raster, to_samples(pixel, 3), TRIANGLES)
    grid = hits.to_grid(hits.interpolate(torch.ones(len(VERTICES), 1)), fill=-1.0)
    assert torch.equal(grid[..., 0] > 0, raster.index >= 0)
    coverage = average_samples((grid + 1) / 2, 3)
    assert coverage.shape == (2, 1, *SIZE)
    area = coverage[0].sum()
    assert abs(area - 0.7 * 0.9 * torch.pi * 20**2) / area < 0.06, "polygons are smaller than ellipses"
    x = (coverage[0, 0] * torch.arange(48.0)).sum() / area
    y = (coverage[0, 0] * torch.arange(40.0)[:, None]).sum() / area
    assert abs(x - (23.5 + 0.1 * 20)) < 0.3
    assert abs(y - 19.5) < 0.3


def test_perspective_weights_are_those_of_the_point_in_space():
    corners = torch.tensor([[-0.4, -0.2, 1.0], [0.5, -0.1, 3.0], [0.0, 0.6, 2.0]])
    share = torch.tensor([0.2, 0.5, 0.3])
    point = share @ corners
    pixel = corners[:, :2] / corners[:, 2:] * 100
    x, y = (point[:2] / point[2] * 100)[:, None]
    weights = barycentric_weights(pixel[None], x, y, corners[None, :, 2])
    assert torch.allclose(weights[0], share, atol=1e-5)


def test_hits_of_a_list_under_a_perspective_camera():
    """A plane that recedes: what is linear in space comes out at every pixel."""
    point = torch.tensor([[-1.0, 1, 2], [-1, -1, 6], [1, -1, 6], [1, 1, 2]])
    pixel = point[:, :2] / point[:, 2:] * torch.tensor([30.0, -30.0]) + torch.tensor([24.0, 20.0])
    triangles = torch.tensor([[0, 1, 2], [0, 2, 3]])
    raster = rasterise_triangles(pixel, 1 / point[:, 2], triangles, torch.zeros(2, dtype=torch.long), size=(1, *SIZE))
    hits = find_hits(raster, pixel, triangles, point[:, 2])
    made = hits.interpolate(point)
    assert len(made) > 200
    expected = torch.stack([(hits.x - 24.0) / 30, (20.0 - hits.y) / 30], -1)
    torch.testing.assert_close(made[:, :2] / made[:, 2:], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(1 / made[:, 2], raster.nearness[0, hits.y, hits.x], atol=1e-5, rtol=0)
