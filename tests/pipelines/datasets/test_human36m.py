"""Human3.6M: windows against the tracks they come from."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import InputError
from pipelines.datasets.human36m import DETECTED_JOINTS, TRUE_JOINTS
from pipelines.datasets.registry import open_dataset
from tests.helpers.dataset_folders import write_human36m


def tracks(folder: Path, pattern: str) -> dict:
    """positions_2d: subject -> action -> cameras."""
    return np.load(next(folder.glob(pattern)), allow_pickle=True)["positions_2d"].item()


def rows(points: np.ndarray, first: int, count: int) -> np.ndarray:
    """[34, count]: frames from `first`, clamped to the track; y before x; 1000 pixels are -1..1."""
    frames = points[np.clip(np.arange(first, first + count), 0, len(points) - 1)] / 500 - 1  # [count, 17, 2]
    return np.concatenate((frames[..., 1].T, frames[..., 0].T))


def test_test_windows_cover_every_clip(folder_of) -> None:
    folder = folder_of("human36m")
    data, true, detected = (
        open_dataset("human36m", folder, "test"),
        tracks(folder, TRUE_JOINTS),
        tracks(folder, DETECTED_JOINTS),
    )
    assert len(data) == 2 * 2 * 2 * 3, "subjects, actions, cameras, windows in 60 frames"
    place = 0
    for subject in ("S9", "S11"):
        for action in true[subject]:
            for camera in range(2):
                for start in (0, 24, 36):
                    window, place = data[place], place + 1
                    expected = rows(true[subject][action][camera], start, 24)
                    np.testing.assert_allclose(window.true, expected, atol=1e-6)
                    expected = rows(detected[subject][action][camera], start - 40, 104)
                    np.testing.assert_allclose(window.detected, expected, atol=1e-6)


def test_training_scales_and_shifts_both_alike(folder_of) -> None:
    folder = folder_of("human36m")
    data, true, detected = (
        open_dataset("human36m", folder, "train"),
        tracks(folder, TRUE_JOINTS),
        tracks(folder, DETECTED_JOINTS),
    )
    assert len(data) == 5 * 2 * 2
    clip = true["S1"]["Walking"][0], detected["S1"]["Walking"][0]
    starts, scales, shifts = set(), [], []
    for epoch in range(60):
        data.set_epoch(epoch)
        window = data[0]
        start, scale, shift = _fit(window.true.numpy(), clip[0])
        again = rows(clip[1], start - 40, 104) * scale + shift.repeat(17)[:, None]
        np.testing.assert_allclose(window.detected, again, atol=1e-4)
        starts.add(start)
        scales.append(scale)
        shifts.append(shift)
    assert starts <= set(range(37))
    assert len(starts) > 20
    assert 1 <= min(scales) < 1.1 < 1.4 < max(scales) < 1.5
    low, high = np.min(shifts, 0), np.max(shifts, 0)
    assert (low >= -0.1).all() & (low < -0.07).all() & (high > 0.07).all() & (high <= 0.1).all()


def _fit(values: np.ndarray, points: np.ndarray) -> tuple[int, float, np.ndarray]:
    """Which start, scale and shift (y, x) give these values."""
    best = []
    for start in range(len(points) - 23):
        plain = rows(points, start, 24)
        design = np.zeros((plain.size, 3))
        design[:, 0], design[: plain.size // 2, 1], design[plain.size // 2 :, 2] = plain.ravel(), 1, 1
        solution, *_ = np.linalg.lstsq(design, values.ravel(), rcond=None)
        best.append((float(np.abs(design @ solution - values.ravel()).max()), start, solution))
    error, start, (scale, *shift) = min(best, key=lambda entry: entry[0])
    assert error < 1e-5
    return start, float(scale), np.array(shift)


def test_clips_of_different_lengths_are_dropped(tmp_path: Path) -> None:
    folder = write_human36m(tmp_path, subjects=("S1", "S9"), cameras=1, frames=200)
    true, detected = tracks(folder, TRUE_JOINTS), tracks(folder, DETECTED_JOINTS)
    true["S1"]["Walking"][0] = true["S1"]["Walking"][0][:-3]  # 1.5 %
    true["S9"]["Walking"][0] = true["S9"]["Walking"][0][:-1]  # 0.5 %
    del detected["S9"]["Sitting 1"]
    for name, values in ((TRUE_JOINTS, true), (DETECTED_JOINTS, detected)):
        np.savez(next(folder.glob(name)), positions_2d=np.array(values, object))
    assert len(open_dataset("human36m", folder, "train")) == 1
    data = open_dataset("human36m", folder, "test")
    assert len(data) == 9
    np.testing.assert_allclose(data[8].true, rows(true["S9"]["Walking"][0], 175, 24), atol=1e-6)


def test_a_folder_without_clips_of_the_phase_is_refused(tmp_path: Path) -> None:
    folder = write_human36m(tmp_path, subjects=("S9",), cameras=1)
    with pytest.raises(InputError, match="no clip of S1, S5, S6, S7, S8"):
        open_dataset("human36m", folder, "train")


def test_a_truncated_archive_is_refused(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("human36m"), tmp_path / "copy")
    path = folder / "data_2d_h36m_gt.npz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"data_2d_h36m_gt\.npz is damaged"):
        open_dataset("human36m", folder, "train")


def test_windows_make_batches(folder_of) -> None:
    loader = torch.utils.data.DataLoader(open_dataset("human36m", folder_of("human36m"), "train"), batch_size=4)
    window = next(iter(loader))
    assert window.detected.shape == (4, 34, 104)
    assert window.true.shape == (4, 34, 24)
    assert window.true.dtype == torch.float32
