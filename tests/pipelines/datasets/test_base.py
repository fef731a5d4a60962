"""What is random in an item follows from seed, epoch and index, whatever the number of workers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from models.errors import InputError
from pipelines.datasets.registry import LAYOUTS, open_dataset
from tests.helpers.dataset_folders import SMALL_FOLDERS

SMALL: dict[str, dict[str, Any]] = {
    "dance-fashion": {"size": (32, 32), "frames": 2},
    "dance-iper": {"size": (32, 32), "frames": 2},
    "faceforensics": {"size": 32, "frames": 2},
    "shapenet-car": {"size": 32},
}
NOT_RANDOM = ("fashion",)


def read_epoch(data: Any, epoch: int, workers: int) -> list[torch.Tensor]:
    """Every tensor of every batch."""
    data.set_epoch(epoch)
    return [tensor for batch in DataLoader(data, batch_size=2, num_workers=workers) for tensor in batch]


def are_equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(map(torch.equal, one, other))


@pytest.mark.parametrize("name", SMALL_FOLDERS)
def test_epoch_and_seed_change_items_but_workers_do_not(name: str, folder_of) -> None:
    data = open_dataset(name, folder_of(name), "train", seed=5, **SMALL.get(name, {}))
    first = read_epoch(data, 0, workers=0)
    assert are_equal(read_epoch(data, 0, workers=2), first)
    for seed, epoch in ((5, 1), (6, 0)):
        other = open_dataset(name, folder_of(name), "train", seed=seed, **SMALL.get(name, {}))
        other.set_epoch(epoch)
        items = [torch.stack(parts) for parts in zip(other[0], other[1], strict=True)]
        assert are_equal(items, first[: len(items)]) == (name in NOT_RANDOM)


@pytest.mark.parametrize("name", SMALL_FOLDERS)
def test_the_test_is_the_same_in_every_epoch(name: str, folder_of) -> None:
    small = {key: value for key, value in SMALL.get(name, {}).items() if key != "frames"}
    data = open_dataset(name, folder_of(name), "test", **small)
    last = len(data) - 1
    first = data[last]
    data.set_epoch(9)
    if not name.startswith("dance"):  # their reference is drawn in the test as well
        assert are_equal(list(data[last]), list(first))
    assert all(torch.isfinite(tensor).all() for tensor in first)


@pytest.mark.parametrize(
    ("name", "phase", "line"),
    [("fashion", "val", "unknown phase 'val'"), ("fashions", "train", "'fashions': choose from fashion, market")],
)
def test_unknown_names_are_refused(name: str, phase: str, line: str, folder_of) -> None:
    with pytest.raises(InputError, match=line):
        open_dataset(name, folder_of("market"), phase)


@pytest.mark.parametrize("name", LAYOUTS)
def test_empty_and_missing_folders_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        open_dataset(name, tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        open_dataset(name, tmp_path / "nowhere")
