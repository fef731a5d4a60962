"""FashionVideo and iPER: items against the files they come from."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import InputError
from pipelines.datasets.dance import DanceClips, DanceLayout
from pipelines.datasets.registry import open_dataset
from pipelines.datasets.transforms import RandomAffine
from pipelines.keypoints.layouts import COCO17_NAMES, OPENPOSE18_NAMES
from pipelines.keypoints.structure_maps import structure_map
from tests.helpers import dataset_folders as folders
from tests.helpers.dataset_reading import angle_of, find_peaks, fit_similarity, read_picture, read_pose, read_resized

STILL = DanceLayout(RandomAffine(256, angle=0), own_reference=True, masks=False)


def select_coco(openpose: np.ndarray) -> np.ndarray:
    return openpose[[OPENPOSE18_NAMES.index(name) for name in COCO17_NAMES]]


def poses(folder: Path, kind: str, clip: str) -> list[np.ndarray]:
    return [read_pose(path) for path in sorted((folder / kind / clip).glob("*.json"))]


def pictures(folder: Path, clip: str, size: int) -> list[np.ndarray]:
    return [read_resized(path, size, size) for path in sorted((folder / "train_A" / clip).glob("*.png"))]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One clip with more frames than become references."""
    return folders.write_dance(tmp_path_factory.mktemp("long"), clips=1, frames=24, height=32, width=32)


def test_training_takes_consecutive_frames_and_an_early_reference(long: Path) -> None:
    data = DanceClips(long, "train", layout=STILL, size=(64, 64), frames=5)
    frames = np.stack(pictures(long / "train_256", "train0", 64))
    clean, noisy = (poses(long / "train_256", kind, "train0") for kind in ("train_video2d", "train_alphapose"))
    starts, references = set(), set()
    for epoch in range(40):
        data.set_epoch(epoch)
        item = data[0]
        start = int(np.abs(frames - item.images[0].numpy()).sum((1, 2, 3)).argmin())
        np.testing.assert_allclose(item.images, frames[start : start + 5], atol=1e-6)
        for found, joints in zip(item.structures, clean[start : start + 5], strict=True):
            expected = structure_map(np.trunc(joints * 2), layout="h36m17", height=64, width=64)
            np.testing.assert_array_equal(found, expected)
        reference = int(np.abs(frames - item.reference.numpy()).sum((1, 2, 3)).argmin())
        expected = structure_map(np.trunc(select_coco(noisy[reference]) * 2), layout="coco17", height=64, width=64)
        np.testing.assert_array_equal(item.reference_structure, expected)
        assert torch.equal(item.masks, torch.ones(5, 1, 64, 64))
        starts.add(start)
        references.add(reference)
    assert starts <= set(range(20))
    assert {0, 19} & starts
    assert references <= set(range(20))
    assert len(references) > 10


def test_a_short_clip_repeats_its_last_frame(folder_of) -> None:
    item = DanceClips(folder_of("dance-fashion"), "train", layout=STILL, size=(64, 64), frames=8)[1]
    frames = pictures(folder_of("dance-fashion") / "train_256", "train1", 64)
    np.testing.assert_allclose(item.images, np.stack(frames + frames[-1:] * 3), atol=1e-6)


def test_a_test_is_a_complete_clip_with_a_reference_from_another(folder_of) -> None:
    folder = folder_of("dance-fashion")
    data = open_dataset("dance-fashion", folder, "test", size=(64, 64))
    assert len(data) == 2
    item = data[1]  # test1 with the look of test0
    np.testing.assert_allclose(item.images, np.stack(pictures(folder / "test_256", "test1", 64)), atol=1e-6)
    for found, joints in zip(item.structures, poses(folder / "test_256", "train_video2d", "test1"), strict=True):
        expected = structure_map(joints, layout="h36m17", height=64, width=64)
        np.testing.assert_array_equal(found, expected, "joints between pixels stay there")
    looks = np.stack(pictures(folder / "test_256", "test0", 64))
    assert np.abs(looks - item.reference.numpy()).max((1, 2, 3)).min() < 1e-6
    data.set_epoch(3)
    torch.testing.assert_close(data[1].images, item.images)


def test_tests_can_list_frames(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    test = {"gen": ["test0/00003.png", "test0/00001.png"], "ref": ["test1/00004.png"]}
    (folder / "test_list.csv").write_text(f"number,pair\n0,{json.dumps(test)}\n")
    data = open_dataset("dance-fashion", folder, "test", size=(64, 64))
    one, other = (pictures(folder / "test_256", clip, 64) for clip in ("test0", "test1"))
    np.testing.assert_allclose(data[0].images, np.stack([one[3], one[1]]), atol=1e-6)
    np.testing.assert_allclose(data[0].reference, other[4], atol=1e-6)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of one frame, which is the reference as well; picture and mask are the same grey."""
    folder = folders.write_dance(tmp_path_factory.mktemp("single"), clips=1, frames=1, masks=True)
    for name in ("train_A", "train_C"):
        folders.save_picture(folder / "train_256" / name / "train0/00000.png", np.full((64, 64), 100, np.uint8))
    return folder


@pytest.mark.parametrize(
    ("name", "shift", "scale", "fill"), [("dance-fashion", (20, 3), 0.02, 1), ("dance-iper", (0, 0), 0, -1)]
)
def test_clips_are_augmented_as_the_authors_do(
    name: str, shift: tuple[float, float], scale: float, fill: float, single: Path
) -> None:
    data = open_dataset(name, single, "train", frames=3)
    old, centre = poses(single / "train_256", "train_video2d", "train0")[0] * 4, 128.5 + 128.5j
    moves, corners = [], []
    for epoch in range(30):
        data.set_epoch(epoch)
        item = data[0]
        assert torch.equal(item.images[0], item.images[2]), "one draw for a clip"
        assert torch.equal(item.reference, item.images[0]) == (name == "dance-iper")
        if name == "dance-iper":
            torch.testing.assert_close(item.masks[0], item.images[0, :1] / 2 + 0.5)
        turn, moved, error = fit_similarity(old, find_peaks(item.structures[0, :17]) + 0.5)
        assert error < 1.5, "to whole pixels"
        moved += turn * centre - centre
        moves.append(np.abs((angle_of(turn), moved.real, moved.imag, abs(turn) - 1)))
        corners.append(item.images[0, :, [0, 0, -1, -1], [0, -1, 0, -1]])
    largest = np.max(moves, 0)
    assert (largest <= np.add((5, *shift, scale), (0.5, 0.8, 0.8, 0.01))).all()
    assert (largest >= np.multiply((5, *shift, scale), (0.7, 0.7, 0.5, 0.5))).all()
    assert (torch.stack(corners) == fill).float().mean() > 0.2, "the fill colour at the corners"


def test_masks_of_the_test_are_those_of_the_files(folder_of) -> None:
    folder = folder_of("dance-iper")
    item = open_dataset("dance-iper", folder, "test", size=(64, 64))[0]
    files = sorted((folder / "test_256/train_C/test0").glob("*.png"))
    expected = np.stack([read_picture(path)[None, ..., 0] / 255 for path in files])
    np.testing.assert_allclose(item.masks, expected, atol=1e-6)
    assert 0 < float(item.masks.mean()) < 1


def test_a_frame_without_a_person_has_an_empty_structure(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    for kind in ("train_video2d", "train_alphapose"):
        for path in (folder / "test_256" / kind / "test0").iterdir():
            path.write_text('{"people": []}')
    data = open_dataset("dance-fashion", folder, "test", size=(64, 64))
    assert not data[0].structures.any()
    assert not data[1].reference_structure.any()
    assert data[1].structures.any(dim=(2, 3))[:, :17].any()


def test_poses_may_have_the_shorter_name(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-fashion"), tmp_path / "copy")
    for path in folder.rglob("*_keypoints.json"):
        path.rename(path.with_name(path.name.replace("_keypoints", "")))
    items = [open_dataset("dance-fashion", root, "train", frames=2)[0] for root in (folder, folder_of("dance-fashion"))]
    assert all(torch.equal(one, other) for one, other in zip(*items, strict=True))


def test_an_item_with_a_missing_file_names_it(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("dance-iper"), tmp_path / "copy")
    shutil.rmtree(folder / "test_256/train_C/test1")
    with pytest.raises(InputError, match=r"train_C/test1/00000.png is missing"):
        open_dataset("dance-iper", folder, "test", size=(32, 32))[1]
