"""Crops that the keypoint network is trained on."""

from dataclasses import replace

import pytest
import torch
from torch import Generator, Tensor

from pipelines.training.keypoints.crops import followed
from pipelines.training.keypoints.data import draw_crops
from tests.helpers.training_runs import TINY_CROPS


@pytest.fixture(scope="module")
def crops() -> tuple[Tensor, Tensor]:
    return draw_crops(TINY_CROPS, 8, Generator().manual_seed(4))


def test_crops_are_images_with_joints(crops: tuple[Tensor, Tensor]) -> None:
    images, keypoints = crops
    assert images.shape == (8, 3, 64, 64)
    assert images.isfinite().all()
    assert images.min() >= -1
    assert images.max() <= 1
    assert keypoints.shape == (8, 17, 3)
    assert set(keypoints[..., 2].unique().tolist()) <= {0.0, 0.5, 1.0}
    inside = ((keypoints[..., :2] > -0.5) & (keypoints[..., :2] < 63.5)).all(-1)
    assert torch.equal(keypoints[..., 2] > 0, inside)
    assert inside.float().mean() > 0.6


def test_crops_without_a_person_have_no_joints() -> None:
    config = replace(TINY_CROPS, nobody=0.5, beside=0.0, before=0.0, clutter=0.0, occluder=0.0, worn=0.0)
    images, keypoints = draw_crops(config, 8, Generator().manual_seed(6))
    assert (keypoints[..., 2] == 0).all(1).sum() == 4
    assert images.isfinite().all()


def test_a_followed_person_fills_the_crop() -> None:
    _, keypoints = draw_crops(followed(TINY_CROPS), 8, Generator().manual_seed(7))
    extent = (keypoints[..., :2].amax(1) - keypoints[..., :2].amin(1)).amax(1)
    assert (extent > 0.5 * TINY_CROPS.size).all()
    assert (keypoints[..., 2] > 0).float().mean() > 0.9
