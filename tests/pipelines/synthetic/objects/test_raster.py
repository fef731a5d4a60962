"""Rasterised triangles against trying every pixel with every triangle."""

import torch

from pipelines.synthetic.objects import raster
from pipelines.synthetic.objects.raster import barycentric_weights, rasterise

SIZE = (2, 24, 32)


def random_triangles(triangles: int = 60) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    pixel = torch.rand(3 * triangles, 2, generator=generator) * torch.tensor([50.0, 40.0]) - 8
    depth = torch.rand(3 * triangles, generator=generator) + 0.5
    picture = torch.randint(0, 2, (triangles,), generator=generator)
    return pixel, depth, torch.arange(3 * triangles).view(-1, 3), picture


def rasterise_slowly(pixel, depth, triangles, picture) -> tuple[torch.Tensor, torch.Tensor]:
    """By trying every pixel with every triangle, in barycentric coordinates from a linear system."""
    index, inverse = torch.full(SIZE, -1), torch.zeros(SIZE, dtype=torch.float64)
    y, x = torch.meshgrid(torch.arange(SIZE[1]), torch.arange(SIZE[2]), indexing="ij")
    place = torch.stack([x, y, torch.ones_like(x)], -1).double()
    for number, corners in enumerate(triangles):
        matrix = torch.cat([pixel[corners].double(), torch.ones(3, 1)], 1).T
        if torch.det(matrix) >= 0:
            continue
        share = torch.linalg.solve(matrix, place[..., None])[..., 0]
        near = (share / depth[corners]).sum(-1)
        better = (share >= 0).all(-1) & (near > inverse[picture[number]])
        index[picture[number]][better] = number
        inverse[picture[number]][better] = near[better]
    return index, inverse


def test_the_nearest_triangle_wins():
    index, inverse = rasterise(*random_triangles(), SIZE)
    expected = rasterise_slowly(*random_triangles())
    same = index == expected[0]
    assert (index >= 0).float().mean() > 0.3
    assert same.float().mean() > 0.999
    assert (inverse - expected[1])[same].abs().max() < 1e-4


def test_small_chunks_make_no_difference(monkeypatch):
    complete = rasterise(*random_triangles(), SIZE)
    monkeypatch.setattr(raster, "CHUNK", 500)
    for part, expected in zip(rasterise(*random_triangles(), SIZE), complete, strict=True):
        assert torch.equal(part, expected)


def test_weights_are_those_of_the_point_in_space():
    corners = torch.tensor([[-0.4, -0.2, 1.0], [0.5, -0.1, 3.0], [0.0, 0.6, 2.0]])
    share = torch.tensor([0.2, 0.5, 0.3])
    point = share @ corners
    pixel = corners[:, :2] / corners[:, 2:] * 100
    x, y = (point[:2] / point[2] * 100)[:, None]
    weights = barycentric_weights(pixel, corners[:, 2], torch.tensor([[0, 1, 2]]), x, y)
    assert torch.allclose(weights[0], share, atol=1e-5)


def test_triangles_seen_edge_on_are_not_drawn():
    generator = torch.Generator().manual_seed(0)
    count = 2000
    middle = torch.randint(4, 20, (count, 2), generator=generator).float()
    along = 20 * torch.randn(count, 2, generator=generator)
    share = torch.rand(count, 1, generator=generator)
    pixel = torch.stack([middle - along, middle + share * along, middle + along], 1).view(-1, 2)
    depth = torch.rand(3 * count, generator=generator) + 0.5
    first = torch.zeros(count, dtype=torch.long)
    index, _ = rasterise(pixel, depth, torch.arange(3 * count).view(-1, 3), first, SIZE)
    assert (index == -1).all()


def test_nothing_to_draw():
    index, inverse = rasterise(torch.zeros(3, 2), torch.ones(3), torch.tensor([[0, 1, 2]]), torch.tensor([0]), SIZE)
    assert (index == -1).all()
    assert (inverse == 0).all()
