"""Training data of the motion network."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.keypoints.following_square import fit_square
from pipelines.keypoints.refinement import map_track
from pipelines.keypoints.tracking import CONFIDENT, fill_gaps
from pipelines.training.motion.data import Recipe, Windows, draw_windows
from pipelines.training.motion.detector_noise import DetectorErrors
from pipelines.training.motion.filming import film_people

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})
LIMBS = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]


def draw(errors: DetectorErrors = PERFECT, batch: int = 48, length: int = 100) -> Windows:
    return draw_windows(Recipe(errors=errors), batch, length, torch.Generator().manual_seed(0))


def test_shapes_and_ranges() -> None:
    windows = draw(DetectorErrors())
    assert windows.points.shape == windows.truth.shape == (48, 100, 17, 2)
    assert windows.confidence.shape == (48, 100, 17)
    assert torch.isfinite(windows.points).all()
    assert (windows.truth[windows.inside].abs() > 1).float().mean() < 0.05  # people are inside their square
    assert windows.confidence.min() == 0
    assert windows.confidence.max() <= 1
    assert (windows.points[windows.confidence == 0] == 0).all()


def test_perfect_detections_are_the_truth() -> None:
    windows = draw()
    mapped, _ = map_track(windows.points, windows.confidence)
    sure = (windows.confidence[..., 5:] >= CONFIDENT).all(-1)
    error = (mapped - windows.truth)[..., LIMBS, :].norm(dim=-1)[sure]
    assert error.max() < 1e-5
    assert sure.float().mean() > 0.6


def test_frame_rates_from_slow_to_fast() -> None:
    film = film_people(64, 40, torch.Generator().manual_seed(0), slowest=5.0, fastest=240.0)
    coco, rate = film.coco, film.rate
    assert 5 <= rate.min() < 8
    assert 150 < rate.max() <= 240
    speed = coco.diff(dim=1).norm(dim=-1).mean((1, 2)) * rate  # metres per second
    per_frame = coco.diff(dim=1).norm(dim=-1).mean((1, 2))
    assert per_frame[rate < 10].mean() > 5 * per_frame[rate > 100].mean()
    assert 0.3 < speed[rate < 10].median() / speed[rate > 100].median() < 3


def test_gaps_are_filled_as_in_use() -> None:
    errors = dataclasses.replace(PERFECT, lost_clips=1.0, loss_rate=0.6)
    windows = draw(errors, length=60)
    off, gaps = [], 0
    for points, confidence, inside in zip(windows.points, windows.confidence, windows.inside, strict=True):
        seen = confidence >= CONFIDENT
        known = (seen[:1] & seen[-1:])[0]  # of other joints the data may know what is beyond the window
        if not inside.all() or not known.any():
            continue
        track = np.where(seen[..., None], torch.cat([points, confidence[..., None]], -1), 0)
        filled = fill_gaps(track)[0][:, known.numpy()]
        np.testing.assert_allclose(confidence[:, known], filled[..., 2], atol=1e-6)
        off.append(np.abs(points[:, known].numpy() - filled[..., :2]).max())
        gaps += int((~seen[:, known]).sum())
    assert gaps > 50
    assert np.median(off) < 1e-5  # where the square follows the person, a straight line is none in its coordinates
    assert max(off) < 0.1  # of somersaults


def test_the_square_is_that_of_use() -> None:
    """People fill the same share of the square as `fit_square` gives them, most of the time."""
    windows = draw(batch=96)
    shares = []
    for points, confidence, inside in zip(windows.points, windows.confidence, windows.inside, strict=True):
        if inside.all() and (confidence > 0).all():
            track = torch.cat([points + 10, confidence[..., None]], -1).numpy()
            shares.append(fit_square(track).side / 2)  # 1 where both agree
    assert 0.8 < np.median(shares) < 1.05
    assert np.ptp(shares) > 0.2


@pytest.mark.parametrize("end", [0, -1], ids=["start", "end"])
def test_some_windows_hold_an_end_of_their_clip(end: int) -> None:
    windows = draw()
    cut = ~windows.inside[:, end]
    assert 0.15 < cut.float().mean() < 0.6
    assert (windows.confidence[~windows.inside] == 0).all()
    assert windows.inside[:, 50].float().mean() > 0.95


def test_clips_that_hardly_show_anybody_are_none() -> None:
    windows = draw(dataclasses.replace(PERFECT, lost_clips=1.0, loss_rate=7.0))
    found = (windows.confidence >= CONFIDENT).any(-1).float()
    used = windows.inside.any(1)
    assert 0.1 < used.float().mean() < 0.9
    share = (found * windows.inside).sum(1) / windows.inside.sum(1).clamp(min=1)
    assert share[used].min() > 0.1
    assert found[~used].mean() < 0.1
