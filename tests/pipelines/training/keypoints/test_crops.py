"""Crops that the keypoint network is trained on."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from pipelines.training.keypoints.crops import Crops
from pipelines.training.keypoints.data import draw_crops
from pipelines.training.keypoints.framing import detector_crops
from tests.helpers.training_runs import TINY_CROPS

LEGS, ANKLES = slice(13, 17), slice(15, 17)
CUT_OFF = replace(
    TINY_CROPS, framing=(0.0, 0.0, 0.0, 1.0), nobody=0.0, before=0.0, occluder=0.0, framed=0.0, worn=0.0, restyled=0.0,
    athletic=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def crops() -> Crops:
    return draw_crops(TINY_CROPS, 8, Generator().manual_seed(4))


def test_crops_are_images_with_joints(crops: Crops) -> None:
    images, keypoints, mask = crops
    assert images.shape == (8, 3, 64, 64)
    assert images.isfinite().all()
    assert images.min() >= -1
    assert images.max() <= 1
    assert keypoints.shape == (8, 17, 3)
    assert set(keypoints[..., 2].unique().tolist()) <= {0.0, 0.5, 1.0}
    inside = ((keypoints[..., :2] > -0.5) & (keypoints[..., :2] < 63.5)).all(-1)
    assert inside[keypoints[..., 2] > 0].all()
    assert inside.float().mean() > 0.55
    assert mask.shape == (8, 1, 64, 64)
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_visible_joints_are_on_the_mask() -> None:
    config = replace(TINY_CROPS, nobody=0.0)
    _, keypoints, mask = draw_crops(config, 16, Generator().manual_seed(4))
    torso = keypoints[:, (5, 6, 11, 12)]
    seen = torso[..., 2] == 1
    x, y = torso[..., :2].round().long().clamp(0, 63).unbind(-1)
    assert mask[torch.arange(16)[:, None], 0, y, x][seen].mean() > 0.9


def test_things_in_front_are_cut_out_of_the_mask() -> None:
    bare = replace(TINY_CROPS, nobody=0.0, before=0.0, occluder=0.0)
    crowded = replace(bare, before=0.9, occluder=0.9)
    free, hidden = (draw_crops(config, 16, Generator().manual_seed(4)).mask.mean() for config in (bare, crowded))
    assert hidden < 0.95 * free


def test_people_are_cut_off_by_the_edge_of_the_picture() -> None:
    """Below it are no joints, no mask, and the grey in which detectors put a picture that is smaller than a crop."""
    config = replace(CUT_OFF, cut=(0.0, 1.0, 0.0))
    images, keypoints, mask = draw_crops(config, 12, Generator().manual_seed(2))
    grey = (images == 0).all(1).all(2)  # [B, H]
    rows = grey.sum(1)
    assert (rows > 0).float().mean() > 0.7
    assert torch.equal(grey, torch.arange(64) >= 64 - rows[:, None])
    assert (mask[:, 0].amax(2) * grey == 0).all()
    beyond = keypoints[..., 1] > 64 - rows[:, None]
    assert beyond[:, ANKLES].float().mean() > 0.9  # a foot that is raised may be above the edge
    assert (keypoints[..., 2][beyond] == 0).all()
    assert (keypoints[:, :5, 2] > 0).float().mean() > 0.8


def test_people_are_cut_off_by_furniture() -> None:
    """What is hidden behind it is still known, what is beyond the edge of the crop is not."""
    by_furniture, by_crop = (
        draw_crops(replace(CUT_OFF, cut=cut), 12, Generator().manual_seed(2)).keypoints[:, LEGS, 2]
        for cut in ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
    )
    assert (by_furniture == 0.5).float().mean() > 0.25
    assert (by_furniture[:, 2:] == 1).float().mean() < 0.1
    assert (by_crop[:, 2:] == 0).float().mean() > 0.9  # a foot that is raised may be inside


def test_crops_without_a_person_have_no_joints() -> None:
    config = replace(TINY_CROPS, nobody=0.5, beside=0.0, before=0.0, clutter=0.0, occluder=0.0, worn=0.0)
    images, keypoints, mask = draw_crops(config, 8, Generator().manual_seed(6))
    assert (keypoints[..., 2] == 0).all(1).sum() == 4
    assert (mask.flatten(1).amax(1) == 0).sum() == 4
    assert images.isfinite().all()


def test_a_followed_person_fills_the_crop() -> None:
    keypoints = draw_crops(detector_crops(TINY_CROPS), 8, Generator().manual_seed(7)).keypoints
    extent = (keypoints[..., :2].amax(1) - keypoints[..., :2].amin(1)).amax(1)
    assert (extent > 0.5 * TINY_CROPS.size).all()
    assert (keypoints[..., 2] > 0).float().mean() > 0.9
