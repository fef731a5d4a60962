"""Every op against a loop-only reference, its numerical gradient, and awkward inputs."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from models.attention import LocalAttention
from models.ops.local_attention import project_source
from models.ops.neighbours import sum_neighbours
from models.ops.resampling import gaussian_resample
from models.ops.sampling import warp
from tests.helpers.golden import assert_close
from tests.helpers.literal_attention import extract_blocks, reshape_attention

TOLERANCES = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 3e-2}
DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
FLOWS = pytest.mark.parametrize("spread", [0.0, 2.3, 60.0])


def uniform(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=_generator).mul(2).sub(1).to(dtype)


def flow_like(*shape: int, spread: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """Flows whose fractions stay away from integers, where bilinear sampling has kinks."""
    whole = (uniform(*shape) * spread).round()
    return (whole + 0.5 + 0.3 * uniform(*shape)).to(dtype)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    _generator.manual_seed(7)


_generator = torch.Generator()


def pixel(plane: Tensor, y: float, x: float) -> Tensor:
    """Bilinear value of one plane [H,W] continued beyond its border, neighbour by neighbour."""
    height, width = plane.shape
    value = torch.zeros((), dtype=plane.dtype)
    for row, column in product((math.floor(y), math.floor(y) + 1), (math.floor(x), math.floor(x) + 1)):
        weight = (1 - abs(y - row)) * (1 - abs(x - column))
        value += weight * plane[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
    return value


def looped_blocks(source: Tensor, flow: Tensor, kernel: int) -> Tensor:
    (batch, channels), (height, width) = source.shape[:2], flow.shape[-2:]
    blocks = torch.zeros(batch, channels, kernel * height, kernel * width, dtype=source.dtype)
    taps = range(kernel)
    for b, c, j, i, r, s in product(range(batch), range(channels), range(height), range(width), taps, taps):
        x = i + float(flow[b, 0, j, i]) + s - kernel // 2
        y = j + float(flow[b, 1, j, i]) + r - kernel // 2
        blocks[b, c, kernel * j + r, kernel * i + s] = pixel(source[b, c], y, x)
    return blocks


def literal_attention(module: LocalAttention, source: Tensor, target: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """The paper's order of work, from looped blocks."""
    blocks = looped_blocks(source, flow, kernel)
    asked = looped_blocks(target, torch.zeros_like(flow), kernel)
    weights = module.fully_connect_layer(torch.cat([asked, blocks], dim=1)).softmax(dim=1)
    return torch.nn.functional.avg_pool2d(reshape_attention(weights) * blocks, kernel)


@DTYPES
@FLOWS
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_local_attention_is_the_literal_form(kernel: int, spread: float, dtype: torch.dtype) -> None:
    source, target = uniform(2, 2, 4, 5, dtype=dtype), uniform(2, 2, 3, 4, dtype=dtype)
    flow = flow_like(2, 2, 3, 4, spread=spread, dtype=dtype)
    module = LocalAttention(channels=2, kernel_size=kernel, hidden=8).to(dtype)
    expected = literal_attention(module, source, target, flow, kernel)
    assert_close("attention", module(source, target, flow), expected, TOLERANCES[dtype])
    assert_close("cached", module(source, target, flow, projected=module.project(source)), expected, TOLERANCES[dtype])


@pytest.mark.parametrize("shift", [0.0, 1.0, -2.0, 0.5, 1e6, -1e30, math.inf])
def test_local_attention_takes_any_flow(shift: float) -> None:
    source, target = uniform(1, 2, 4, 5), uniform(1, 2, 4, 5)
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    bounded = max(min(shift, 50.0), -50.0)
    expected = literal_attention(module, source, target, torch.full((1, 2, 4, 5), bounded, dtype=torch.float64), 3)
    found = module(source, target, torch.full((1, 2, 4, 5), shift, dtype=torch.float64))
    if math.isfinite(shift):
        assert_close("attention", found, expected, 1e-12)
    assert found.shape == expected.shape


@pytest.mark.parametrize("kernel", [2, 3])
def test_local_attention_gradient(kernel: int) -> None:
    module = LocalAttention(channels=2, kernel_size=kernel, hidden=3).double()
    inputs = [uniform(2, 2, 3, 4), uniform(2, 2, 2, 3), flow_like(2, 2, 2, 3, spread=2.0)]
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
def test_blocks(kernel: int, spread: float, dtype: torch.dtype) -> None:
    source, flow = uniform(2, 2, 4, 3, dtype=dtype), flow_like(2, 2, 3, 4, spread=spread, dtype=dtype)
    expected = looped_blocks(source, flow, kernel)
    assert_close("blocks", extract_blocks(source, flow, kernel), expected, 10 * TOLERANCES[dtype])


@DTYPES
@FLOWS
def test_warp(spread: float, dtype: torch.dtype) -> None:
    source, flow = uniform(2, 3, 5, 4, dtype=dtype), flow_like(2, 2, 4, 6, spread=spread, dtype=dtype)
    assert_close("warp", warp(source, flow), looped_blocks(source, flow, 1), 10 * TOLERANCES[dtype])


def looped_resampling(source: Tensor, flow: Tensor, kernel: int, dilation: int, sigma: float) -> Tensor:
    (batch, channels, height, width), (rows, columns) = source.shape, flow.shape[-2:]
    result = torch.zeros(batch, channels, rows, columns, dtype=source.dtype)
    steps = [f * dilation for f in range(1 - kernel // 2, kernel // 2 + 1)]
    for b, j, i in product(range(batch), range(rows), range(columns)):
        x, y = i + float(flow[b, 0, j, i]), j + float(flow[b, 1, j, i])
        total, value = 0.0, torch.zeros(channels, dtype=source.dtype)
        for v, u in product(steps, steps):
            row, column = math.floor(y) + v, math.floor(x) + u
            weight = math.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * sigma**2))
            value += weight * source[b, :, min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
            total += weight
        result[b, :, j, i] = value / total
    return result


@FLOWS
@pytest.mark.parametrize(("kernel", "dilation", "sigma"), [(4, 1, 2.0), (2, 3, 0.7)])
def test_gaussian_resampling(kernel: int, dilation: int, sigma: float, spread: float) -> None:
    source, flow = uniform(2, 2, 5, 4), flow_like(2, 2, 3, 4, spread=spread)
    found = gaussian_resample(source, flow, kernel_size=kernel, dilation=dilation, sigma=sigma)
    assert_close("resampled", found, looped_resampling(source, flow, kernel, dilation, sigma), 1e-12)


@pytest.mark.parametrize("op", [warp, gaussian_resample, lambda source, flow: extract_blocks(source, flow, 2)])
def test_gradients(op) -> None:
    leaves = [uniform(2, 2, 3, 4).requires_grad_(), flow_like(2, 2, 3, 2, spread=2.0).requires_grad_()]
    assert torch.autograd.gradcheck(op, leaves)


def test_reshape_puts_each_weight_into_its_block() -> None:
    attention = uniform(2, 9, 2, 3)
    reshaped = reshape_attention(attention)
    for r, s in product(range(3), range(3)):
        assert torch.equal(reshaped[:, 0, r::3, s::3], attention[:, 3 * r + s])
    with pytest.raises(ValueError, match="square"):
        reshape_attention(uniform(1, 8, 2, 2))


def test_memory_layout_does_not_matter() -> None:
    module = LocalAttention(channels=4, kernel_size=3, hidden=8).double()
    source, target = uniform(2, 4, 6, 5), uniform(2, 4, 6, 5)
    flow = flow_like(2, 2, 6, 5, spread=2.0)
    expected = module(source, target, flow)
    strided = torch.stack([source, source], dim=-1)[..., 0]
    last = [value.contiguous(memory_format=torch.channels_last) for value in (source, target, flow)]
    assert not strided.is_contiguous()
    assert_close("strided", module(strided, target, flow.transpose(2, 3).contiguous().transpose(2, 3)), expected, 1e-12)
    assert_close("channels last", module(*last), expected, 1e-12)
    assert_close("warp", warp(last[0], last[2]), warp(source, flow), 1e-12)


@pytest.mark.parametrize("size", [(0, 3, 4), (2, 0, 4)])
def test_empty_batch_or_flow(size: tuple[int, int, int]) -> None:
    batch, height, width = size
    source, target, flow = uniform(batch, 4, 5, 6), uniform(batch, 4, height, width), uniform(batch, 2, height, width)
    assert warp(source, flow).shape == target.shape
    assert gaussian_resample(source, flow).shape == target.shape
    assert extract_blocks(source, flow, 3).shape == (batch, 4, 3 * height, 3 * width)


def test_single_pixel_source() -> None:
    source, flow = uniform(1, 2, 1, 1), flow_like(1, 2, 1, 1, spread=3.0)
    assert_close("warp", warp(source, flow), source, 1e-12)
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    assert_close("attention", module(source, source, flow), source / 9, 1e-12)


def test_autocast_keeps_positions_exact() -> None:
    """A ramp that is read far from its origin shows any rounding of the positions."""
    ramp = torch.arange(256.0).expand(1, 1, 4, 256)
    flow = flow_like(1, 2, 4, 256, spread=0.0, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_close("warp", warp(ramp, flow), warp(ramp.double(), flow.double()), 1e-3)
        module = LocalAttention(channels=4, kernel_size=3, hidden=8)
        source, target = uniform(1, 4, 6, 6, dtype=torch.float32), uniform(1, 4, 6, 6, dtype=torch.float32)
        small = flow_like(1, 2, 6, 6, spread=2.0, dtype=torch.float32)
        found = module(source, target, small)
    assert_close("attention", found, module(source, target, small), TOLERANCES[torch.bfloat16])


def test_neighbours_are_clamped_one_by_one() -> None:
    source = torch.arange(4.0, dtype=torch.float64).view(1, 1, 2, 2)
    at = torch.full((1, 1, 1), 1.0, dtype=torch.float64)
    weights = torch.ones(1, 1, 1, 1, 3, dtype=torch.float64)
    assert sum_neighbours(source, at, at, weights, columns=(-1, 0, 5), rows=(0,)).item() == 2 + 3 + 3


def test_wrong_shapes_are_refused() -> None:
    module = LocalAttention(channels=2, kernel_size=3, hidden=4).double()
    source, flow = uniform(1, 2, 4, 4), uniform(1, 2, 4, 4)
    with pytest.raises(ValueError, match="flow"):
        warp(source, uniform(1, 3, 4, 4))
    with pytest.raises(ValueError, match="flow"):
        warp(source, uniform(2, 2, 4, 4))
    with pytest.raises(ValueError, match="no pixels"):
        warp(uniform(1, 2, 0, 4), flow)
    with pytest.raises(ValueError, match="target"):
        module(source, uniform(1, 2, 3, 4), flow)
    with pytest.raises(ValueError, match="weight"):
        module(uniform(1, 3, 4, 4), uniform(1, 3, 4, 4), flow)
    with pytest.raises(ValueError, match="projected"):
        module(source, source, flow, projected=project_source(source, uniform(4, 2, 5, 5)))
    with pytest.raises(ValueError, match="even"):
        gaussian_resample(source, flow, kernel_size=3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", list(TOLERANCES), ids=str)
def test_cuda_agrees_with_cpu(dtype: torch.dtype) -> None:
    module = LocalAttention(channels=8, kernel_size=3, hidden=16).double()
    source, target, flow = uniform(2, 8, 9, 7), uniform(2, 8, 9, 7), flow_like(2, 2, 9, 7, spread=3.0)
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
