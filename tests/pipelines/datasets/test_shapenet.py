"""ShapeNet: views against the files they come from."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from models.errors import InputError
from pipelines.datasets.registry import open_dataset
from tests.helpers.dataset_folders import write_shapenet
from tests.helpers.dataset_reading import read_resized


def test_training_pairs_a_view_with_another_of_its_model(folder_of) -> None:
    folder = folder_of("shapenet-car")
    data = open_dataset("shapenet-car", folder, "train", size=64)
    with h5py.File(folder / "data_car.hdf5") as file:
        pictures = {name: np.asarray(file[name]["image"]) for name in file}  # pyright: ignore
    assert len(data) == 36
    steps = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        item = data[20]  # the third view of the second model
        assert item.source_structure.flatten().nonzero().flatten().tolist() == [2, 18]
        np.testing.assert_allclose(item.source.permute(1, 2, 0), pictures["train1_4_0"] / 127.5 - 1, atol=1e-6)
        step, elevation = item.target_structure.flatten().nonzero().flatten().tolist()
        np.testing.assert_allclose(
            item.target.permute(1, 2, 0), pictures[f"train1_{2 * step}_0"] / 127.5 - 1, atol=1e-6
        )
        assert elevation == 18
        steps.add(step)
    for epoch in range(10):
        data.set_epoch(epoch)
        drawn = [data.pair(index) for index in range(36)]  # pyright: ignore[reportAttributeAccessIssue]
        assert all(one != other and one[:6] == other[:6] for one, other in drawn)
    assert len(steps) > 5


def test_the_test_shows_every_model_from_all_sides(folder_of, tmp_path: Path) -> None:
    data = open_dataset("shapenet-car", folder_of("shapenet-car"), "test", size=64)
    assert len(data) == 36
    steps = [[int(code.flatten().argmax()) for code in (item.source_structure, item.target_structure)] for item in data]
    assert steps == [[model, step] for model in range(2) for step in range(18)]
    torch.testing.assert_close(data[0].source, data[0].target)
    torch.testing.assert_close(data[18].source, data[19].target)


def test_pictures_of_another_size_are_resized(folder_of, tmp_path: Path) -> None:
    from PIL import Image

    with h5py.File(folder_of("shapenet-car") / "data_car.hdf5") as file:
        Image.fromarray(np.asarray(file["test0_2_0"]["image"])).save(tmp_path / "view.png")  # pyright: ignore
    data = open_dataset("shapenet-car", folder_of("shapenet-car"), "test")
    np.testing.assert_allclose(data[1].target, read_resized(tmp_path / "view.png", 256, 256), atol=1e-6)


def test_elevations_and_chairs(tmp_path: Path) -> None:
    folder = write_shapenet(tmp_path, "chair", models=1, size=32)
    with h5py.File(folder / "data_chair.hdf5", "a") as file:
        file["train0_4_0"]["pose"][...] = (7, 25)  # pyright: ignore
    data = open_dataset("shapenet-chair", folder, "train", size=32)
    assert data[2].source_structure.flatten().nonzero().flatten().tolist() == [3, 20]


def test_a_missing_view_is_named(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("shapenet-car"), tmp_path / "copy")
    (folder / "id_car_train.txt").write_text("train0_0_0\nlost_2_0\n")
    with pytest.raises(InputError, match=r"data_car\.hdf5 view lost_2_0 is missing"):
        open_dataset("shapenet-car", folder, "train")[1]
