"""What is random in an item follows from seed, epoch and index: any number of workers gives the same."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from models.errors import InputError
from pipelines.datasets.registry import LAYOUTS, open_dataset
from tests.pipelines.datasets.conftest import MAKERS

SMALL: dict[str, dict[str, Any]] = {
    "dance-fashion": {"size": (32, 32), "frames": 2},
    "dance-iper": {"size": (32, 32), "frames": 2},
    "faceforensics": {"size": 32, "frames": 2},
    "shapenet-car": {"size": 32},
}
AS_THEY_ARE = ("fashion",)  # nothing is drawn


def one_pass(data: Any, epoch: int, workers: int) -> list[torch.Tensor]:
    """Every tensor of every batch."""
    data.set_epoch(epoch)
    return [tensor for batch in DataLoader(data, batch_size=2, num_workers=workers) for tensor in batch]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(map(torch.equal, one, other))


@pytest.mark.parametrize("name", MAKERS)
def test_workers_change_nothing_but_epoch_and_seed_do(name: str, folder_of) -> None:
    data = open_dataset(name, folder_of(name), "train", seed=5, **SMALL.get(name, {}))
    first = one_pass(data, 0, workers=0)
    assert same(one_pass(data, 0, workers=2), first)
    for seed, epoch in ((5, 1), (6, 0)):
        other = open_dataset(name, folder_of(name), "train", seed=seed, **SMALL.get(name, {}))
        other.set_epoch(epoch)
        items = [torch.stack(parts) for parts in zip(other[0], other[1], strict=True)]
        assert same(items, first[: len(items)]) == (name in AS_THEY_ARE)


@pytest.mark.parametrize("name", MAKERS)
def test_the_test_is_the_same_in_every_epoch(name: str, folder_of) -> None:
    small = {key: value for key, value in SMALL.get(name, {}).items() if key != "frames"}
    data = open_dataset(name, folder_of(name), "test", **small)
    last = len(data) - 1
    first = data[last]
    data.set_epoch(9)
    if not name.startswith("dance"):  # whose reference is drawn in the test as well
        assert same(list(data[last]), list(first))
    assert all(torch.isfinite(tensor).all() for tensor in first)


@pytest.mark.parametrize(
    ("name", "phase", "line"),
    [("fashion", "val", "phase 'val'"), ("fashions", "train", "'fashions': choose from fashion, market")],
)
def test_unknown_names_are_one_line(name: str, phase: str, line: str, folder_of) -> None:
    with pytest.raises(InputError, match=line):
        open_dataset(name, folder_of("market"), phase)


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_empty_folder_is_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        open_dataset(name, tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        open_dataset(name, tmp_path / "nowhere")
