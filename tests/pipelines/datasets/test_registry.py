"""Checks of whole and of damaged folders: each kind of damage has its line, and says where."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import InputError
from pipelines.datasets.registry import LAYOUTS, check_dataset, open_dataset
from tests.pipelines.datasets.conftest import MAKERS

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


def tear(name: str) -> Damage:
    """Half of a file is lost."""
    return lambda folder: (folder / name).write_bytes(
        (folder / name).read_bytes()[: (folder / name).stat().st_size // 2]
    )


def lose(name: str) -> Damage:
    return lambda folder: shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()


def write(name: str, text: str) -> Damage:
    return lambda folder: (folder / name).write_text(text)


def change(name: str, old: str, new: str) -> Damage:
    return lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new, 1))


def resize(name: str) -> Damage:
    def make(folder: Path) -> None:
        from PIL import Image

        Image.open(folder / name).resize((20, 20)).save(folder / name)

    return make


def turn_pose(folder: Path) -> None:
    with h5py.File(folder / "data_car.hdf5", "a") as file:
        file["train0_0_0"]["pose"][...] = (0, 40)  # pyright: ignore


def lose_picture(folder: Path) -> None:
    with h5py.File(folder / "data_car.hdf5", "a") as file:
        del file["test1_34_0"]["image"]  # pyright: ignore


def break_numbers(folder: Path) -> None:
    np.savez(folder / "data_2d_h36m_gt.npz", positions_2d=np.array({"S1": {"Walking": [np.zeros((5, 16, 2))]}}, object))


# layout, damage, what the line says, where, items left
DAMAGES: list[tuple[str, Damage, str, str, dict[str, int]]] = [
    ("fashion", tear("train/train0_view0.jpg"), "unreadable pictures", "train0_view0.jpg is a damaged", {"train": 2}),
    ("fashion", lose("test/test1_view1.jpg"), "missing pictures", "test/test1_view1.jpg", {"test": 2}),
    ("fashion", resize("test/test0_view0.jpg"), "not 176x256", "test0_view0.jpg", {"test": 2}),
    ("fashion", lose("fasion-pairs-test.csv"), "missing folders or files of test", "pairs-test.csv", {"test": 0}),
    (
        "fashion",
        write("fasion-new-pairs-test.csv", "from,to\n"),
        "unreadable lists",
        "and fasion-pairs-test",
        {"test": 0},
    ),
    ("fashion", write("fasion-pairs-test.csv", "from,to\n"), "nothing to load", "test", {"test": 0}),
    ("market", change("market-annotation-test.csv", "[", "[7, "), "malformed annotations", "line 2", {"test": 2}),
    ("market", change("market-annotation-test.csv", "[", "[NaN, "), "malformed annotations", "line 2", {"test": 2}),
    ("market", write("market-annotation-test.csv", "a,b\nc,d\n"), "malformed annotations", "line 2", {"test": 0}),
    ("market", write("market-pairs-train.csv", "from;to\na;b\n"), "broken pairs", "two names", {"train": 0}),
    ("market", change("market-pairs-train.csv", "train0", "other"), "broken pairs", "no annotation", {"train": 3}),
    ("dance-fashion", lose("test_list.csv"), "missing folders or files of test", "test_list.csv", {"test": 0}),
    ("dance-fashion", write("test_list.csv", "nothing"), "broken lists of tests", "holds no dictionary", {"test": 0}),
    ("dance-fashion", change("test_list.csv", "test1", "test7"), "broken tests", "'test7'", {"test": 1}),
    ("dance-fashion", change("test_list.csv", "'test0'", "3"), "broken tests", "line 1: gen and ref must", {"test": 1}),
    (
        "dance-fashion",
        change("test_list.csv", "'test0'", "[]"),
        "broken tests",
        "line 1: gen and ref must",
        {"test": 1},
    ),
    ("dance-fashion", change("test_list.csv", "}", ""), "broken tests", "line 1: must hold a dict", {"test": 1}),
    ("dance-fashion", lose("train_256/train_video2d/train0/00002_keypoints.json"), "poses", "is missing", {"train": 1}),
    ("dance-fashion", tear("train_256/train_alphapose/train1/00000_keypoints.json"), "poses", "JSON", {"train": 1}),
    ("dance-iper", lose("train_256/train_C/train1/00004.png"), "missing masks", "train_C/train1/00004", {"train": 1}),
    ("dance-iper", tear("train_256/train_C/train1/00004.png"), "unreadable pictures", "train_C", {"train": 1}),
    ("dance-iper", tear("train_256/train_A/train0/00000.png"), "unreadable pictures", "train_A", {"train": 1}),
    ("dance-iper", lose("train_256"), "missing folders or files of train", "train_256/train_C", {"train": 0}),
    ("faceforensics", lose("train_keypoints/train0/00001.txt"), "landmarks", "00001.txt: is missing", {"train": 1}),
    ("faceforensics", write("test_keypoints/test0/00001.txt", "1,2"), "landmarks", "1 lines; a landmark", {"test": 1}),
    ("faceforensics", tear("test_data/test0/00001.png"), "unreadable pictures", "00001.png is a dam", {"test": 1}),
    ("shapenet-car", tear("data_car.hdf5"), "unreadable files", "data_car.hdf5: no HDF5", {"train": 0, "test": 0}),
    ("shapenet-car", turn_pose, "malformed views", "train0_0_0: pose [0.0, 40.0]", {"train": 35}),
    ("shapenet-car", lose_picture, "malformed views", "test1_34_0: must be a group", {"test": 35}),
    ("shapenet-car", write("id_car_train.txt", "lost_0_0\n"), "malformed views", "lost_0_0: is missing", {"train": 0}),
    ("human36m", tear("data_2d_h36m_gt.npz"), "unreadable files", "a damaged archive", {"train": 0, "test": 0}),
    ("human36m", break_numbers, "unreadable files", "S1 Walking camera 0: must be", {"train": 0, "test": 0}),
]


@pytest.mark.parametrize("name", MAKERS)
def test_what_the_writer_wrote_is_whole(name: str, folder_of) -> None:
    findings = check_dataset(name, folder_of(name))
    assert findings.problems == {}
    assert findings.items == ITEMS[name]
    for phase in ("train", "test"):
        if findings.unit != "clips" or phase == "train":
            assert len(open_dataset(name, folder_of(name), phase)) == ITEMS[name][phase]


@pytest.mark.parametrize(("name", "damage", "what", "where", "items"), DAMAGES)
def test_damage_has_a_line(
    name: str, damage: Damage, what: str, where: str, items: dict[str, int], folder_of, tmp_path: Path
) -> None:
    folder = shutil.copytree(folder_of(name), tmp_path / "copy")
    damage(folder)
    findings = check_dataset(name, folder)
    lines = [line for line in findings.lines() if line.startswith("problem")]
    assert not findings.whole
    assert any(what in line and where in line for line in lines), lines
    assert findings.items == ITEMS[name] | items
    assert len(lines) <= 2


def test_a_thousand_places_are_one_line(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-iper"), tmp_path / "copy")
    for path in (folder / "train_256/train_C").rglob("*.png"):
        path.unlink()
    findings = check_dataset("dance-iper", folder)
    (line,) = (line for line in findings.lines() if line.startswith("problem"))
    assert line.startswith("problem: missing masks (10): ")
    assert line.endswith("; ...")
    assert line.count("train_C") == 3


def test_a_file_of_both_phases_counts_once(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("human36m"), tmp_path / "copy")
    tear("data_2d_h36m_gt.npz")(folder)
    (line,) = (line for line in check_dataset("human36m", folder).lines() if line.startswith("problem"))
    assert line.startswith("problem: unreadable files: ")


def test_lists_that_begin_with_a_byte_order_mark_are_read(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("market"), tmp_path / "copy")
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    assert check_dataset("market", folder).items == ITEMS["market"]


def test_what_is_unusual_but_usable_is_a_note(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    (folder / "train_256/train_video2d/train0/00001_keypoints.json").write_text('{"people": []}')
    resize("train_256/train_A/train1/00003.png")(folder)
    findings = check_dataset("dance-fashion", folder)
    assert findings.whole
    assert findings.items == ITEMS["dance-fashion"]
    assert len(findings.notes["frames without a person, which have an empty structure"]) == 1
    assert len(findings.notes["pictures of another size than the first of their clip"]) == 1
    assert len(findings.notes["clips of less than 30 frames, whose last one is repeated"]) == 2


def test_poses_that_nothing_reads_are_not_missed(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    (folder / "test_list.csv").write_text("{'gen': 'test0', 'ref': 'test1'}\n")
    shutil.rmtree(folder / "test_256/train_video2d/test1")
    shutil.rmtree(folder / "test_256/train_alphapose/test0")
    findings = check_dataset("dance-fashion", folder)
    assert findings.whole
    assert findings.items["test"] == 1


def test_one_phase_needs_its_own_files_only(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("market"), tmp_path / "copy")
    shutil.rmtree(folder / "test")
    assert not check_dataset("market", folder).whole
    findings = check_dataset("market", folder, ("train",))
    assert findings.whole
    assert findings.items == {"train": 4}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_of_something_else_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=rf"is no {name} data set: it has none of .*; see docs/datasets.md"):
        check_dataset(name, tmp_path)
