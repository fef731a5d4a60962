"""Human3.6M's tracks: windows against the files they come from, which may hold data and nothing else."""

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import InputError
from pipelines.datasets.human36m import FOUND, TRUE
from pipelines.datasets.registry import open_dataset
from pipelines.datasets.safe_npz import load_object
from tests.helpers.dataset_folders import human36m


def tracks(folder: Path, pattern: str) -> dict:
    """positions_2d: subject -> action -> cameras."""
    return np.load(next(folder.glob(pattern)), allow_pickle=True)["positions_2d"].item()


def rows(points: np.ndarray, first: int, count: int) -> np.ndarray:
    """[34, count]: frames from `first`, clamped to the track; y before x; 1000 pixels are -1..1."""
    frames = points[np.clip(np.arange(first, first + count), 0, len(points) - 1)] / 500 - 1  # [count, 17, 2]
    return np.concatenate((frames[..., 1].T, frames[..., 0].T))


def test_test_windows_cover_every_clip(folder_of) -> None:
    folder = folder_of("human36m")
    data, true, found = open_dataset("human36m", folder, "test"), tracks(folder, TRUE), tracks(folder, FOUND)
    assert len(data) == 2 * 2 * 2 * 3, "subjects, actions, cameras, windows in 60 frames"
    place = 0
    for subject in ("S9", "S11"):
        for action in true[subject]:
            for camera in range(2):
                for start in (0, 24, 36):
                    window, place = data[place], place + 1
                    expected = rows(true[subject][action][camera], start, 24)
                    np.testing.assert_allclose(window.true, expected, atol=1e-6)
                    expected = rows(found[subject][action][camera], start - 40, 104)
                    np.testing.assert_allclose(window.detected, expected, atol=1e-6)


def test_training_scales_and_shifts_both_alike(folder_of) -> None:
    folder = folder_of("human36m")
    data, true, found = open_dataset("human36m", folder, "train"), tracks(folder, TRUE), tracks(folder, FOUND)
    assert len(data) == 5 * 2 * 2
    clip = true["S1"]["Walking"][0], found["S1"]["Walking"][0]
    starts, scales, shifts = set(), [], []
    for epoch in range(60):
        data.set_epoch(epoch)
        window = data[0]
        start, scale, shift = _explained(window.true.numpy(), clip[0])
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


def _explained(values: np.ndarray, points: np.ndarray) -> tuple[int, float, np.ndarray]:
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
    folder = human36m(tmp_path, subjects=("S1", "S9"), cameras=1, frames=200)
    true, found = tracks(folder, TRUE), tracks(folder, FOUND)
    true["S1"]["Walking"][0] = true["S1"]["Walking"][0][:-3]  # 1.5 %
    true["S9"]["Walking"][0] = true["S9"]["Walking"][0][:-1]  # 0.5 %
    del found["S9"]["Sitting 1"]
    for name, values in ((TRUE, true), (FOUND, found)):
        np.savez(next(folder.glob(name)), positions_2d=np.array(values, object))
    assert len(open_dataset("human36m", folder, "train")) == 1
    data = open_dataset("human36m", folder, "test")
    assert len(data) == 9
    np.testing.assert_allclose(data[8].true, rows(true["S9"]["Walking"][0], 175, 24), atol=1e-6)


def test_no_clip_of_the_phase_is_one_line(tmp_path: Path) -> None:
    folder = human36m(tmp_path, subjects=("S9",), cameras=1)
    with pytest.raises(InputError, match="no clip of S1, S5, S6, S7, S8"):
        open_dataset("human36m", folder, "train")


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array({"S1": Evil()}, object), "mkdir"),
        (np.array([1, 2], object), "not a dictionary"),
        (np.zeros(3), "not a dictionary"),
    ],
    ids=["code", "list", "numbers"],
)
def test_archives_with_something_else_are_refused(
    values: np.ndarray, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "file.npz", positions_2d=values)
    with pytest.raises(InputError, match=said):
        load_object(tmp_path / "file.npz", "positions_2d")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("write", ["now", "as Python 2 and NumPy 1 did"])
def test_data_comes_through_the_narrow_reader(write: str, tmp_path: Path) -> None:
    value = {"S1": {"Walking": [np.arange(6, dtype=np.float32).reshape(3, 2)], "n": np.float64(2.5)}}
    if write == "now":
        np.savez_compressed(tmp_path / "file.npz", positions_2d=np.array(value, object), other=np.zeros(2))
    else:
        _write_old(tmp_path / "file.npz", value)
    found = load_object(tmp_path / "file.npz", "positions_2d")
    np.testing.assert_array_equal(found["S1"]["Walking"][0], value["S1"]["Walking"][0])
    assert found["S1"]["n"] == 2.5
    with pytest.raises(InputError, match="has no missing"):
        load_object(tmp_path / "file.npz", "missing")


def _write_old(path: Path, value: dict) -> None:
    old = pickle.dumps(np.array(value, object), 2).replace(b"numpy._core", b"numpy.core")
    with zipfile.ZipFile(path, "w") as archive, archive.open("positions_2d.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(old)


def test_a_torn_archive_is_one_line(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("human36m"), tmp_path / "copy")
    path = folder / "data_2d_h36m_gt.npz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"data_2d_h36m_gt\.npz: a damaged archive"):
        open_dataset("human36m", folder, "train")


def test_windows_make_batches(folder_of) -> None:
    loader = torch.utils.data.DataLoader(open_dataset("human36m", folder_of("human36m"), "train"), batch_size=4)
    window = next(iter(loader))
    assert window.detected.shape == (4, 34, 104)
    assert window.true.shape == (4, 34, 24)
    assert window.true.dtype == torch.float32
