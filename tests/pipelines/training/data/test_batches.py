"""The order of a run's samples: the same for any number of processes, and after a resume."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from models.errors import InputError
from pipelines.datasets.base import SeededDataset
from pipelines.training.data.batches import Batches, Share, move_to_device, read_batches, rendered_batches

CPU = torch.device("cpu")


class Item(NamedTuple):
    drawn: Tensor
    index: Tensor


class Counted(SeededDataset[Item]):
    """Ten items that hold their epoch and index."""

    def __getitem__(self, index: int) -> Item:
        return Item(torch.tensor(self.epoch), torch.tensor(index))

    def __len__(self) -> int:
        return 10


def places(share: Share, number: int, *, seed: int = 0, workers: int = 0, first: int = 0) -> list[list[list[int]]]:
    batches = Batches(read_batches(Counted(0), share, seed=seed, workers=workers))
    batches.load_state_dict({"taken": first})
    return [torch.stack(batches.next(), 1).tolist() for _ in range(number)]


def test_an_epoch_has_every_item_at_most_once_in_an_order_of_its_own() -> None:
    epochs = [[index for batch in places(Share(3), 9)[at : at + 3] for _, index in batch] for at in (0, 3, 6)]
    assert all(len(set(epoch)) == 9 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert [batch[0][0] for batch in places(Share(3), 9)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_another_seed_has_another_order() -> None:
    assert places(Share(3), 3) == places(Share(3), 3) != places(Share(3), 3, seed=1)


@pytest.mark.parametrize("workers", [0, 2])
def test_starting_anywhere_gives_what_would_have_come(workers: int) -> None:
    whole = places(Share(3), 8)
    for first in (1, 3, 5):
        assert places(Share(3), 8 - first, first=first, workers=workers) == whole[first:]


def test_processes_share_what_one_with_their_total_batch_sees() -> None:
    apart = [places(Share(2, rank, 2), 5) for rank in range(2)]
    assert [a + b for a, b in zip(*apart, strict=True)] == places(Share(4), 5)


def test_a_data_set_smaller_than_the_processes_batches_is_refused() -> None:
    with pytest.raises(InputError, match="10 items"):
        read_batches(Counted(0), Share(4, 0, 3), seed=0, workers=0)


def draw(count: int, generator: torch.Generator) -> Item:
    return Item(torch.rand(count, generator=generator), torch.zeros(count))


def rendered(share: Share, number: int, *, together: int = 2, first: int = 0) -> list[Tensor]:
    batches = Batches(rendered_batches(draw, share, seed=5, together=together, device=CPU))
    batches.load_state_dict({"taken": first})
    return [batches.next().drawn for _ in range(number)]


def test_rendered_batches_are_shared_and_resumed_like_read_ones() -> None:
    whole = rendered(Share(4), 4)
    assert len(torch.cat(whole).unique()) == 16
    apart = [rendered(Share(2, rank, 2), 4) for rank in range(2)]
    for one, two, together in zip(*apart, whole, strict=True):
        assert torch.equal(torch.cat([one, two]), together)
    assert torch.equal(torch.cat(rendered(Share(4), 2, first=2)), torch.cat(whole[2:]))


def test_any_batch_can_be_rendered() -> None:
    assert [len(batch) for batch in rendered(Share(3), 2, together=8)] == [3, 3]


def test_moving_keeps_tuples_and_gaps() -> None:
    batch = move_to_device(Item(torch.ones(2), None), CPU)  # pyright: ignore[reportArgumentType]
    assert isinstance(batch, Item)
    assert batch.index is None
