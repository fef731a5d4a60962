"""Placement and degradation of training images."""

import math

import pytest
import torch

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.data.augmentation import degrade, place, swap_sides


def spots(points, size=64):
    """Images [B, 1, size, size] with a soft dot at points [B, 2]."""
    axis = torch.arange(size)
    distance = (axis - points[:, :1]).square()[:, None, :] + (axis - points[:, 1:]).square()[:, :, None]
    return torch.exp(-distance / 18)[:, None]


def centroid(images):
    weights = images[:, 0] / images[:, 0].sum((-2, -1), keepdim=True)
    axis = torch.arange(images.shape[-1])
    return torch.stack([(weights.sum(1) * axis).sum(1), (weights.sum(2) * axis).sum(1)], 1)


@pytest.mark.parametrize(("scale", "angle", "mirrored"), [(1.0, 0.0, True), (0.6, 0.5, False), (1.4, -0.3, True)])
def test_images_and_points_move_together(scale, angle, mirrored):
    points = torch.tensor([[30.0, 24.0], [36.0, 40.0]])
    ones = torch.ones(2)
    placement = place(
        scale * ones, angle * ones, torch.tensor([mirrored] * 2), torch.full((2, 2), 32.0), torch.full((2, 2), 46.0)
    )
    moved = placement.points(points[:, None])[:, 0]
    warped = placement.warp(spots(points), 96)
    torch.testing.assert_close(centroid(warped), moved, atol=0.15, rtol=0)


def test_a_turn_is_clockwise_on_the_screen_and_mirroring_comes_first():
    placement = place(
        torch.ones(1), torch.tensor([math.pi / 2]), torch.tensor([False]), torch.zeros(1, 2), torch.zeros(1, 2)
    )
    torch.testing.assert_close(
        placement.points(torch.tensor([[[1.0, 0.0]]])), torch.tensor([[[0.0, 1.0]]]), atol=1e-6, rtol=0
    )


def test_sides_are_exchanged_only_where_mirrored():
    points = torch.arange(34.0).view(1, 17, 2).repeat(2, 1, 1)
    swapped = swap_sides(points, torch.tensor([False, True]), COCO17_FLIP)
    assert torch.equal(swapped[0], points[0])
    assert torch.equal(swapped[1, 5], points[1, 6])
    assert torch.equal(swapped[1, 0], points[1, 0])


def test_degraded_images_stay_images_and_keep_their_content():
    generator = torch.Generator().manual_seed(0)
    images = spots(torch.full((40, 2), 30.0), 52).repeat(1, 3, 1, 1) * 0.8 + 0.1
    degraded = degrade(images, generator)
    assert degraded.shape == images.shape
    assert degraded.min() >= 0
    assert degraded.max() <= 1
    middle, corner = degraded[..., 26:34, 26:34].mean((1, 2, 3)), degraded[..., :6, :6].mean((1, 2, 3))
    assert (middle > corner + 0.1).all()
    assert (degraded.amax(1) - degraded.amin(1)).mean((1, 2)).min() < 0.05


def test_same_seed_same_degradation():
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    first, second = (degrade(images, torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(first, second)
