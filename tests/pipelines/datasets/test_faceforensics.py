"""FaceForensics: items against the files they come from."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import InputError
from pipelines.datasets.faceforensics import read_landmarks
from pipelines.datasets.registry import open_dataset
from tests.helpers.dataset_reading import read_resized

SIZE = 128
NOSE, JAW, MOUTH = 33, 8, (51, 57)


def files(folder: Path, phase: str, clip: str) -> tuple[list[Path], list[np.ndarray]]:
    """Pictures, and landmarks [68, 2] at the size of the images."""
    texts = sorted((folder / f"{phase}_keypoints" / clip).iterdir())
    points = [np.loadtxt(path, delimiter=",") * SIZE / 64 for path in texts]
    return sorted((folder / f"{phase}_data" / clip).iterdir()), points


def test_a_clip_of_the_test_with_its_structure(folder_of) -> None:
    folder = folder_of("faceforensics")
    data = open_dataset("faceforensics", folder, "test", size=SIZE)
    pictures, points = files(folder, "test", "test1")
    item = data[1]
    assert (len(data), item.structures.shape) == (2, (4, 16, SIZE, SIZE))
    np.testing.assert_allclose(item.images, np.stack([read_resized(path, SIZE, SIZE) for path in pictures]), atol=1e-6)
    assert torch.equal(item.masks, torch.ones(4, 1, SIZE, SIZE))
    assert torch.equal(item.reference, item.images[0])
    assert torch.equal(item.reference_structure, item.structures[0])
    for structure, landmarks in zip(item.structures, points, strict=True):
        curves, jaw_distance, labels = structure[0], structure[1], structure[15]
        assert set(labels.unique().tolist()) == set(range(7))
        for number in (JAW, NOSE, 36, 48):
            x, y = landmarks[number].astype(int)
            assert curves[y - 2 : y + 3, x - 2 : x + 3].max() > 0.99, "a curve passes there"
        x, y = landmarks[JAW].astype(int)
        assert jaw_distance[y, x] < 0.01 < jaw_distance[y - 20, x]
        x, y = landmarks[list(MOUTH)].mean(0).astype(int)
        assert labels[y, x] in (5, 6)


def test_training_takes_consecutive_frames_with_the_first_as_reference(folder_of) -> None:
    folder = folder_of("faceforensics")
    data = open_dataset("faceforensics", folder, "train", size=64, frames=2)
    frames = np.stack([read_resized(path, 64, 64) for path in files(folder, "train", "train0")[0]])
    starts = set()
    for epoch in range(12):
        data.set_epoch(epoch)
        item = data[0]
        start = int(np.abs(frames - item.images[0].numpy()).sum((1, 2, 3)).argmin())
        np.testing.assert_allclose(item.images, frames[start : start + 2], atol=1e-6)
        assert torch.equal(item.reference, item.images[0])
        starts.add(start)
    assert starts == {0, 1, 2}


def test_the_folder_name_of_the_authors_script_is_read(folder_of, tmp_path: Path) -> None:
    folder = shutil.copytree(folder_of("faceforensics"), tmp_path / "copy")
    (folder / "test_keypoints").rename(folder / "test_keypoint")
    items = [open_dataset("faceforensics", root, "test", size=64)[0] for root in (folder, folder_of("faceforensics"))]
    assert torch.equal(items[0].structures, items[1].structures)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n" * 67, "67 lines; a landmark file has 68"),
        ("1,2\n" * 67 + "1;2\n", "line 68: '1;2' must be x,y"),
        ("1,2\n" * 67 + "1,inf\n", "line 68"),
        ("1,2\n" * 67 + "1,2,3\n", "line 68"),
    ],
)
def test_malformed_landmarks_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "00000.txt").write_text(text)
    with pytest.raises(InputError, match=said):
        read_landmarks(tmp_path / "00000.txt")
