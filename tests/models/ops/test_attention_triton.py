"""The kernels of local attention against the torch form in float64: in Triton's interpreter, and on a GPU."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch

pytest.importorskip("triton")

from models.attention import LocalAttention
from tests.helpers.attention_parts import Shape, differentiate, make_parts, measure_errors

TOLERANCES = {torch.bfloat16: 4e-3, torch.float32: 1e-5}
ON_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
SHAPES = Shape("dance", 128, 128, 64, 5), Shape("person", 64, 64, 64, 3)

# A fresh process, because the interpreter is chosen at import. It rounds to bfloat16 by cutting off, and takes its time
# for every program, whatever its size.
PARTS = """
import torch
from models.ops import cells_triton
from tests.helpers.attention_parts import Shape, make_parts, measure_errors

torch.manual_seed(1)
cells_triton.PROGRAMS = 1
for batch, shape, precision, tolerance in (
    (1, Shape("", 16, 8, 5, 3), torch.float32, 1e-5),
    (2, Shape("", 5, 3, 3, 2), torch.bfloat16, 8e-3),
    (8, Shape("", 4, 4, 2, 1), torch.float32, 1e-5),
):
    for part in make_parts(shape, batch, precision, "cpu"):
        errors = measure_errors(part)
        assert max(errors) < tolerance, (part.name, batch, errors)
"""
WHOLE = """
import torch
from models.attention import LocalAttention
from models.ops import local_attention

torch.manual_seed(2)
module = LocalAttention(channels=3, kernel_size=3, hidden=4, softmax=False)
inputs = torch.randn(1, 3, 3, 4), torch.randn(1, 3, 4, 3), 4 * torch.randn(1, 2, 4, 3)
results = []
for reason, precision in (("", torch.float64), (None, torch.float32)):
    local_attention.can_run_triton = lambda source: reason
    leaves = [value.to(precision).requires_grad_() for value in inputs]
    result, attention = module.to(precision).attend(*leaves)
    loss = result.square().sum() + attention.square().sum()
    results.append([result, attention, *torch.autograd.grad(loss, [*leaves, *module.parameters()])])
for exact, found in zip(*results):
    error = (found.double() - exact).abs().max() / exact.abs().max()
    assert error < 1e-5, error
"""


@pytest.mark.parametrize("script", [PARTS, WHOLE], ids=["parts", "whole"])
def test_values_and_gradients_equal_the_torch_form(script: str) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.gpu
@ON_GPU
@pytest.mark.parametrize("precision", list(TOLERANCES), ids=str)
@pytest.mark.parametrize("batch", [1, 2, 8])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_real_sizes_on_a_gpu(shape: Shape, batch: int, precision: torch.dtype) -> None:
    torch.manual_seed(0)
    for part in make_parts(shape, batch, precision):
        assert max(measure_errors(part)) < TOLERANCES[precision], part.name


def _differentiate(module: torch.nn.Module, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    result = module(*inputs)
    return result, *torch.autograd.grad(result.float().square().sum(), [*inputs, *module.parameters()])


def _make_module_and_inputs(batch: int) -> tuple[LocalAttention, list[torch.Tensor]]:
    torch.manual_seed(0)
    inputs = torch.randn(batch, 64, 64, 64), torch.randn(batch, 64, 64, 64), 3 * torch.randn(batch, 2, 64, 64)
    leaves = [value.cuda().contiguous(memory_format=torch.channels_last).requires_grad_() for value in inputs]
    return LocalAttention(channels=64, kernel_size=3, hidden=64).cuda().to(memory_format=torch.channels_last), leaves


def _capture(work: Callable[[], tuple[torch.Tensor, ...]]) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    """Results of an ordinary call, and of a CUDA graph of it."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        expected = [work() for _ in range(3)][-1]
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = work()
    graph.replay()
    torch.cuda.synchronize()
    return found, expected


@pytest.mark.gpu
@ON_GPU
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_kernels_in_a_cuda_graph_give_the_same_bits(shape: Shape) -> None:
    torch.manual_seed(0)
    for part in make_parts(shape, 8, torch.bfloat16):
        upstream = torch.randn_like(part.triton_form(*part.inputs))
        for found, expected in zip(
            *_capture(partial(differentiate, part.trained_form, part.inputs, upstream)), strict=True
        ):
            assert torch.equal(found, expected), part.name


@pytest.mark.gpu
@ON_GPU
@pytest.mark.parametrize("batch", [1, 8])
def test_a_cuda_graph_repeats_the_ordinary_call(batch: int) -> None:
    module, inputs = _make_module_and_inputs(batch)
    with torch.autocast("cuda", dtype=torch.bfloat16, cache_enabled=False):
        found, expected = _capture(partial(_differentiate, module, *inputs))
    assert torch.equal(found[0], expected[0])
    # PyTorch's gradient of replicate padding adds in any order, and so may cuDNN's gradients of convolutions.
    for value, other in zip(found[1:], expected[1:], strict=True):
        assert float((value - other).norm() / other.norm()) < TOLERANCES[torch.bfloat16]


@pytest.mark.gpu
@ON_GPU
def test_it_compiles() -> None:
    module, inputs = _make_module_and_inputs(2)
    expected = _differentiate(module, *inputs)
    module.compile(fullgraph=True)
    found = _differentiate(module, *inputs)
    for value, other in zip(found, expected, strict=True):
        assert float((value - other).norm() / other.norm()) < 1e-2
