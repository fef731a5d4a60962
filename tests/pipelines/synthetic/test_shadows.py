"""Shadows on the floor and on the wall."""

import dataclasses

import torch

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.scene import sample_scene
from pipelines.synthetic.shadows import cast_shadows, find_floor

SIZE = 64
CONFIG = ClipConfig(height=SIZE, width=SIZE, length=4, texture_size=16, roll=0.0)


def darkened(floor: float, wall: float, shift: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """How much darker the background gets, [4, SIZE, SIZE], with a square as the person; and the ankles' pixels."""
    scene = sample_scene(CONFIG, batch=1, generator=torch.Generator().manual_seed(2))
    scene = dataclasses.replace(scene, shadow=torch.tensor([[floor, wall, shift]]))
    mask = torch.zeros(4, 1, SIZE, SIZE)
    mask[..., 24:40, 24:40] = 1
    dark = cast_shadows(scene, scene.frames, mask)
    assert dark.shape == (4, 1, SIZE, SIZE)
    ankles = scene.camera.project(scene.frames.origin[:, :, [7, 10]])[0]  # [4, 2, 2]
    return dark[:, 0], ankles


def test_without_strength_there_is_no_shadow():
    assert darkened(0.0, 0.0)[0].abs().max() == 0


def test_the_floor_is_darkest_under_the_feet_that_stand_on_it():
    dark, ankles = darkened(0.5, 0.0)
    floor = ankles[..., 1].max()
    for picture, points in zip(dark, ankles, strict=True):
        under = [picture[round(float(floor)) :, round(float(x))].max() for x, _ in points]
        heights = floor - points[:, 1]
        assert under[int(heights.argmin())] > 0.3
        assert all(value > 0.3 for value, height in zip(under, heights, strict=True) if height < 1)
        assert picture[: SIZE // 3].max() < 0.01
        rows, columns = (picture > 0.2).any(1).sum(), (picture > 0.2).any(0).sum()
        assert rows < columns, "the shadow is flat"


def test_a_raised_foot_has_a_weaker_shadow_that_stays_on_the_floor():
    scene = sample_scene(CONFIG, batch=1, generator=torch.Generator().manual_seed(2))
    scene = dataclasses.replace(scene, shadow=torch.tensor([[0.5, 0.0, 0.0]]))
    lifted = scene.frames.origin.clone()
    lifted[:, 0, [7, 10], 1] += 0.3
    frames = dataclasses.replace(scene.frames, origin=lifted)
    mask = torch.zeros(4, 1, SIZE, SIZE)
    before, after = (cast_shadows(scene, each, mask)[0, 0] for each in (scene.frames, frames))
    assert after.max() < 0.5 * before.max()
    rows = torch.arange(SIZE)
    assert abs((before.sum(1) * rows).sum() / before.sum() - (after.sum(1) * rows).sum() / after.sum()) < 1


def test_shoes_stand_on_the_floor_whatever_their_soles():
    config = dataclasses.replace(CONFIG, height=256, width=256, length=24)
    scene = sample_scene(config, batch=8, generator=torch.Generator().manual_seed(3))
    body = DressedBody.load()
    shoes = body.triangles[body.layer == LAYERS.index("shoe")].unique()[: 2 * 14 * 16]  # without the shafts of boots
    rows = scene.camera.project(body.pose(scene.dressed, scene.pose)[:, :, shoes])[..., 1]
    below = (rows.amax((1, 2)) - find_floor(scene)) / scene.camera.scale  # m that the lowest shoe goes into the floor
    assert below.abs().amax() < 0.02


def test_the_shadow_on_the_wall_is_shifted():
    x = torch.arange(SIZE)
    middles = []
    for shift in (0.0, 0.125):
        across = darkened(0.0, 0.5, shift)[0].sum((0, 1))
        middles.append((across * x).sum() / across.sum())
    assert abs(middles[0] - 31.5) < 0.5
    assert abs(middles[0] - middles[1] - 0.125 * SIZE) < 0.5
