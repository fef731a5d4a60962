"""The bundled motion network: what was seen well stays, at any frame rate; gaps, outliers and swaps are repaired.

Errors are in parts of the height from the shoulders to the ankles.
"""

import numpy as np
import pytest
import torch

from pipelines.generation.networks import load_pose_cleaner
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.layouts import COCO17_BODY_IN_H36M17, COCO17_FLIP
from pipelines.keypoints.tracking import fill_gaps
from pipelines.synthetic.motion.arm_actions import dance_arms
from pipelines.synthetic.motion.athletic_actions import ATHLETIC_ACTIONS, crouch, floor_work, high_kick
from pipelines.synthetic.motion.leg_actions import squat, walk
from pipelines.synthetic.motion.timeline import Action
from tests.helpers.poses import act

LIMBS = sorted(COCO17_BODY_IN_H36M17)
HEIGHT = 200.0  # of standard adults as `act` shows them, pixels from the shoulders to the ankles
LEFT_WRIST, H36M_LEFT_WRIST = 9, 13
GAP = slice(44, 56)  # frames


@pytest.fixture(scope="module")
def cleaner() -> PoseCleaner:
    return load_pose_cleaner("motion", torch.device("cpu"))


def detect(joints: np.ndarray, *, jitter: float = 0.5) -> np.ndarray:
    """Joints [T, 17, 2] as a good detector finds them [T, 17, 3]; jitter: standard deviation in pixels."""
    noise = np.random.default_rng(0).normal(0, jitter, joints.shape)
    return np.concatenate((joints + noise, np.full((*joints.shape[:2], 1), 0.9)), -1).astype(np.float32)


def clean(cleaner: PoseCleaner, track: np.ndarray, truth: np.ndarray, rate: float = 25.0) -> np.ndarray:
    """Errors [T, 17] of a cleaned track."""
    return np.linalg.norm(cleaner(track, size=(600, 600), rate=rate)[..., :2] - truth, axis=-1) / HEIGHT


@pytest.mark.parametrize("rate", [5.0, 8.0, 12.0, 25.0, 60.0, 240.0])
@pytest.mark.parametrize("action", [*ATHLETIC_ACTIONS, squat, walk], ids=lambda action: action.__name__)
def test_a_sure_pose_stays(action: Action, rate: float, cleaner: PoseCleaner) -> None:
    coco, truth = act(action, rate=rate, seconds=min(4.0, 120 / rate), count=3)
    pairs = zip(coco, truth, strict=True)
    errors = np.concatenate([clean(cleaner, detect(joints), true, rate) for joints, true in pairs])
    assert errors[:, LIMBS].mean() < 0.008
    assert np.percentile(errors[:, LIMBS], 98) < 0.03
    assert errors.mean() < 0.01


def test_a_squat_at_8_frames_a_second_stays_as_low(cleaner: PoseCleaner) -> None:
    coco, truth = act(squat, rate=8.0, seconds=6.0, count=6)
    for joints, true in zip(coco, truth, strict=True):
        cleaned = cleaner(detect(joints), size=(600, 600), rate=8.0)
        low, stand = true[:, 0, 1].argmax(), true[:, 0, 1].argmin()
        assert true[low, 0, 1] - true[stand, 0, 1] > 0.1 * HEIGHT
        assert abs(cleaned[low, 0, 1] - true[low, 0, 1]) < 0.02 * HEIGHT
        assert np.linalg.norm(cleaned[low, LIMBS, :2] - true[low, LIMBS], axis=-1).max() < 0.025 * HEIGHT


@pytest.mark.parametrize("action", [crouch, high_kick, floor_work], ids=lambda action: action.__name__)
def test_jitter_is_smoothed(action: Action, cleaner: PoseCleaner) -> None:
    coco, truth = act(action, rate=60.0, seconds=2.0, count=1)
    track = detect(coco[0], jitter=2.0)
    cleaned = cleaner(track, size=(600, 600), rate=60.0)[..., :2]
    bends = [np.linalg.norm(np.diff(each[:, LIMBS], 2, axis=0), axis=-1).mean() for each in (cleaned, truth[0])]
    noisy = np.linalg.norm(np.diff(track[:, 5:, :2], 2, axis=0), axis=-1).mean()
    assert bends[0] < bends[1] + 0.3 * (noisy - bends[1])


def test_a_gap_is_filled_better_than_by_a_line(cleaner: PoseCleaner) -> None:
    coco, truth = act(dance_arms, rate=25.0, seconds=4.0, count=6)
    errors, lines = [], []
    for joints, true in zip(coco, truth, strict=True):
        track = detect(joints)
        track[GAP, LEFT_WRIST] = 0
        filled, _ = fill_gaps(track)
        lines.append(np.linalg.norm(filled[..., :2] - joints, axis=-1)[GAP, LEFT_WRIST] / HEIGHT)
        errors.append(clean(cleaner, filled, true)[GAP, H36M_LEFT_WRIST])
    assert np.mean(lines) > 0.05
    assert np.mean(errors) < 0.8 * np.mean(lines)


def test_an_outlier_is_repaired_though_the_detector_was_sure(cleaner: PoseCleaner) -> None:
    coco, truth = act(walk, rate=25.0, seconds=3.0, count=4)
    for joints, true in zip(coco, truth, strict=True):
        track = detect(joints)
        track[30, LEFT_WRIST, :2] += (60, -90)
        errors = clean(cleaner, track, true)
        assert errors[30, H36M_LEFT_WRIST] < 0.08
        assert errors[:, LIMBS].mean() < 0.01


def test_swapped_sides_are_put_right(cleaner: PoseCleaner) -> None:
    coco, truth = act(squat, rate=25.0, seconds=3.0, count=4)
    for joints, true in zip(coco, truth, strict=True):
        track = detect(joints)
        track[30:35] = track[30:35, list(COCO17_FLIP)]
        errors = clean(cleaner, track, true)
        assert errors[30:35][:, LIMBS].mean() < 0.05


def test_legs_out_of_the_picture_are_placed_below_the_hips(cleaner: PoseCleaner) -> None:
    coco, truth = act(walk, rate=25.0, seconds=2.0, count=1)
    track = detect(coco[0])
    track[:, 13:] = 0
    cleaned = cleaner(track, size=(600, 600), rate=25.0)
    for hip, knee, foot in ((1, 2, 3), (4, 5, 6)):
        assert (cleaned[:, knee, 1] > cleaned[:, hip, 1] + 0.15 * HEIGHT).all()
        assert (cleaned[:, foot, 1] > cleaned[:, knee, 1] + 0.15 * HEIGHT).all()
    assert clean(cleaner, track, truth[0])[:, [2, 3, 5, 6]].mean() < 0.15
