"""Batch norm fused with its activation, against float64: in Triton's interpreter, and on a GPU."""

import os
import subprocess
import sys
from copy import deepcopy

import pytest
import torch

pytest.importorskip("triton")

from models import layers
from models.layers import EncoderBlock

# A fresh process, because the interpreter is chosen at import. It rounds to bfloat16 by cutting off.
SCRIPT = """
import torch
import torch.nn.functional as F
from models.ops import batch_norm_triton

# Small blocks, so that several programs share the rows of a small map.
batch_norm_triton.BLOCK, batch_norm_triton.PROGRAMS, batch_norm_triton.CHANNELS = 32, 4, 4
torch.manual_seed(0)
for channels, precision, tolerance in ((6, torch.float32, 1e-5), (3, torch.bfloat16, 8e-3)):
    maps = (2 * torch.randn(2, channels, 5, 3) + 1).to(precision)
    inputs, upstream = (maps, torch.randn(channels), torch.randn(channels)), torch.randn(2, channels, 5, 3)
    leaves = [value.double().requires_grad_() for value in inputs]
    statistics = torch.full((channels,), 0.3).double(), torch.full((channels,), 2.0).double()
    made = F.leaky_relu(F.batch_norm(leaves[0], *statistics, *leaves[1:], True, 0.1, 1e-5), 0.1)
    exact = made, *statistics, *torch.autograd.grad(made, leaves, upstream.double())
    leaves = [value.clone().requires_grad_() for value in inputs]
    statistics = torch.full((channels,), 0.3), torch.full((channels,), 2.0)
    made = batch_norm_triton.normalise_and_activate_triton(*leaves, *statistics, momentum=0.1, epsilon=1e-5, slope=0.1)
    found = made, *statistics, *torch.autograd.grad(made, leaves, upstream.to(precision))
    for value, other in zip(found, exact):
        error = float((value.double() - other).abs().max() / other.abs().max())
        assert error < tolerance, (channels, precision, error)
"""


def test_values_gradients_and_statistics_are_those_of_float64() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("autocast", [False, True])
def test_a_block_trains_as_exactly_as_with_separate_norms_on_a_gpu(
    autocast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Convolutions in TF32 and bfloat16 are the same in both; the norms must not add to their error."""
    torch.manual_seed(0)
    block = EncoderBlock(inputs=24, outputs=64, norm="batch").cuda()
    x = torch.randn(8, 24, 64, 64, device="cuda") + 1
    expected = train_once(deepcopy(block).double(), x.double(), autocast=False)
    block = block.to(memory_format=torch.channels_last)
    fused = train_once(deepcopy(block), x, autocast=autocast)
    monkeypatch.setattr(layers, "can_run_triton", lambda x: "switched off")
    separate = train_once(deepcopy(block), x, autocast=autocast)
    for exact, one, other in zip(expected, fused, separate, strict=True):
        errors = [float((value.double() - exact).norm() / exact.norm()) for value in (one, other)]
        assert errors[0] < 1.5 * errors[1] + 1e-5


def train_once(block: EncoderBlock, x: torch.Tensor, *, autocast: bool) -> list[torch.Tensor]:
    """The block's result, its gradients for fixed gradients of the result, and its running statistics afterwards."""
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=autocast):
        result = block(x)
    upstream = torch.randn(result.shape, generator=torch.Generator().manual_seed(1)).to(result)
    gradients = torch.autograd.grad(result, list(block.parameters()), upstream)
    return [result, *gradients, *(value for value in block.buffers() if value.is_floating_point())]
