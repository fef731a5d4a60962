import dataclasses

import pytest
import torch

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.motion.detector_noise import DetectorErrors, detect

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})


@pytest.fixture(scope="module")
def truth() -> torch.Tensor:
    """[64, 60, 17, 3] a person who stands before the camera, in units of the body's height."""
    across = torch.tensor(
        [0, 0.02, -0.02, 0.04, -0.04, 0.11, -0.11, 0.13, -0.13, 0.14, -0.14, 0.06, -0.06] + [0.06, -0.06] * 2
    )
    down = torch.tensor([0.08, 0.06, 0.06, 0.08, 0.08, 0.2, 0.2, 0.37, 0.37, 0.52, 0.52, 0.5, 0.5, 0.75, 0.75, 1, 1])
    near = torch.tensor([0.09, 0.07, 0.07] + [0.0] * 14)
    return torch.stack([across, down, near], -1).expand(64, 60, 17, 3)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_no_errors_when_all_are_off(truth):
    points, found = detect(truth, generator(), PERFECT)
    assert torch.equal(points, truth[..., :2])
    assert found.all()


def test_from_behind_the_face_is_lost(truth):
    behind = truth * torch.tensor([-1.0, 1.0, -1.0])
    _, found = detect(behind, generator(), PERFECT)
    assert found[:, :, 5:].all()
    assert 0.3 < found[:, :, 0].float().mean() < 0.5


def test_noise_scales_with_the_body(truth):
    errors = dataclasses.replace(PERFECT, jitter=0.01, drift=0.01, bias=0.01)
    small, large = (detect(truth * scale, generator(), errors)[0] / scale - truth[..., :2] for scale in (1.0, 50.0))
    assert torch.allclose(small, large, atol=1e-4)
    spread = small.std((0, 1, 3))
    assert spread[9] > 1.3 * spread[0]  # wrists more than the nose
    assert 0.005 < spread.mean() < 0.05


def test_drift_is_slower_than_jitter(truth):
    for kind, low, high in (("jitter", -0.2, 0.2), ("drift", 0.7, 1.0), ("bias", 0.99, 1.01)):
        points, _ = detect(truth, generator(), dataclasses.replace(PERFECT, **{kind: 0.01}))
        error = points - truth[..., :2]
        correlation = (error[:, 1:] * error[:, :-1]).mean() / error.square().mean()
        assert low < correlation < high


def test_swaps_come_in_runs_and_exchange_sides(truth):
    points, _ = detect(truth, generator(), dataclasses.replace(PERFECT, swapped_clips=1.0, swap_rate=0.015))
    moved = (points - truth[..., :2]).abs().amax(-1) > 1e-6  # [B, T, 17]
    swapped = torch.isclose(points, truth[:, :, list(COCO17_FLIP), :2]).all(-1)
    assert 0.02 < moved.float().mean() < 0.5
    assert swapped[moved].all()
    repeated = (moved[:, 1:] & moved[:, :-1]).float().sum() / moved[:, :-1].float().sum()
    assert repeated > 0.6


@pytest.mark.parametrize(("kind", "value"), [("lost_clips", 1.0), ("blank_clips", 1.0), ("cut_clips", 1.0)])
def test_lost_joints(truth, kind, value):
    changes = {kind: value} | ({"loss_rate": 0.01} if kind == "lost_clips" else {})
    points, found = detect(truth, generator(), dataclasses.replace(PERFECT, **changes))
    assert torch.equal(points, truth[..., :2])
    assert 0.3 < found.float().mean() < 0.98
    if kind == "blank_clips":
        assert (found.all(-1) | ~found.any(-1)).all()
    if kind == "cut_clips":
        assert (found[:, :, 5] | ~found[:, :, 15]).all()  # who lacks the shoulders lacks the feet


def test_outliers_are_rare_and_far(truth):
    points, _ = detect(truth, generator(), dataclasses.replace(PERFECT, outlier_rate=0.01))
    distance = (points - truth[..., :2]).norm(dim=-1)
    share = (distance > 0.02).float().mean()
    assert 0.005 < share < 0.08
    assert distance.amax() > 0.3
