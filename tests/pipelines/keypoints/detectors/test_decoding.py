"""Left and right decided together, on painted heat maps."""

import numpy as np
import torch
from torch import Tensor

from pipelines.keypoints.detectors.decoding import body_height, decode_pairs
from pipelines.keypoints.layouts import COCO17_FLIP
from tests.helpers.heatmaps import decode_heatmaps
from tests.helpers.poses import make_standing_pose

POSE = make_standing_pose(30, 2)
WRISTS, ANKLES = (9, 10), (15, 16)


def _maps(pose: np.ndarray) -> Tensor:
    """Heat maps [17, 64, 64] of 0..0.95 with one peak per joint."""
    cells = 4 * torch.arange(64) + 1.5
    x, y = torch.from_numpy(pose[:, 0]), torch.from_numpy(pose[:, 1])
    gap = (cells - x[:, None])[:, None, :] ** 2 + (cells - y[:, None])[:, :, None] ** 2
    return 0.95 * torch.exp(-gap / 72)


def _mixed(pair: tuple[int, int], left: float, right: float) -> Tensor:
    """Maps of POSE where those of a pair are unsure: share `left` of the left joint's is where the right one is."""
    maps = _maps(POSE)
    first, second = maps[pair[0]].clone(), maps[pair[1]].clone()
    maps[pair[0]] = (1 - left) * first + left * second
    maps[pair[1]] = (1 - right) * second + right * first
    return maps


def _logits(*maps: Tensor) -> Tensor:
    return torch.logit(torch.stack(maps).clamp(1e-5, 1 - 1e-5))


def test_sure_maps_are_read_as_they_are() -> None:
    logits = _logits(_maps(POSE), _maps(POSE + np.array((20, 5, 0), np.float32)))
    np.testing.assert_allclose(decode_pairs(logits), decode_heatmaps(logits).numpy(), atol=1e-5)
    np.testing.assert_allclose(decode_pairs(logits)[0, :, :2], POSE[:, :2], atol=0.3)


def test_forearms_do_not_cross_the_body_where_the_maps_are_unsure() -> None:
    logits = _logits(_mixed(WRISTS, 0.55, 0.55))
    exchanged = decode_heatmaps(logits).numpy()[0]
    assert np.linalg.norm(exchanged[9, :2] - POSE[10, :2]) < 1
    pose = decode_pairs(logits)[0]
    np.testing.assert_allclose(pose[:, :2], POSE[:, :2], atol=0.6)
    assert pose[9, 2] > 0.45


def test_two_ankles_stand_on_two_feet() -> None:
    logits = _logits(_mixed(ANKLES, 0.55, 0.35))
    same = decode_heatmaps(logits).numpy()[0]
    assert np.linalg.norm(same[15] - same[16]) < 1
    np.testing.assert_allclose(decode_pairs(logits)[0, :, :2], POSE[:, :2], atol=0.6)


def test_joints_one_behind_the_other_stay_on_one_spot() -> None:
    profile = POSE.copy()
    profile[5:, 0] = profile[5:, 0].mean()
    pose = decode_pairs(_logits(_maps(profile)))[0]
    np.testing.assert_allclose(pose[:, :2], profile[:, :2], atol=0.3)


def test_a_tie_is_broken_by_the_frame_before() -> None:
    even = _maps(POSE)
    even[5:] = (even[5:] + even[list(COCO17_FLIP)][5:]) / 2
    behind = POSE[list(COCO17_FLIP)]
    poses = decode_pairs(_logits(even, even), np.stack([POSE, behind]))
    np.testing.assert_allclose(poses[0, 5:, :2], POSE[5:, :2], atol=0.6)
    np.testing.assert_allclose(poses[1, 5:, :2], behind[5:, :2], atol=0.6)


def test_shoulders_and_hips_agree() -> None:
    twisted = _mixed((11, 12), 0.55, 0.55)
    pose = decode_pairs(_logits(twisted))[0]
    assert pose[11, 0] > pose[12, 0]


def test_body_height_is_that_of_a_standing_person_however_it_sits() -> None:
    sitting = POSE.copy()
    sitting[13:, 1] = sitting[11, 1] + 10
    assert 0.9 < body_height(sitting) / body_height(POSE) < 1.4
    assert 200 < body_height(POSE) < 290


def test_empty_maps_give_finite_poses() -> None:
    poses = decode_pairs(torch.full((2, 17, 64, 64), -9.0))
    assert np.isfinite(poses).all()
    assert (poses[..., 2] < 0.01).all()
