"""Checks of complete and of damaged folders: each kind of damage has its line, which says where it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import InputError
from pipelines.datasets.registry import LAYOUTS, check_dataset, open_dataset
from tests.helpers.dataset_folders import SMALL_FOLDERS

Damage = Callable[[Path], object]
ITEMS = {
    "fashion": {"train": 4, "test": 4},
    "market": {"train": 4, "test": 4},
    "dance-fashion": {"train": 2, "test": 2},
    "dance-iper": {"train": 2, "test": 2},
    "faceforensics": {"train": 2, "test": 2},
    "shapenet-car": {"train": 36, "test": 36},
    "human36m": {"train": 20, "test": 8},
}


def truncate(name: str) -> Damage:
    """Cuts off half of a file."""
    return lambda folder: (folder / name).write_bytes(
        (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    )


def remove(name: str) -> Damage:
    """Removes a file or a folder."""
    return lambda folder: shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()


def write(name: str, text: str) -> Damage:
    """Replaces the text of a file."""
    return lambda folder: (folder / name).write_text(text)


def edit(name: str, old: str, new: str) -> Damage:
    """Replaces the first `old` in a file by `new`."""
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new, 1))


def resize(name: str) -> Damage:
    """Makes a picture 20x20."""

    def make(folder: Path) -> None:
        from PIL import Image

        Image.open(folder / name).resize((20, 20)).save(folder / name)

    return make


def raise_elevation(folder: Path) -> None:
    """Gives a view an elevation that no view has."""
    with h5py.File(folder / "data_car.hdf5", "a") as file:
        file["train0_0_0"]["pose"][...] = (0, 40)  # pyright: ignore


def remove_image(folder: Path) -> None:
    """Removes the image of a view."""
    with h5py.File(folder / "data_car.hdf5", "a") as file:
        del file["test1_34_0"]["image"]  # pyright: ignore


def drop_joint(folder: Path) -> None:
    """Writes tracks of 16 joints."""
    np.savez(folder / "data_2d_h36m_gt.npz", positions_2d=np.array({"S1": {"Walking": [np.zeros((5, 16, 2))]}}, object))


# Layout, damage, what the line says, where, usable items by phase where they differ from `ITEMS`.
DAMAGES: list[tuple[str, Damage, str, str, dict[str, int]]] = [
    (
        "fashion",
        truncate("train/train0_view0.jpg"),
        "unreadable pictures",
        "train0_view0.jpg is a damaged",
        {"train": 2},
    ),
    ("fashion", remove("test/test1_view1.jpg"), "missing pictures", "test/test1_view1.jpg", {"test": 2}),
    ("fashion", resize("test/test0_view0.jpg"), "not 176x256", "test0_view0.jpg", {"test": 2}),
    ("fashion", remove("fasion-pairs-test.csv"), "missing folders or files of test", "pairs-test.csv", {"test": 0}),
    (
        "fashion",
        write("fasion-new-pairs-test.csv", "from,to\n"),
        "unreadable lists",
        "and fasion-pairs-test",
        {"test": 0},
    ),
    ("fashion", write("fasion-pairs-test.csv", "from,to\n"), "nothing to load", "test", {"test": 0}),
    ("market", edit("market-annotation-test.csv", "[", "[7, "), "malformed annotations", "line 2", {"test": 2}),
    ("market", edit("market-annotation-test.csv", "[", "[NaN, "), "malformed annotations", "line 2", {"test": 2}),
    ("market", write("market-annotation-test.csv", "a,b\nc,d\n"), "malformed annotations", "line 2", {"test": 0}),
    ("market", write("market-pairs-train.csv", "from;to\na;b\n"), "broken pairs", "two names", {"train": 0}),
    ("market", edit("market-pairs-train.csv", "train0", "other"), "broken pairs", "no annotation", {"train": 3}),
    ("dance-fashion", remove("test_list.csv"), "missing folders or files of test", "test_list.csv", {"test": 0}),
    (
        "dance-fashion",
        write("test_list.csv", "nothing"),
        "broken lists of tests",
        "contains no dictionary",
        {"test": 0},
    ),
    ("dance-fashion", edit("test_list.csv", "test1", "test7"), "broken tests", "'test7'", {"test": 1}),
    ("dance-fashion", edit("test_list.csv", "'test0'", "3"), "broken tests", "line 1: gen and ref must", {"test": 1}),
    (
        "dance-fashion",
        edit("test_list.csv", "'test0'", "[]"),
        "broken tests",
        "line 1: gen and ref must",
        {"test": 1},
    ),
    ("dance-fashion", edit("test_list.csv", "}", ""), "broken tests", "line 1: must contain a dict", {"test": 1}),
    (
        "dance-fashion",
        remove("train_256/train_video2d/train0/00002_keypoints.json"),
        "poses",
        "is missing",
        {"train": 1},
    ),
    ("dance-fashion", truncate("train_256/train_alphapose/train1/00000_keypoints.json"), "poses", "JSON", {"train": 1}),
    ("dance-iper", remove("train_256/train_C/train1/00004.png"), "missing masks", "train_C/train1/00004", {"train": 1}),
    ("dance-iper", truncate("train_256/train_C/train1/00004.png"), "unreadable pictures", "train_C", {"train": 1}),
    ("dance-iper", truncate("train_256/train_A/train0/00000.png"), "unreadable pictures", "train_A", {"train": 1}),
    ("dance-iper", remove("train_256"), "missing folders or files of train", "train_256/train_C", {"train": 0}),
    ("faceforensics", remove("train_keypoints/train0/00001.txt"), "landmarks", "00001.txt is missing", {"train": 1}),
    ("faceforensics", write("test_keypoints/test0/00001.txt", "1,2"), "landmarks", "1 lines; a landmark", {"test": 1}),
    ("faceforensics", truncate("test_data/test0/00001.png"), "unreadable pictures", "00001.png is a dam", {"test": 1}),
    (
        "shapenet-car",
        truncate("data_car.hdf5"),
        "unreadable files",
        "data_car.hdf5 is not an HDF5",
        {"train": 0, "test": 0},
    ),
    ("shapenet-car", raise_elevation, "malformed views", "train0_0_0: pose [0.0, 40.0]", {"train": 35}),
    ("shapenet-car", remove_image, "malformed views", "test1_34_0 must be a group", {"test": 35}),
    ("shapenet-car", write("id_car_train.txt", "lost_0_0\n"), "malformed views", "lost_0_0 is missing", {"train": 0}),
    ("human36m", truncate("data_2d_h36m_gt.npz"), "unreadable files", "gt.npz is damaged", {"train": 0, "test": 0}),
    ("human36m", drop_joint, "unreadable files", "S1 Walking camera 0: must be", {"train": 0, "test": 0}),
]


@pytest.mark.parametrize("name", SMALL_FOLDERS)
def test_complete_folders_have_no_problems(name: str, folder_of) -> None:
    report = check_dataset(name, folder_of(name))
    assert report.problems == {}
    assert report.items == ITEMS[name]
    for phase in ("train", "test"):
        if report.unit != "clips" or phase == "train":
            assert len(open_dataset(name, folder_of(name), phase)) == ITEMS[name][phase]


@pytest.mark.parametrize(("name", "damage", "what", "where", "items"), DAMAGES)
def test_damage_has_a_line(
    name: str, damage: Damage, what: str, where: str, items: dict[str, int], folder_of, tmp_path: Path
) -> None:
    folder = shutil.copytree(folder_of(name), tmp_path / "copy")
    damage(folder)
    report = check_dataset(name, folder)
    lines = [line for line in report.lines() if line.startswith("problem")]
    assert not report.complete
    assert any(what in line and where in line for line in lines), lines
    assert report.items == ITEMS[name] | items
    assert len(lines) <= 2


def test_many_places_with_one_problem_are_one_line(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-iper"), tmp_path / "copy")
    for path in (folder / "train_256/train_C").rglob("*.png"):
        path.unlink()
    report = check_dataset("dance-iper", folder)
    (line,) = (line for line in report.lines() if line.startswith("problem"))
    assert line.startswith("problem: missing masks (10): ")
    assert line.endswith("; ...")
    assert line.count("train_C") == 3


def test_a_file_of_both_phases_counts_once(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("human36m"), tmp_path / "copy")
    truncate("data_2d_h36m_gt.npz")(folder)
    (line,) = (line for line in check_dataset("human36m", folder).lines() if line.startswith("problem"))
    assert line.startswith("problem: unreadable files: ")


def test_lists_with_a_byte_order_mark_are_read(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("market"), tmp_path / "copy")
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    assert check_dataset("market", folder).items == ITEMS["market"]


def test_unusual_but_usable_files_are_noted(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    (folder / "train_256/train_video2d/train0/00001_keypoints.json").write_text('{"people": []}')
    resize("train_256/train_A/train1/00003.png")(folder)
    report = check_dataset("dance-fashion", folder)
    assert report.complete
    assert report.items == ITEMS["dance-fashion"]
    assert len(report.notes["frames without a person, whose structure is empty"]) == 1
    assert len(report.notes["pictures that differ in size from the first of their clip"]) == 1
    assert len(report.notes["clips of fewer than 30 frames, whose last frame is repeated"]) == 2


def test_poses_that_no_item_needs_may_be_missing(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    (folder / "test_list.csv").write_text("{'gen': 'test0', 'ref': 'test1'}\n")
    shutil.rmtree(folder / "test_256/train_video2d/test1")
    shutil.rmtree(folder / "test_256/train_alphapose/test0")
    report = check_dataset("dance-fashion", folder)
    assert report.complete
    assert report.items["test"] == 1


def test_one_phase_needs_its_own_files_only(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("market"), tmp_path / "copy")
    shutil.rmtree(folder / "test")
    assert not check_dataset("market", folder).complete
    report = check_dataset("market", folder, ("train",))
    assert report.complete
    assert report.items == {"train": 4}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_of_something_else_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=rf"is not a {name} data set: it has none of .*; see docs/datasets.md"):
        check_dataset(name, tmp_path)
