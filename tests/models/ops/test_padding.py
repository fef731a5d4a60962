"""Padding continues the border and keeps the precision."""

import pytest
import torch

from models.ops.padding import pad


@pytest.mark.parametrize(("mode", "expected"), [("reflect", [1, 0, 1, 2, 1]), ("replicate", [0, 0, 1, 2, 2])])
def test_the_border_goes_on(mode: str, expected: list[float]) -> None:
    row = torch.arange(3.0).expand(1, 1, 3, 3)
    assert pad(row, 1, mode=mode)[0, 0, 2].tolist() == expected


def test_sides_may_differ() -> None:
    assert pad(torch.zeros(1, 1, 4, 5), 2, 1, mode="replicate").shape == (1, 1, 7, 8)


def test_autocast_leaves_half_precision_as_it_is() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert pad(torch.zeros(1, 1, 4, 4, dtype=torch.bfloat16), 1, mode="reflect").dtype == torch.bfloat16
