"""Batches of tensors in lists, tuples and dataclasses, as generators return them.

In: such a nest. Out: one of the same form with other tensors. B batch.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, cast

from torch import Tensor

Batch = TypeVar("Batch")


def select_items(batch: Batch, which: slice | Tensor) -> Batch:
    """Some items of a batch: of a tensor [B,...], or of every tensor in a list, tuple or dataclass; None stays None."""
    return map_tensors(batch, lambda tensor: tensor[which])


def map_tensors(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """`batch` with every tensor in it changed, in order, in lists, tuples and dataclasses; None stays None."""
    if isinstance(batch, Tensor):
        return cast(Batch, change(batch))
    if isinstance(batch, list | tuple):
        return cast(Batch, type(batch)(map_tensors(item, change) for item in batch))
    if batch is None:
        return batch
    parts: dict[str, Any] = {
        field.name: map_tensors(getattr(batch, field.name), change) for field in fields(cast(Any, batch))
    }
    return type(batch)(**parts)
