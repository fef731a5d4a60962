"""Objects before their cameras: kinds, sizes, meshes and what a view shows of them."""

import pytest
import torch

from models.turning import Camera
from pipelines.synthetic.objects import sample_objects
from pipelines.synthetic.objects.car_measures import DARK, GLASS, LAMP, RED
from pipelines.synthetic.objects.classes import ALL_CLASSES, CATEGORIES, style_weights
from pipelines.synthetic.objects.scene import View

SIZE = 96
MOST_TRIANGLES = 16000  # of an object, so that batches fit into memory


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


@pytest.mark.parametrize("category", [*ALL_CLASSES, "all", "any"])
def test_most_styles_appear_in_all_colours_and_one_size(category):
    objects = sample_objects(category=category, batch=80, generator=generator())
    assert set(objects.classes) == CATEGORIES[category].keys()
    assert len(set(objects.styles)) > 0.35 * len(style_weights(category))
    assert set(objects.styles) <= style_weights(category).keys()
    low, high = (objects.mesh.position.new_zeros(80, 3) for _ in range(2))
    owner = objects.mesh.owner[:, None].expand(-1, 3)
    low.scatter_reduce_(0, owner, objects.mesh.position, "amin")
    high.scatter_reduce_(0, owner, objects.mesh.position, "amax")
    assert torch.allclose((high - low).norm(dim=1), torch.ones(80), atol=1e-4)
    assert torch.allclose(low, -high, atol=1e-4)
    first = objects.paint.colour[:, 0]
    assert (first.std(0) > 0.15).all()


def test_mesh_is_sound():
    mesh = sample_objects(category="any", batch=60, generator=generator(4)).mesh
    assert torch.isfinite(mesh.position).all()
    assert torch.allclose(mesh.normal.norm(dim=1), torch.ones(len(mesh.normal)), atol=1e-3)
    counts = mesh.object.bincount(minlength=60)
    assert counts.min() > 100
    assert counts.max() < MOST_TRIANGLES
    assert (mesh.owner[mesh.triangles] == mesh.object[:, None]).all()


def test_styles_are_chosen_and_left_out_by_name():
    only = sample_objects(category="chair", batch=20, generator=generator(), styles=["windsor", "cantilever"])
    assert set(only.styles) == {"windsor", "cantilever"}
    rest = sample_objects(category="all", batch=60, generator=generator(), without=["sedan", "office", "SUV"])
    assert not {"sedan", "office", "SUV"} & set(rest.styles)
    names = [name for each in ALL_CLASSES.values() for name in each.styles]
    assert len(names) == len(set(names))
    with pytest.raises(ValueError, match="'tank'"):
        sample_objects(category="car", batch=1, generator=generator(), without=["tank"])
    with pytest.raises(ValueError, match="no style"):
        style_weights("table", without=list(style_weights("table")))


def test_objects_do_not_depend_on_what_others_are_drawn_for():
    """Each object's paint belongs to its own class: cars have tyres, whatever the batch holds besides them."""
    objects = sample_objects(category="all", batch=40, generator=generator(2))
    cars = [number for number, name in enumerate(objects.classes) if name == "car"]
    dark = objects.paint.colour[cars, DARK].amax(-1)
    assert ((dark < 0.13) | (objects.paint.colour[cars].flatten(1).std(1) < 0.35)).all()
    assert (objects.paint.colour[cars, DARK] < 0.13).float().mean() > 0.7


def test_one_sees_through_open_windows():
    objects = sample_objects(category="car", batch=60, generator=generator(5), styles=["SUV", "van"])
    clear = objects.paint.absent[:, GLASS]
    assert 0.1 < clear.float().mean() < 0.6
    panes = objects.mesh.object[objects.mesh.slot == GLASS].unique()
    assert not clear[panes].any()
    assert objects.paint.two_sided[clear].any(1).all()


def test_only_some_sofas_and_others_have_two_different_sides():
    for category, share in (("car", 0.0), ("chair", 0.0), ("sofa", 0.25), ("other", 0.15)):
        objects = sample_objects(category=category, batch=48, generator=generator())
        lopsided = (~objects.symmetric).float().mean()
        assert lopsided == share if share == 0 else abs(lopsided - share) < 0.2
        mesh, same = objects.mesh, objects.symmetric[objects.mesh.owner]
        middle = torch.zeros(48).scatter_add(0, mesh.owner, mesh.position[:, 1]) / mesh.owner.bincount(minlength=48)
        assert middle[objects.symmetric].abs().max() < 0.01
        assert same.any()
