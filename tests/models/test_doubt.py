"""Flows that fold or stretch, and images unlike the generated one, are found; what a body does is not."""

import math

import pytest
import torch
from torch import Tensor

from models.doubt import measure_difference, measure_distortion
from tests.helpers.operations import COPIES, Operations

SIDE = 16


def linear_flow(matrix: list[list[float]], shift: float = 0.0) -> Tensor:
    """[1,2,16,16]: position p of the target is at matrix @ p + shift in the source."""
    axis = torch.arange(SIDE, dtype=torch.float32)
    places = torch.stack(torch.meshgrid(axis, axis, indexing="xy"))  # [2,16,16]
    return (torch.einsum("ij,jhw->ihw", torch.tensor(matrix), places) - places + shift)[None]


def inside(distortion: Tensor) -> Tensor:
    """Without the border, where a difference is one-sided."""
    return distortion[..., 1:-1, 1:-1]


@pytest.mark.parametrize("degrees", [0, 40, 90, 180])
@pytest.mark.parametrize("size", [0.4, 1.0, 1.25])
def test_a_limb_that_turns_and_comes_closer_is_not_distorted(degrees: float, size: float) -> None:
    c, s = size * math.cos(math.radians(degrees)), size * math.sin(math.radians(degrees))
    flow = linear_flow([[c, -s], [s, c]], shift=3.0)
    assert inside(measure_distortion(flow)).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1.8, 0.0], [0.0, 1.0]], 0.5),
        ([[0.0, -2.0], [1.0, 0.0]], 0.7),
        ([[1.0, 0.0], [0.0, 0.1]], 0.4),
        ([[1.0, 0.0], [0.0, -0.1]], 0.8),
        ([[0.0, 1.0], [1.0, 0.0]], 1.0),
    ],
)
def test_distortion_grows_with_the_stretch_and_is_largest_for_mirrors(
    matrix: list[list[float]], expected: float
) -> None:
    found = inside(measure_distortion(linear_flow(matrix)))
    torch.testing.assert_close(found, torch.full_like(found, expected))


def test_only_the_seam_between_two_motions_is_distorted() -> None:
    flow = linear_flow([[1.0, 0.0], [0.0, 1.0]])
    flow[..., 8:] += 5
    found = measure_distortion(flow)[0, 0]
    assert (found[:, 7:9] > 0.5).all()
    assert (found[:, :7] < 1e-5).all()
    assert (found[:, 9:] < 1e-5).all()


def test_differences_are_those_of_means() -> None:
    torch.manual_seed(0)
    image, stripes = torch.rand(2, 3, 32, 32), torch.tensor([0.3, -0.3]).repeat(16)
    assert measure_difference(image + stripes, image, 4).max() < 1e-5, "a pattern has the same mean"
    found = measure_difference(image + 0.25, image, 4)
    assert found.shape == (2, 1, 8, 8)
    torch.testing.assert_close(found, torch.full_like(found, 0.2))


def test_differences_reach_one_square_further() -> None:
    image, other = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    other[..., 12:16, 12:16] = 0.9
    found = measure_difference(image, other, 4)[0, 0]
    torch.testing.assert_close(found[2:5, 2:5], torch.full((3, 3), 0.05))
    found[2:5, 2:5] = 0
    assert not found.any()


def test_nothing_is_copied_from_the_cpu_while_a_graph_is_captured() -> None:
    image, flow = torch.rand(1, 3, 32, 32), torch.rand(1, 2, 8, 8)
    with Operations() as operations:
        measure_difference(image, image, 4)
        measure_distortion(flow)
    assert operations.names
    assert not operations.names & COPIES
