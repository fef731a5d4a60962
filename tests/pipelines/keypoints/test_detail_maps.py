"""Maps of hands, feet and the order of limbs."""

import numpy as np
import pytest
import torch
from torch import Tensor

from models.joints import DETAIL_NAMES, DETAIL_POINTS, DETAILED_CHANNELS, STRUCTURE_CHANNELS
from pipelines.keypoints.detail_maps import DEPTH_UNIT, LIMB_RADIUS, detail_maps
from pipelines.keypoints.layouts import H36M17_LIMBS

POINTS = len(DETAIL_NAMES)
HANDS_KNOWN, FEET_KNOWN, DEPTH_KNOWN, ORDER = range(POINTS, POINTS + 4)
CROSS = ((0, 1), (2, 3))  # limbs that cross in (60, 40)


def draw(points: Tensor | None = None, depth: Tensor | None = None, *, scale: float = 1.0) -> Tensor:
    """Maps [16, 96, 160] of a pose of four joints; points: [1, 10, 2], of hands no others are known."""
    nothing = torch.full((1, POINTS, 2), torch.nan)
    joints = torch.tensor([[(20.0, 40.0), (100.0, 40.0), (60.0, 10.0), (60.0, 70.0)]])
    depth = torch.full((1, 4), torch.nan) if depth is None else depth
    points = nothing if points is None else points
    return detail_maps(add_hands(points), joints, depth, CROSS, height=96, width=160, scale=scale)[0]


def add_hands(points: Tensor, hands: float = torch.nan) -> Tensor:
    """[N, 52, 2] of points [N, 10, 2]."""
    return torch.cat([points, points.new_full((len(points), DETAIL_POINTS - POINTS, 2), hands)], 1)


def some_points() -> Tensor:
    torch.manual_seed(1)
    return torch.rand(1, POINTS, 2) * torch.tensor([120.0, 60.0]) + 16.25


def test_what_is_not_known_leaves_all_channels_empty() -> None:
    maps = draw()
    assert maps.shape == (DETAILED_CHANNELS - STRUCTURE_CHANNELS, 96, 160)
    assert not maps.any()


def test_points_are_where_their_heat_maps_are() -> None:
    points = some_points()
    heat = draw(points)[:POINTS].double()
    assert heat.amax((1, 2)).min() > 0.98
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(160.0), indexing="ij")
    centres = torch.stack([(heat * each).sum((1, 2)) / heat.sum((1, 2)) for each in (x, y)], -1)
    torch.testing.assert_close(centres, points[0].double(), atol=0.01, rtol=0)


@pytest.mark.parametrize(("known", "planes"), [((0,), (1, 0, 0)), ((9,), (0, 1, 0)), ((5, 6), (1, 1, 0))])
def test_planes_tell_which_groups_are_known(known: tuple[int, ...], planes: tuple[int, ...]) -> None:
    points = torch.full((1, POINTS, 2), torch.nan)
    points[:, list(known)] = 30.0
    maps = draw(points)
    for channel, value in zip((HANDS_KNOWN, FEET_KNOWN, DEPTH_KNOWN), planes, strict=True):
        assert (maps[channel] == value).all()
    assert maps[:POINTS].flatten(1).any(1).nonzero().flatten().tolist() == list(known)


@pytest.mark.parametrize("nearer", [0, 1])
def test_the_nearer_limb_is_in_front(nearer: int) -> None:
    depths = torch.tensor([[-10.0, -10.0, 20.0, 20.0]]).roll(2 * nearer, 1)
    order = draw(depth=depths)[ORDER]
    near, far = np.tanh(10 / DEPTH_UNIT), -np.tanh(20 / DEPTH_UNIT)
    assert order[40, 60] == pytest.approx(near)
    limbs = order[40, 30], order[20, 60]
    assert limbs[nearer] == pytest.approx(near)
    assert limbs[1 - nearer] == pytest.approx(far)
    assert order[0, 0] == 0
    assert (order[:, 60] != 0).sum() == pytest.approx(60 + 2 * LIMB_RADIUS, abs=1.5)


def test_depth_changes_along_a_limb() -> None:
    order = draw(depth=torch.tensor([[-64.0, 64.0, torch.nan, 0.0]]))[ORDER]
    expected = np.tanh(np.linspace(1, -1, 81))
    np.testing.assert_allclose(order[40, 20:101], expected, atol=1e-6)
    assert order[60, 60] == 0, "a limb with one unknown end is not drawn"


def test_a_scaled_canvas_shows_the_same() -> None:
    """As a map of 256 pixels resized, pixel centres at integers."""
    torch.manual_seed(2)
    points, joints = some_points(), torch.rand(1, 17, 2) * torch.tensor([150.0, 90.0])
    depth = 40 * torch.randn(1, 17)
    points = add_hands(points, 50.0)
    points[:, POINTS:] += 8 * torch.rand(1, DETAIL_POINTS - POINTS, 2)
    small = detail_maps(points, joints, depth, limbs=H36M17_LIMBS, height=96, width=160)
    larger = detail_maps(
        3 * points + 1, 3 * joints + 1, 3 * depth, limbs=H36M17_LIMBS, height=288, width=480, scale=3.0
    )
    sampled = larger[..., 1::3, 1::3]
    assert small[:, ORDER + 1 :].flatten(2).amax(2).min() > 0.9
    for same in (slice(0, ORDER), slice(ORDER + 1, None)):
        torch.testing.assert_close(sampled[:, same], small[:, same], atol=1e-4, rtol=0)
    assert ((sampled[:, ORDER] - small[:, ORDER]).abs() < 1e-4).float().mean() > 0.998  # but for edges of limbs


def test_a_batch_is_drawn_like_each_of_its_poses() -> None:
    torch.manual_seed(3)
    points, joints, depth = (
        torch.rand(4, DETAIL_POINTS, 2) * 90,
        torch.rand(4, 17, 2) * 200 - 50,
        40 * torch.randn(4, 17),
    )
    points[1, :6], depth[2, 3], depth[3] = torch.nan, torch.nan, torch.nan
    maps = detail_maps(points, joints, depth, limbs=H36M17_LIMBS, height=64, width=96)
    for number in range(4):
        one = (each[number : number + 1] for each in (points, joints, depth))
        torch.testing.assert_close(maps[number], detail_maps(*one, limbs=H36M17_LIMBS, height=64, width=96)[0])
