"""Rasterised triangles against trying every pixel with every triangle."""

import pytest
import torch
from torch import Tensor

from pipelines.synthetic.rendering import raster, raster_torch
from pipelines.synthetic.rendering.raster import Raster, rasterise, rasterise_triangles
from tests.helpers.ellipsoids import make_ellipsoids, project

SIZE = (2, 24, 32)


def random_triangles(triangles: int = 60) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Positions, nearness of either sign, triangles and their pictures."""
    generator = torch.Generator().manual_seed(5)
    pixel = torch.rand(3 * triangles, 2, generator=generator) * torch.tensor([50.0, 40.0]) - 8
    nearness = torch.randn(3 * triangles, generator=generator)
    picture = torch.randint(0, 2, (triangles,), generator=generator)
    return pixel, nearness, torch.arange(3 * triangles).view(-1, 3), picture


def random_poses() -> tuple[Tensor, Tensor, Tensor]:
    """Positions [5, V, 2] and nearness [5, V] of some ellipsoids, and their triangles."""
    generator = torch.Generator().manual_seed(2)
    centre, radius = torch.randn(6, 3, generator=generator), torch.rand(6, 3, generator=generator) + 0.2
    vertices, triangles = make_ellipsoids(centre, radius, rings=7, sectors=9)
    moved = vertices + 0.2 * torch.randn(5, len(vertices), 3, generator=generator)
    return *project(moved, scale=12.0, size=SIZE[1:]), triangles


def rasterise_slowly(pixel, nearness, triangles, picture, two_sided=None) -> tuple[Tensor, Tensor]:
    """By trying every pixel with every triangle, in barycentric coordinates from a linear system."""
    index, best = torch.full(SIZE, -1), torch.full(SIZE, -torch.inf, dtype=torch.float64)
    y, x = torch.meshgrid(torch.arange(SIZE[1]), torch.arange(SIZE[2]), indexing="ij")
    place = torch.stack([x, y, torch.ones_like(x)], -1).double()
    for number, corners in enumerate(triangles):
        matrix = torch.cat([pixel[corners].double(), torch.ones(3, 1)], 1).T
        if torch.det(matrix) >= 0 and not (two_sided is not None and two_sided[number]):
            continue
        share = torch.linalg.solve(matrix, place[..., None])[..., 0]
        near = (share * nearness[corners]).sum(-1)
        better = (share >= 0).all(-1) & (near > best[picture[number]])
        index[picture[number]][better] = number
        best[picture[number]][better] = near[better]
    return index, best


def assert_equal(first: Raster, second: Raster) -> None:
    assert torch.equal(first.index, second.index)
    assert torch.equal(first.nearness, second.nearness)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_nearest_triangle_wins(share):
    inputs = random_triangles()
    two_sided = torch.rand(60, generator=torch.Generator().manual_seed(0)) < share
    made = rasterise_triangles(*inputs, size=SIZE, two_sided=two_sided)
    index, nearness = rasterise_slowly(*inputs, two_sided)
    same = made.index == index
    assert (made.index >= 0).float().mean() > 0.3
    assert same.float().mean() > 0.999
    covered = same & (index >= 0)
    assert (made.nearness - nearness)[covered].abs().max() < 1e-4
    assert (made.nearness[made.index < 0] == -torch.inf).all()


def test_the_order_of_the_triangles_makes_no_difference():
    pixel, nearness, triangles, picture = random_triangles()
    made = rasterise_triangles(pixel, nearness, triangles, picture, size=SIZE)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    other = rasterise_triangles(pixel, nearness, triangles[order], picture[order], size=SIZE)
    assert torch.equal(made.nearness, other.nearness)
    assert torch.equal(made.index, torch.where(other.index < 0, -1, order[other.index]))


def test_small_chunks_make_no_difference(monkeypatch):
    lists, meshes = random_triangles(), random_poses()
    complete = rasterise_triangles(*lists, size=SIZE), rasterise(*meshes, size=SIZE[1:])
    monkeypatch.setattr(raster_torch, "CANDIDATES", 500)
    monkeypatch.setattr(raster, "TRIANGLES", 2 * len(meshes[2]))
    assert_equal(rasterise_triangles(*lists, size=SIZE), complete[0])
    assert_equal(rasterise(*meshes, size=SIZE[1:]), complete[1])


def test_a_mesh_in_many_poses_is_drawn_as_its_triangles():
    pixel, nearness, triangles = random_poses()
    generator = torch.Generator().manual_seed(8)
    present = torch.rand(5, len(triangles), generator=generator) < 0.7
    two_sided = torch.rand(len(triangles), generator=generator) < 0.3
    made = rasterise(pixel, nearness, triangles, present, size=SIZE[1:], two_sided=two_sided)
    assert (made.index >= 0).float().mean() > 0.2
    for i in range(5):
        numbers = present[i].nonzero()[:, 0]
        first = torch.zeros_like(numbers)
        alone = rasterise_triangles(
            pixel[i], nearness[i], triangles[numbers], first, size=(1, *SIZE[1:]), two_sided=two_sided[numbers]
        )
        assert torch.equal(made.nearness[i], alone.nearness[0])
        assert torch.equal(made.index[i], torch.where(alone.index < 0, -1, numbers[alone.index])[0])


def test_only_two_sided_triangles_are_seen_from_behind():
    pixel = torch.tensor([[[2.0, 2.0], [2.0, 20.0], [20.0, 2.0]]])
    front, back = torch.tensor([[0, 1, 2]]), torch.tensor([[0, 2, 1]])
    nearness = torch.zeros(1, 3)
    seen = rasterise(pixel, nearness, front, size=SIZE[1:])
    assert 140 < (seen.index == 0).sum() < 200
    assert (rasterise(pixel, nearness, back, size=SIZE[1:]).index == -1).all()
    both = rasterise(pixel, nearness, back, size=SIZE[1:], two_sided=torch.tensor([True]))
    assert torch.equal(both.index, seen.index)


def test_neighbours_leave_no_gap():
    """A grid of vertices, some of them at pixel centres and most not, covers every pixel inside."""
    generator = torch.Generator().manual_seed(4)
    row, column = torch.meshgrid(torch.arange(14.0), torch.arange(18.0), indexing="ij")
    jitter = 0.45 * (torch.rand(40, 14, 18, 2, generator=generator) * 2 - 1)
    jitter[:10] = jitter[:10].mul(2).round() / 2  # on a grid of half pixels
    pixel = (torch.stack([column, row], -1) + jitter) * 2 - 1
    corner = torch.arange(14 * 18).view(14, 18)
    a, b, c, d = (part.flatten() for part in (corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]))
    triangles = torch.cat([torch.stack([a, b, c], -1), torch.stack([a, c, d], -1)])
    two_sided = torch.ones(len(triangles), dtype=torch.bool)
    nearness = torch.rand(40, 14 * 18, generator=generator)
    made = rasterise(pixel.flatten(1, 2), nearness, triangles, size=(24, 32), two_sided=two_sided)
    assert (made.index[:, 2:-2, 2:-2] >= 0).all()


def test_the_border_cuts_a_picture_out_of_a_larger_one():
    pixel, nearness, triangles = random_poses()
    large = rasterise(pixel + 16.0, nearness, triangles, size=(24 + 32, 32 + 32))
    small = rasterise(pixel, nearness, triangles, size=(24, 32))
    same = small.index == large.index[:, 16:40, 16:48]
    assert (large.index >= 0).sum() > (small.index >= 0).sum()
    assert same.float().mean() > 0.999


def test_triangles_seen_edge_on_are_not_drawn():
    generator = torch.Generator().manual_seed(0)
    count = 2000
    middle = torch.randint(4, 20, (count, 2), generator=generator).float()
    along = 20 * torch.randn(count, 2, generator=generator)
    share = torch.rand(count, 1, generator=generator)
    pixel = torch.stack([middle - along, middle + share * along, middle + along], 1).view(-1, 2)
    nearness = torch.rand(3 * count, generator=generator) + 0.5
    first = torch.zeros(count, dtype=torch.long)
    two_sided = torch.ones(count, dtype=torch.bool)
    triangles = torch.arange(3 * count).view(-1, 3)
    made = rasterise_triangles(pixel, nearness, triangles, first, size=SIZE, two_sided=two_sided)
    assert (made.index == -1).all()


def test_nothing_to_draw():
    pixel, triangles = torch.zeros(1, 3, 2), torch.tensor([[0, 1, 2]])
    for present in (None, torch.tensor([[False]])):
        made = rasterise(pixel, torch.ones(1, 3), triangles, present, size=SIZE[1:])
        assert (made.index == -1).all()
        assert (made.nearness == -torch.inf).all()
