"""Sums over integer neighbours, and when the Triton form is chosen."""

import torch

from models.ops.neighbours import can_run_triton, sum_neighbours


def test_neighbours_are_clamped_one_by_one() -> None:
    source = torch.arange(4.0, dtype=torch.float64).view(1, 1, 2, 2)
    at = torch.full((1, 1, 1), 1.0, dtype=torch.float64)
    weights = torch.ones(1, 1, 1, 1, 3, dtype=torch.float64)
    assert sum_neighbours(source, at, at, weights, columns=(-1, 0, 5), rows=(0,)).item() == 2 + 3 + 3


def test_triton_needs_cuda() -> None:
    assert "needs CUDA" in str(can_run_triton(torch.zeros(1, 1, 2, 2), range(2), range(2)))
