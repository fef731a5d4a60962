"""Warping against loops over pixels, its numerical gradient, and awkward inputs."""

import pytest
import torch

from models.ops.sampling import warp
from tests.helpers.golden import assert_close
from tests.helpers.looped_ops import looped_blocks, make_flow, make_uniform

TOLERANCES = {torch.float64: 1e-11, torch.float32: 2e-5}


@pytest.mark.parametrize("dtype", list(TOLERANCES), ids=["float64", "float32"])
@pytest.mark.parametrize("spread", [0.0, 2.3, 60.0])
def test_warp(spread: float, dtype: torch.dtype) -> None:
    source, flow = make_uniform(2, 3, 5, 4, dtype=dtype), make_flow(2, 2, 4, 6, spread=spread, dtype=dtype)
    assert_close("warp", warp(source, flow), looped_blocks(source, flow, 1), TOLERANCES[dtype])


def test_gradient() -> None:
    leaves = [make_uniform(2, 2, 3, 4).requires_grad_(), make_flow(2, 2, 3, 2, spread=2.0).requires_grad_()]
    assert torch.autograd.gradcheck(warp, leaves)


def test_memory_layout_does_not_matter() -> None:
    source, flow = make_uniform(2, 4, 6, 5), make_flow(2, 2, 6, 5, spread=2.0)
    last = [value.contiguous(memory_format=torch.channels_last) for value in (source, flow)]
    assert_close("warp", warp(*last), warp(source, flow), 1e-12)


@pytest.mark.parametrize("size", [(0, 3, 4), (2, 0, 4)])
def test_empty_batch_or_flow(size: tuple[int, int, int]) -> None:
    batch, height, width = size
    assert warp(make_uniform(batch, 4, 5, 6), make_uniform(batch, 2, height, width)).shape == (batch, 4, height, width)


def test_single_pixel_source() -> None:
    source, flow = make_uniform(1, 2, 1, 1), make_flow(1, 2, 1, 1, spread=3.0)
    assert_close("warp", warp(source, flow), source, 1e-12)


def test_autocast_keeps_positions_exact() -> None:
    """A ramp that is read far from its origin shows any rounding of the positions."""
    ramp = torch.arange(256.0).expand(1, 1, 4, 256)
    flow = make_flow(1, 2, 4, 256, spread=0.0, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_close("warp", warp(ramp, flow), warp(ramp.double(), flow.double()), 1e-3)


def test_wrong_shapes_are_refused() -> None:
    source = make_uniform(1, 2, 4, 4)
    with pytest.raises(ValueError, match="flow"):
        warp(source, make_uniform(1, 3, 4, 4))
    with pytest.raises(ValueError, match="flow"):
        warp(source, make_uniform(2, 2, 4, 4))
    with pytest.raises(ValueError, match="no pixels"):
        warp(make_uniform(1, 2, 0, 4), make_uniform(1, 2, 4, 4))
