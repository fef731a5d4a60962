"""Cameras of rendered objects."""

import pytest
import torch

from models.turning import Camera
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.cameras import NEAREST, sample_cameras


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_all_distances_elevations_and_scales_are_drawn() -> None:
    camera = sample_cameras(2000, 2, generator(), varied=1.0)
    distance = 1 / camera.nearness
    assert distance.min() == pytest.approx(NEAREST, abs=0.01)
    assert distance.isinf().float().mean() == pytest.approx(0.1, abs=0.02)
    assert (distance > 5).float().mean() > 0.2
    assert (camera.elevation.min(), camera.elevation.max()) == pytest.approx((-10, 40), abs=0.2)
    assert (camera.scale.min() < 0.7, camera.scale.max() > 0.9) == (True, True)


def test_views_of_an_object_share_what_they_should() -> None:
    same = sample_cameras(50, 3, generator(), turning=1.0)
    assert (same.stack()[:, :1, 1:] == same.stack()[..., 1:]).all()
    assert (same.azimuth[:, 0] != same.azimuth[:, 1]).all()
    assert not sample_cameras(50, 3, generator(), level=1.0).elevation.any()
    different = sample_cameras(50, 2, generator(), varied=1.0)
    assert ((different.stack()[:, 0] != different.stack()[:, 1]).sum(1) >= 3).all()  # two may be orthographic


def test_all_of_an_object_is_in_the_picture_of_the_nearest_and_largest() -> None:
    angles = torch.arange(12)[:, None] * 30.0
    nearness = torch.full_like(angles, 1 / NEAREST)
    camera = Camera(angles, torch.full_like(angles, 40.0), nearness, 0.96 * (1 - nearness.square() / 4).sqrt())
    objects = sample_objects(category="any", batch=12, generator=generator())
    mask = render(objects, camera, size=64).mask
    assert mask.amax((2, 3, 4)).min() > 0.9
    border = torch.cat([mask[..., [0, -1], :].flatten(), mask[..., [0, -1]].flatten()])
    assert (border == 0).all()
