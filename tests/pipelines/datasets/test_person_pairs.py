"""DeepFashion and Market-1501: items against the files they come from."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.registry import open_dataset
from tests.helpers.dataset_reading import angle_of, find_peaks, fit_similarity, read_picture, read_resized

CENTRE = 32.5 + 64.5j


def annotations(path: Path) -> dict[str, np.ndarray]:
    """Joints [18, 2] x, y by picture."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=":"))
    return {row["name"]: np.array([json.loads(row[f"keypoints_{axis}"]) for axis in "xy"]).T for row in rows}


def pairs(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().split()[1:]]


@pytest.mark.parametrize("phase", ["train", "test"])
def test_fashion_is_stretched_to_a_square(phase: str, folder_of) -> None:
    folder = folder_of("fashion")
    data, listed = open_dataset("fashion", folder, phase), pairs(folder / f"fasion-pairs-{phase}.csv")
    joints = annotations(folder / f"fasion-annotation-{phase}.csv")
    assert len(data) == len(listed) == 4
    for item, (source, target) in zip([data[0], data[3]], [listed[0], listed[3]], strict=True):
        views = ((source, item.source, item.source_structure), (target, item.target, item.target_structure))
        for name, image, structure in views:
            np.testing.assert_allclose(image, read_resized(folder / phase / name, 256, 256), atol=1e-6)
            expected = np.trunc(joints[name] * (256 / 176, 1)).astype(float)
            expected[(joints[name] == -1).any(1)] = np.nan
            np.testing.assert_array_equal(find_peaks(structure), expected)


def test_other_sizes_move_the_joints(folder_of) -> None:
    data = open_dataset("fashion", folder_of("fashion"), "test", size=(128, 64))
    wide = open_dataset("fashion", folder_of("fashion"), "test", size=(128, 128))
    assert data[0].source.shape == (3, 128, 64)
    np.testing.assert_allclose(
        find_peaks(data[0].source_structure) * (2, 1), find_peaks(wide[0].source_structure), atol=1.01
    )


def test_market_is_not_augmented_in_the_test(folder_of) -> None:
    folder = folder_of("market")
    data = open_dataset("market", folder, "test")
    source, target = pairs(folder / "market-pairs-test.csv")[1]
    np.testing.assert_allclose(
        data[1].source.permute(1, 2, 0), read_picture(folder / "test" / source) / 127.5 - 1, atol=1e-6
    )
    joints = annotations(folder / "market-annotation-test.csv")[target].astype(float)
    joints[(joints == -1).any(1)] = np.nan
    np.testing.assert_array_equal(find_peaks(data[1].target_structure), joints)
    assert data[1].target_structure.shape == (18, 128, 64)


def test_market_is_augmented_in_training_the_source_more_than_the_target(folder_of) -> None:
    folder = folder_of("market")
    data, listed = open_dataset("market", folder, "train"), pairs(folder / "market-pairs-train.csv")
    joints = annotations(folder / "market-annotation-train.csv")
    moves: dict[str, list] = {"source": [], "target": []}
    for epoch in range(40):
        data.set_epoch(epoch)
        item = data[0]
        for kind, structure, name in zip(moves, (item.source_structure, item.target_structure), listed[0], strict=True):
            old = np.where(joints[name] == -1, 0, joints[name]).astype(float)
            turn, shift, error = fit_similarity(old, find_peaks(structure) + 0.5)
            assert error < 2.5, "joints are truncated to whole pixels"
            moved = turn * CENTRE + shift - CENTRE
            moves[kind].append(np.abs((angle_of(turn), abs(turn) - 1, moved.real, moved.imag)))
    source, target = (np.max(moves[kind], 0) for kind in moves)
    blurred = (1.5, 0.03, 1, 1)  # what truncation does to the fit
    assert (source <= np.add((5, 0.05, 5, 5), blurred)).all()
    assert (source >= (4, 0.03, 4, 4)).all()
    assert (target <= np.add((1, 0, 2.5, 2.5), blurred)).all()


def test_market_is_grey_outside_the_picture(folder_of) -> None:
    data = open_dataset("market", folder_of("market"), "train")
    grey = 128 / 127.5 - 1
    found = 0
    for epoch in range(10):
        data.set_epoch(epoch)
        image = data[0].source
        corners = image[:, [0, 0, -1, -1], [0, -1, 0, -1]]  # [3, 4]
        found += bool(((corners - grey).abs().amax(0) < 1e-6).any())
    assert found >= 5
