"""Small tensor helpers that every part of the synthetic room uses.

Legend: B batch of clips, T frames, N = B * T pictures.
"""

import dataclasses
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor

Record = TypeVar("Record", bound=Any)


@cache
def constant(values: tuple, device: torch.device) -> Tensor:
    """A float32 tensor of (nested) numbers, made once per device: copies from the host stall a GPU."""
    return torch.tensor(values, dtype=torch.float32, device=device)


def repeat_per_picture(values: Tensor, frames: int) -> Tensor:
    """Repeats the values [B, ...] of B clips for each of their `frames` pictures: [B * frames, ...]."""
    return values.repeat_interleave(frames, 0)


def move_to_device(record: Record, device: torch.device | str) -> Record:
    """A copy on `device` of a dataclass, with the tensors and dataclasses among its fields."""
    moved = {}
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        if isinstance(value, Tensor):
            moved[item.name] = value.to(device)
        elif dataclasses.is_dataclass(value):
            moved[item.name] = move_to_device(value, device)
    return dataclasses.replace(record, **moved)
