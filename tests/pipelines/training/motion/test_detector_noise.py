"""The errors of detectors that training puts on true joints."""

import dataclasses

import pytest
import torch

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.training.motion.detector_noise import DetectorErrors, detect

CUT = 0.6  # y of the lower border of clips that it cuts off: below the hips
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


def run(truth: torch.Tensor, fps: float = 25.0, **errors: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Points and confidences with nothing but these errors."""
    changed = dataclasses.replace(PERFECT, **errors)
    return detect(truth, torch.full((64,), CUT), torch.full((64,), fps), torch.Generator().manual_seed(0), changed)


def test_no_errors_when_all_are_off(truth):
    points, confidence = run(truth)
    assert torch.equal(points, truth[..., :2])
    assert (confidence >= CONFIDENT).all()


def test_from_behind_the_face_is_lost(truth):
    _, confidence = run(truth * torch.tensor([-1.0, 1.0, -1.0]))
    found = confidence >= CONFIDENT
    assert found[:, :, 5:].all()
    assert 0.3 < found[:, :, 0].float().mean() < 0.55


def test_noise_scales_with_the_body(truth):
    noise = {"jitter": 0.01, "drift": 0.01, "bias": 0.01}
    small, large = (run(truth * scale, **noise)[0] / scale - truth[..., :2] for scale in (1.0, 50.0))
    assert torch.allclose(small, large, atol=1e-4)
    spread = small.std((0, 1, 3))
    assert spread[9] > 1.3 * spread[0]  # wrists more than the nose
    assert 0.005 < spread.mean() < 0.05


def test_jitter_grows_with_distance(truth):
    shrinking = torch.linspace(2.0, 0.5, 60)[None, :, None, None]
    error = (run(truth * shrinking, jitter=0.01)[0] - truth[..., :2] * shrinking) / shrinking[..., :1]
    assert error[:, 45:].std() > 2 * error[:, :15].std()


@pytest.mark.parametrize(
    ("kind", "rate", "low", "high"),
    [("jitter", 25, -0.2, 0.2), ("jitter", 240, 0.1, 0.99), ("drift", 25, 0.7, 1.0), ("bias", 25, 0.99, 1.01)],
)
def test_how_fast_errors_change(truth, kind, rate, low, high):
    error = run(truth, rate, **{kind: 0.01})[0] - truth[..., :2]
    correlation = (error[:, 1:] * error[:, :-1]).mean() / error.square().mean()
    assert low < correlation < high


@pytest.mark.parametrize("rate", [8.0, 25.0, 100.0])
def test_swaps_come_in_runs_and_exchange_sides(truth, rate):
    points, _ = run(truth, rate, swapped_clips=1.0, swap_rate=0.4)
    moved = (points - truth[..., :2]).abs().amax(-1) > 1e-6  # [B, T, 17]
    swapped = torch.isclose(points, truth[:, :, list(COCO17_FLIP), :2]).all(-1)
    assert 0.02 < moved.float().mean() < 0.5
    assert swapped[moved].all()
    repeated = (moved[:, 1:] & moved[:, :-1]).float().sum() / moved[:, :-1].float().sum()
    assert repeated > (0.6 if rate >= 25 else 0.2)


@pytest.mark.parametrize(("kind", "value"), [("lost_clips", 1.0), ("blank_clips", 1.0)])
def test_lost_joints(truth, kind, value):
    points, confidence = run(truth, **({kind: value} | ({"loss_rate": 0.25} if kind == "lost_clips" else {})))
    found = confidence >= CONFIDENT
    assert torch.equal(points, truth[..., :2])
    assert 0.3 < found.float().mean() < 0.98
    if kind == "blank_clips":
        assert (found.all(-1) | ~found.any(-1)).all()


def test_the_border_cuts_off_what_is_beyond_or_draws_it_near(truth):
    points, confidence = run(truth, cut_clips=1.0)
    found = confidence >= CONFIDENT
    moved = (points - truth[..., :2]).abs().amax(-1) > 1e-6
    lost_clips, moved_clips = (~found).any(-1).any(-1), moved.any(-1).any(-1)
    assert not (lost_clips & moved_clips).any()
    assert 0.2 < lost_clips.float().mean() < 0.9
    assert 0.1 < moved_clips.float().mean() < 0.6
    inside = points[moved_clips]
    assert (inside.amax((1, 2)) <= truth[..., :2].amax((0, 1, 2)) + 1e-6).all()


def test_the_lower_border_cuts_people_off_where_it_is(truth):
    points, confidence = run(truth, truncated_clips=1.0)
    lost = confidence < CONFIDENT
    below = truth[..., 1] > CUT
    assert not lost[~below].any()
    assert torch.equal(points[lost], truth[..., :2][lost])
    pulled = below & ~lost
    assert (points[pulled][:, 1] - CUT).abs().max() < 1e-6
    assert 0.1 < pulled[:, 0, 15].float().mean() < 0.6
    _, some = run(truth, truncated_clips=0.5)
    assert 0.1 < (some[:, 0, 15] < CONFIDENT).float().mean() < 0.55


def test_outliers_are_rare_and_far(truth):
    points, _ = run(truth, outlier_rate=0.01)
    distance = (points - truth[..., :2]).norm(dim=-1)
    share = (distance > 0.02).float().mean()
    assert 0.005 < share < 0.08
    assert distance.amax() > 0.3


def test_some_detectors_notice_their_errors_and_some_are_sure(truth):
    points, confidence = run(truth, outlier_rate=0.05)
    wrong = (points - truth[..., :2]).norm(dim=-1) > 0.1
    assert confidence[wrong].mean() < confidence[~wrong].mean() - 0.03
    assert 0.2 < (confidence[wrong] > 0.9).float().mean() < 0.95
