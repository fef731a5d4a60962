"""Sums over integer neighbours, and when the Triton form is chosen."""

import pytest
import torch

from models.ops.neighbours import can_run_triton, sum_neighbours


def test_neighbours_are_clamped_one_by_one() -> None:
    source = torch.arange(4.0, dtype=torch.float64).view(1, 1, 2, 2)
    at = torch.full((1, 1, 1), 1.0, dtype=torch.float64)
    weights = torch.ones(1, 1, 1, 1, 3, dtype=torch.float64)
    assert sum_neighbours(source, at, at, weights, columns=(-1, 0, 5), rows=(0,)).item() == 2 + 3 + 3


def test_triton_needs_cuda() -> None:
    assert "needs CUDA" in str(can_run_triton(torch.zeros(1, 1, 2, 2), range(2), range(2)))


class OnGpu(torch.Tensor):
    device = torch.device("cuda")


def test_triton_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = torch.zeros(1, 1, 2, 2).as_subclass(OnGpu)
    monkeypatch.setattr("models.ops.neighbours.HAS_TRITON", False)
    assert "not installed" in str(can_run_triton(source))


def test_triton_needs_neighbours_side_by_side() -> None:
    source = torch.zeros(1, 1, 2, 2).as_subclass(OnGpu)
    assert "steps of the lattice" in str(can_run_triton(source, range(0, 4, 2), range(2)))
    assert "steps of the lattice" not in str(can_run_triton(source, range(2), range(2)))
