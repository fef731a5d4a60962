"""Rays against round cones: depths, ends, clipping planes and tiles."""

import math

import pytest
import torch

from pipelines.synthetic.rendering.raycast import (
    MISS,
    Placed,
    Primitives,
    cast,
    cast_grid,
    find_nearest,
    place,
    round_cone_shape,
)
from pipelines.synthetic.rotations import rotation_about

IDENTITY = torch.eye(3)[None, None, None]
ORIGIN = torch.zeros(1, 1, 1, 3)


def primitive(
    r1: float, r2: float, length: float, *, linear=None, opened=(False, False), clip=(0.0, 0.0, 0.0, 1.0)
) -> Primitives:
    radii = torch.tensor([[r1]]), torch.tensor([[r2]]), torch.tensor([[length]])
    ends = [torch.tensor([[side]]) for side in opened]
    return Primitives(
        torch.tensor([0]),
        (torch.eye(3) if linear is None else linear)[None, None],
        torch.zeros(1, 1, 3),
        round_cone_shape(*radii, *ends),
        torch.tensor(clip)[None, None],
    )


def depth_at(shape: Primitives, x: float, y: float, rotation=IDENTITY) -> float:
    placed = place(shape, rotation, ORIGIN)
    return cast(placed, torch.tensor([[x]]), torch.tensor([[y]]))[0].item()


def distance(point: torch.Tensor, r1: float, r2: float, length: float) -> torch.Tensor:
    """Signed distance to the hull of two spheres on the y axis, by maximising over the spheres between them."""
    t = torch.linspace(0, 1, 4001)
    centre = torch.stack([0 * t, t * length, 0 * t], -1)
    return ((point - centre).norm(dim=-1) - (r1 + (r2 - r1) * t)).min()


def place_random_cones(count: int = 12, pictures: int = 2) -> Placed:
    generator = torch.Generator().manual_seed(3)
    linear = torch.linalg.qr(torch.randn(1, count, 3, 3, generator=generator))[0]
    linear = linear * (0.6 + torch.rand(1, count, 1, 3, generator=generator))
    r1, r2 = (0.05 + 0.15 * torch.rand(1, count, generator=generator) for _ in range(2))
    length = 0.2 + 0.3 * torch.rand(1, count, generator=generator)
    opened = torch.rand(2, 1, count, generator=generator) < 0.4
    clip = torch.cat([torch.randn(1, count, 3, generator=generator), torch.full((1, count, 1), 0.1)], -1)
    offset = torch.randn(1, count, 3, generator=generator) * 0.3
    shapes = Primitives(
        torch.zeros(count, dtype=torch.long), linear, offset, round_cone_shape(r1, r2, length, *opened), clip
    )
    rotation = torch.linalg.qr(torch.randn(1, pictures, 1, 3, 3, generator=generator))[0]
    return place(shapes, rotation, torch.zeros(1, pictures, 1, 3))


def test_hits_are_on_the_surface():
    generator = torch.Generator().manual_seed(0)
    rotation = torch.linalg.qr(torch.randn(1, 1, 1, 3, 3, generator=generator))[0]
    r1, r2, length = 0.3, 0.12, 0.5
    placed = place(primitive(r1, r2, length), rotation, ORIGIN)
    x, y = torch.rand(2, 1, 400, generator=generator) * 1.2 - 0.6
    depth, index = cast(placed, x, y)
    hits = index[0] >= 0
    assert 50 < hits.sum() < 350
    points = torch.stack([x, y, depth], -1)[0, hits] @ rotation[0, 0, 0]
    errors = torch.stack([distance(point, r1, r2, length) for point in points])
    assert errors.abs().max() < 1e-4


def test_ellipsoid_depth():
    shape = primitive(0.2, 0.2, 1e-3, linear=torch.diag(torch.tensor([2.0, 1.0, 0.5])))
    assert depth_at(shape, 0.0, 0.0) == pytest.approx(0.1, abs=1e-4)
    assert depth_at(shape, 0.2, 0.0) == pytest.approx(0.1 * math.sqrt(0.75), abs=1e-3)
    assert depth_at(shape, 0.41, 0.0) == MISS


def test_open_end_shows_the_inside():
    turned = rotation_about(0, torch.ones(1, 1, 1))
    closed = depth_at(primitive(0.2, 0.2, 0.5), 0.0, 0.3, turned)
    hollow = depth_at(primitive(0.2, 0.2, 0.5, opened=(True, True)), 0.0, 0.3, turned)
    assert hollow < closed - 0.05
    assert hollow > MISS


def test_clip_plane_cuts_a_part_away():
    sphere = primitive(0.2, 0.2, 1e-3, clip=(0.0, 0.0, -1.0, 0.0))  # keeps the far half
    assert depth_at(sphere, 0.0, 0.0) == pytest.approx(-0.2, abs=1e-3)
    assert depth_at(primitive(0.2, 0.2, 1e-3, clip=(0.0, 0.0, 0.0, -1.0)), 0.0, 0.0) == MISS


@pytest.mark.parametrize("size", [(64, 64), (50, 37)])
def test_tiles_agree_with_the_reduction_over_all_primitives(size):
    placed = place_random_cones()
    x = torch.linspace(-0.9, 0.9, size[1]).repeat(2, 1)
    y = torch.linspace(0.9, -0.9, size[0]).repeat(2, 1)
    depth, index = cast_grid(placed, x, y)
    columns = x[:, None].expand(-1, size[0], -1).flatten(1)
    rows = y[:, :, None].expand(-1, -1, size[1]).flatten(1)
    expected, primitives = find_nearest(placed.parameters, columns, rows)
    assert 0.05 < (index >= 0).float().mean() < 0.95
    assert torch.equal(index.flatten(1), primitives)
    torch.testing.assert_close(depth.flatten(1), expected)


def test_empty_view_hits_nothing():
    placed = place_random_cones()
    far = torch.linspace(50, 51, 20).repeat(2, 1)
    depth, index = cast_grid(placed, far, far.flip(1))
    assert (index == -1).all()
    assert (depth == MISS).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_compiled_agrees_with_eager():
    placed = place_random_cones(count=70, pictures=4)
    x, y = torch.rand(2, 4, 60000) * 2 - 1
    expected, primitives = cast(placed, x, y)
    depth, index = cast(Placed(placed.parameters.cuda(), placed.bounds.cuda()), x.cuda(), y.cuda())
    same = index.cpu() == primitives
    assert same.float().mean() > 0.999
    assert torch.quantile((depth.cpu() - expected)[same].abs(), 0.999) < 1e-4
