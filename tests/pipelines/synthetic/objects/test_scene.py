"""Objects before their cameras: kinds, sizes, meshes and what a view shows of them."""

import pytest
import torch

from models.turning import Camera
from pipelines.synthetic.objects import sample_objects
from pipelines.synthetic.objects.car_measures import CARS, DARK, GLASS, LAMP, RED
from pipelines.synthetic.objects.chair_measures import CHAIRS
from pipelines.synthetic.objects.scene import View

SIZE = 96


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_azimuth_and_elevation_are_those_of_the_view_code():
    objects = sample_objects(category="car", batch=8, generator=generator(3))
    place = {}
    for azimuth in (0.0, 90.0, 180.0, 270.0):
        hits = objects.find_hits(View(Camera.usual(torch.full((8,), azimuth), torch.zeros(8)), SIZE))
        slot = objects.mesh.slot[hits.triangle]
        place[azimuth] = [hits.x[slot == lamp].float() for lamp in (LAMP, RED)]
    assert len(place[0.0][0]) > 20 * len(place[0.0][1])
    assert len(place[180.0][1]) > 20 * len(place[180.0][0])
    for azimuth, right in ((90.0, 0), (270.0, 1)):
        assert place[azimuth][right].mean() > SIZE / 2 > place[azimuth][1 - right].mean()
    assert hits.y[slot == GLASS].float().mean() < SIZE / 2 < hits.y[slot == DARK].float().mean()
    heights = [
        objects.find_hits(View(Camera.usual(torch.zeros(8), torch.full((8,), elevation)), SIZE))
        .interpolate(objects.mesh.normal)[:, 2]
        .mean()
        for elevation in (0.0, 20.0)
    ]
    assert heights[1] > heights[0] + 0.1


@pytest.mark.parametrize(("category", "names"), [("car", CARS), ("chair", CHAIRS), ("all", CARS + CHAIRS)])
def test_all_kinds_appear_in_all_colours(category, names):
    objects = sample_objects(category=category, batch=200, generator=generator())
    assert set(objects.kinds) == set(names)
    low, high = (objects.mesh.position.new_zeros(200, 3) for _ in range(2))
    owner = objects.mesh.owner[:, None].expand(-1, 3)
    low.scatter_reduce_(0, owner, objects.mesh.position, "amin")
    high.scatter_reduce_(0, owner, objects.mesh.position, "amax")
    assert torch.allclose((high - low).norm(dim=1), torch.ones(200), atol=1e-4)
    assert torch.allclose(low, -high, atol=1e-4)
    first = objects.paint.colour[:, 0]
    assert (first.std(0) > 0.15).all()


def test_mesh_is_sound():
    mesh = sample_objects(category="all", batch=60, generator=generator(4)).mesh
    assert torch.isfinite(mesh.position).all()
    assert torch.allclose(mesh.normal.norm(dim=1), torch.ones(len(mesh.normal)), atol=1e-3)
    assert (mesh.owner[mesh.triangles] == mesh.object[:, None]).all()
