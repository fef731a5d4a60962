"""Local attention against loops over pixels, its numerical gradient, and awkward inputs."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from models.attention import LocalAttention
from models.ops.local_attention import project_source
from tests.helpers.golden import assert_close
from tests.helpers.literal_attention import extract_blocks, reshape_attention
from tests.helpers.looped_ops import looped_blocks, make_flow, make_uniform

TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 3e-2}
DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
FLOWS = pytest.mark.parametrize("spread", [0.0, 2.3, 60.0])


def looped_attention(module: LocalAttention, source: Tensor, target: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """The paper's literal form, from looped blocks."""
    blocks = looped_blocks(source, flow, kernel)
    queries = looped_blocks(target, torch.zeros_like(flow), kernel)
    weights = module.fully_connect_layer(torch.cat([queries, blocks], dim=1)).softmax(dim=1)
    return torch.nn.functional.avg_pool2d(reshape_attention(weights) * blocks, kernel)


@DTYPES
@FLOWS
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_it_is_the_literal_form(kernel: int, spread: float, dtype: torch.dtype) -> None:
    source, target = make_uniform(2, 2, 4, 5, dtype=dtype), make_uniform(2, 2, 3, 4, dtype=dtype)
    flow = make_flow(2, 2, 3, 4, spread=spread, dtype=dtype)
    module = LocalAttention(channels=2, kernel_size=kernel, hidden=8).to(dtype)
    expected = looped_attention(module, source, target, flow, kernel)
    assert_close("attention", module(source, target, flow), expected, TOLERANCES[dtype])
    assert_close("cached", module(source, target, flow, projected=module.project(source)), expected, TOLERANCES[dtype])


@pytest.mark.parametrize("shift", [0.0, 1.0, -2.0, 0.5, 1e6, -1e30, math.inf])
def test_it_takes_any_flow(shift: float) -> None:
    source, target = make_uniform(1, 2, 4, 5), make_uniform(1, 2, 4, 5)
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    bounded = max(min(shift, 50.0), -50.0)
    expected = looped_attention(module, source, target, torch.full((1, 2, 4, 5), bounded, dtype=torch.float64), 3)
    found = module(source, target, torch.full((1, 2, 4, 5), shift, dtype=torch.float64))
    if math.isfinite(shift):
        assert_close("attention", found, expected, 1e-12)
    assert found.shape == expected.shape


@pytest.mark.parametrize("kernel", [2, 3])
def test_gradient(kernel: int) -> None:
    module = LocalAttention(channels=2, kernel_size=kernel, hidden=3).double()
    inputs = [make_uniform(2, 2, 3, 4), make_uniform(2, 2, 2, 3), make_flow(2, 2, 2, 3, spread=2.0)]
    leaves = [value.requires_grad_() for value in inputs] + list(module.parameters())

    def compute(source: Tensor, target: Tensor, flow: Tensor, *parameters: Tensor) -> Tensor:
        names = [name for name, _ in module.named_parameters()]
        state = dict(zip(names, parameters, strict=True))
        result = torch.func.functional_call(module, state, (source, target, flow))
        assert isinstance(result, Tensor)
        return result

    assert torch.autograd.gradcheck(compute, leaves)


@DTYPES
@FLOWS
@pytest.mark.parametrize("kernel", [1, 3, 4])
def test_extracted_blocks_are_the_looped_ones(kernel: int, spread: float, dtype: torch.dtype) -> None:
    source, flow = make_uniform(2, 2, 4, 3, dtype=dtype), make_flow(2, 2, 3, 4, spread=spread, dtype=dtype)
    expected = looped_blocks(source, flow, kernel)
    assert_close("blocks", extract_blocks(source, flow, kernel), expected, 10 * TOLERANCES[dtype])


def test_gradient_of_extracted_blocks() -> None:
    leaves = [make_uniform(2, 2, 3, 4).requires_grad_(), make_flow(2, 2, 3, 2, spread=2.0).requires_grad_()]
    assert torch.autograd.gradcheck(lambda source, flow: extract_blocks(source, flow, 2), leaves)


@pytest.mark.parametrize("size", [(0, 3, 4), (2, 0, 4)])
def test_empty_blocks(size: tuple[int, int, int]) -> None:
    batch, height, width = size
    blocks = extract_blocks(make_uniform(batch, 4, 5, 6), make_uniform(batch, 2, height, width), 3)
    assert blocks.shape == (batch, 4, 3 * height, 3 * width)


def test_reshape_puts_each_weight_into_its_block() -> None:
    attention = make_uniform(2, 9, 2, 3)
    reshaped = reshape_attention(attention)
    for r, s in product(range(3), range(3)):
        assert torch.equal(reshaped[:, 0, r::3, s::3], attention[:, 3 * r + s])
    with pytest.raises(ValueError, match="square"):
        reshape_attention(make_uniform(1, 8, 2, 2))


def test_memory_layout_does_not_matter() -> None:
    module = LocalAttention(channels=4, kernel_size=3, hidden=8).double()
    source, target = make_uniform(2, 4, 6, 5), make_uniform(2, 4, 6, 5)
    flow = make_flow(2, 2, 6, 5, spread=2.0)
    expected = module(source, target, flow)
    strided = torch.stack([source, source], dim=-1)[..., 0]
    last = [value.contiguous(memory_format=torch.channels_last) for value in (source, target, flow)]
    assert not strided.is_contiguous()
    assert_close("strided", module(strided, target, flow.transpose(2, 3).contiguous().transpose(2, 3)), expected, 1e-12)
    assert_close("channels last", module(*last), expected, 1e-12)


def test_single_pixel_source() -> None:
    source, flow = make_uniform(1, 2, 1, 1), make_flow(1, 2, 1, 1, spread=3.0)
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    assert_close("attention", module(source, source, flow), source / 9, 1e-12)


def test_autocast_keeps_positions_exact() -> None:
    module = LocalAttention(channels=4, kernel_size=3, hidden=8)
    source, target = make_uniform(1, 4, 6, 6, dtype=torch.float32), make_uniform(1, 4, 6, 6, dtype=torch.float32)
    flow = make_flow(1, 2, 6, 6, spread=2.0, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = module(source, target, flow)
    assert_close("attention", found, module(source, target, flow), TOLERANCES[torch.bfloat16])


def test_wrong_shapes_are_refused() -> None:
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    source, flow = make_uniform(1, 2, 4, 4), make_uniform(1, 2, 4, 4)
    with pytest.raises(ValueError, match="expected target"):
        module(source, make_uniform(1, 2, 3, 4), flow)
    with pytest.raises(ValueError, match="expected weight"):
        module(make_uniform(1, 3, 4, 4), make_uniform(1, 3, 4, 4), flow)
    with pytest.raises(ValueError, match="expected projected"):
        module(source, source, flow, projected=project_source(source, make_uniform(4, 2, 5, 5)))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", list(TOLERANCES), ids=str)
def test_cuda_agrees_with_cpu(dtype: torch.dtype) -> None:
    module = LocalAttention(channels=8, kernel_size=3, hidden=16).double()
    source, target, flow = make_uniform(2, 8, 9, 7), make_uniform(2, 8, 9, 7), make_flow(2, 2, 9, 7, spread=3.0)
    leaves = [value.requires_grad_() for value in (source, target, flow)]
    expected = torch.autograd.grad(module(*leaves).square().sum(), leaves)
    moved = module.cuda().float() if dtype == torch.bfloat16 else module.cuda().to(dtype)
    wanted = torch.float64 if dtype == torch.float64 else torch.float32
    inputs = [value.detach().cuda().to(wanted).requires_grad_() for value in leaves]
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        loss = moved(*inputs).float().square().sum() if dtype == torch.bfloat16 else moved(*inputs).square().sum()
    for name, found, value in zip(
        ("source", "target", "flow"), torch.autograd.grad(loss, inputs), expected, strict=True
    ):
        assert_close(name, found.cpu(), value, 10 * TOLERANCES[dtype])
