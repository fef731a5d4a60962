"""Rendered views of objects: pictures, masks and flow agree with each other."""

import functools
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import grid_sample, max_pool2d

from models.turning import Camera
from pipelines.synthetic.objects import Objects, Views, render, sample_objects, sample_views
from pipelines.synthetic.objects.film import Film

SIZE = 96


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def light_evenly(objects: Objects) -> Objects:
    """The objects without what depends on the camera, lit from no side, on film that shows all there is."""
    light = objects.light
    for strength in (light.headlight, light.reflection, light.mirror):
        strength.zero_()
    light.lamp[..., 1] = 0
    return replace(objects, film=Film.plain(len(objects.classes), light.lamp.device))


@functools.cache
def some_views(category: str) -> Views:
    objects = light_evenly(sample_objects(category=category, batch=6, generator=generator()))
    azimuth = torch.tensor(
        [[40.0, 60.0, -40.0], [0, 350, 0], [90, 70, -90], [200, 240, 160], [10, 300, -10], [5, 5, -5]]
    )
    elevation = torch.tensor([0.0, 10, 0]).repeat(6, 1)
    return render(objects, Camera.usual(azimuth, elevation), size=SIZE)


def warp(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    grid = torch.stack([x + flow[:, 0], y + flow[:, 1]], -1) * 2 / (SIZE - 1) - 1
    return grid_sample(image, grid, align_corners=True, padding_mode="border")


def shrink(mask: torch.Tensor) -> torch.Tensor:
    """The mask without its outermost pixels."""
    return 1 - max_pool2d(1 - mask, 3, 1, 1)


@pytest.mark.parametrize("category", ["car", "chair"])
def test_shapes_ranges_and_white_background(category):
    views = some_views(category)
    assert views.images.shape == (6, 3, 3, SIZE, SIZE)
    assert views.mask.shape == (6, 3, 1, SIZE, SIZE)
    assert views.images.abs().max() <= 1
    beside = (views.mask == 0).expand_as(views.images)
    assert (views.images[beside] == 1).all()
    share = views.mask.mean((2, 3, 4))
    assert ((share > 0.03) & (share < 0.5)).all()
    border = torch.cat([views.mask[..., [0, -1], :].flatten(), views.mask[..., [0, -1]].flatten()])
    assert (border == 0).all()


@pytest.mark.parametrize("category", ["car", "chair"])
def test_flow_takes_one_view_to_another_where_it_can_be_some_views(category):
    views = some_views(category)
    flow, visible, object_ = views.flow(1, 0)
    chosen = shrink(visible * object_) > 0

    def error(picture: torch.Tensor) -> torch.Tensor:
        return (picture - views.images[:, 1]).abs().mean(1, keepdim=True)[chosen] / 2

    here, beside = (error(warp(views.images[:, 0], flow + shift)) for shift in (0, 1))
    assert chosen.sum() > 0.4 * object_.sum()
    assert here.median() < 0.006
    assert here.mean() < 0.5 * beside.mean()
    assert here.mean() < 0.15 * error(views.images[:, 0]).mean()


@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_mirrored_source_shows_the_other_side(category):
    views = some_views(category)
    turned = [0, 2, 3, 4]  # objects seen from one side first, from the other then
    flow, visible, object_ = (each[turned] for each in views.flow(2, 0, mirrored=True))
    chosen = shrink(visible * object_) > 0
    error = (warp(views.images[turned, 0].flip(-1), flow) - views.images[turned, 2]).abs().mean(1, keepdim=True) / 2
    assert chosen.sum() > 0.4 * object_.sum()
    assert error[chosen].mean() < 0.02
    straight = views.flow(2, 0)[1][turned]
    assert (visible * object_).sum() > (straight * object_).sum()


def test_flow_to_itself_is_zero_and_all_is_visible():
    flow, visible, object_ = some_views("car").flow(1, 1)
    assert flow.abs().max() < 1e-2
    assert visible[object_ > 0].mean() > 0.995


def test_the_far_side_is_hidden():
    objects = sample_objects(category="car", batch=4, generator=generator(2))
    camera = Camera.usual(torch.tensor([[90.0, 270.0]]).expand(4, 2), torch.zeros(4, 2))
    views = render(objects, camera, size=SIZE)
    _, visible, object_ = views.flow(1, 0)
    assert (visible * object_).sum() < 0.06 * object_.sum()
    assert visible[object_ == 0].mean() > 0.9


@pytest.mark.parametrize("category", ["car", "chair"])
def test_there_and_back_again(category):
    views = some_views(category)
    there, visible, object_ = views.flow(1, 0)
    back, _, _ = views.flow(0, 1)
    seen_twice = shrink(visible * object_) > 0
    loop = (there + warp(back, there)).norm(dim=1, keepdim=True)
    assert loop[seen_twice].quantile(0.9) < 0.3


@pytest.mark.parametrize("category", ["car", "chair"])
def test_both_sides_of_an_object_are_alike(category):
    views = some_views(category)
    one, other = views.images[:, 0], views.images[:, 2].flip(-1)
    mirrored = [0, 2, 4, 5]  # rows with azimuths a and -a
    inside = shrink(views.mask[mirrored, 0]).expand(-1, 3, -1, -1) > 0
    assert (views.mask[mirrored, 0] - views.mask[mirrored, 2].flip(-1)).abs().mean() < 1e-3
    assert (one - other)[mirrored][inside].abs().mean() < 0.01


@pytest.mark.parametrize("category", ["car", "chair", "all"])
def test_the_same_seed_draws_the_same_pictures(category):
    first, second, other = (
        sample_views(category=category, batch=3, size=48, generator=generator(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.flow(1, 0)[0], second.flow(1, 0)[0])
    assert not torch.equal(first.images, other.images)


def test_steps_of_the_views():
    views = sample_views(category="chair", batch=40, size=8, generator=generator())
    assert set(views.camera.elevation.flatten().tolist()) == {0, 10, 20}
    steps = set(views.camera.azimuth.flatten().tolist())
    assert steps <= set(range(0, 360, 20))
    assert len(steps) > 15
    free = sample_views(category="chair", batch=40, size=8, generator=generator(), step=0.0)
    assert len(set(free.camera.azimuth.flatten().tolist())) == 80
    assert free.camera.elevation.min() >= 0
    assert 15 < free.camera.elevation.max() <= 20


def test_other_categories_are_refused():
    with pytest.raises(ValueError, match="boat"):
        sample_views(category="boat", batch=1, size=8, generator=generator())


def test_sides_that_differ_are_not_shown_by_the_mirror_image():
    objects = sample_objects(category="sofa", batch=12, generator=generator(), styles=["sectional sofa"])
    views = render(objects, Camera.usual(torch.tensor([[40.0, -40.0]]).expand(12, 2), torch.zeros(12, 2)), size=64)
    _, visible, object_ = views.flow(1, 0, mirrored=True)
    assert not objects.symmetric.any()
    assert (visible * object_).sum() == 0


def test_tables_look_the_same_from_as_many_sides_as_they_say() -> None:
    objects = light_evenly(sample_objects(category="table", batch=40, generator=generator(2)))
    azimuth = 30 + torch.stack([torch.zeros(40), 360 / objects.folds, torch.full((40,), 180.0)], 1)
    views = render(objects, Camera.usual(azimuth, torch.full((40, 3), 15.0)), size=64)
    first, turned, back = (torch.cat([views.mask[:, n], views.depth(n)], 1) for n in range(3))
    assert set(objects.folds.tolist()) == {1, 2, 4, 360}
    assert (turned - first).abs().mean((1, 2, 3)).max() < 0.01
    assert (back - first).abs().mean((1, 2, 3))[objects.folds == 1].min() > 0.01
