"""NumPy archives that may hold data and nothing else."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.datasets.safe_npz import load_object


class CodeObject:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array({"S1": CodeObject()}, object), "mkdir"),
        (np.array([1, 2], object), "not a dictionary"),
        (np.zeros(3), "not a dictionary"),
    ],
    ids=["code", "list", "numbers"],
)
def test_archives_with_more_than_data_are_refused(
    values: np.ndarray, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "file.npz", positions_2d=values)
    with pytest.raises(InputError, match=message):
        load_object(tmp_path / "file.npz", "positions_2d")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("write", ["now", "as Python 2 and NumPy 1 did"])
def test_data_is_read(write: str, tmp_path: Path) -> None:
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
