"""Training data of the motion network."""

import dataclasses

import torch

from pipelines.keypoints.cleaning import encode
from pipelines.training.motion.data import Recipe, Windows, draw_windows, to_points, to_rows
from pipelines.training.motion.detector_noise import DetectorErrors

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})


def draw(errors: DetectorErrors = PERFECT, batch: int = 64, length: int = 104) -> Windows:
    return draw_windows(Recipe(errors=errors), batch, length, torch.Generator().manual_seed(0))


def test_shapes_and_ranges() -> None:
    windows = draw(DetectorErrors())
    assert windows.track.shape == windows.truth.shape == (64, 34, 104)
    assert torch.isfinite(windows.track).all()
    assert (windows.truth.abs() > 1).float().mean() < 0.05  # people are inside their canvas
    missing = ~windows.found.permute(0, 2, 1)  # [B, 17, T]
    blank = missing.all(1, keepdim=True)
    assert (windows.track[:, :17][missing & ~blank] == -1).all()
    assert set(windows.track[:, :17][missing & blank].unique().tolist()) <= {-1.0, 0.0}


def test_rows_and_points_are_each_others_inverse() -> None:
    points = torch.arange(2 * 3 * 4 * 2.0).view(2, 3, 4, 2)
    assert torch.equal(to_points(to_rows(points)), points)
    assert torch.equal(to_rows(points)[:, 0], points[:, :, 0, 1])  # y of the first joint


def test_track_and_truth_show_the_same_person() -> None:
    windows = draw()
    points = to_points(windows.track)[..., 9, :]  # COCO: left wrist
    truth = to_points(windows.truth)[..., 13, :]  # Human3.6M: left wrist
    assert torch.allclose(points, truth, atol=1e-5)
    y_down = windows.truth[:, 3] > windows.truth[:, 10]  # the right foot is below the crown
    assert y_down.float().mean() > 0.97


def test_the_track_is_encoded_as_the_cleaning_does() -> None:
    windows = draw(dataclasses.replace(PERFECT, lost_clips=1.0, loss_rate=0.01))
    side = 512.0
    pixels = (windows.points[0].double() + 1) * side / 2
    frames = torch.where(windows.found[0][..., None], pixels, 0.0).numpy()
    assert windows.found[0].any(-1).all()
    assert torch.allclose(torch.from_numpy(encode(frames, side)).float(), windows.track[0], atol=1e-5)


def test_some_windows_repeat_the_ends_of_their_clip() -> None:
    still = (draw().truth.diff(dim=2).abs().amax(1) == 0).float()  # [B, T - 1]
    assert 0.1 < (still[:, 0] > 0).float().mean() < 0.6
    assert 0.1 < (still[:, -1] > 0).float().mean() < 0.6
    assert (still[:, 50:54] > 0).float().mean() < 0.25
