"""The Triton form against the torch form, in Triton's interpreter: in a fresh process, as it is chosen at import."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

SCRIPT = """
import torch
from models.ops import cells_triton
from models.ops.neighbours import bilinear_weights, split_positions, sum_neighbours_torch
from models.ops.neighbours_triton import sum_neighbours_triton

cells_triton.PROGRAMS = 1  # the interpreter takes its time for every program, whatever its size
random = torch.Generator().manual_seed(4)
for channels, columns, rows in (
    (5, range(-1, 3), range(-1, 3)), (16, range(1, 3), range(1, 3)), (1, range(-3, 1), range(-2, 1))
):
    source = torch.randn(2, channels, 3, 4, generator=random)
    x0 = (torch.rand(2, 5, 3, generator=random) * 10 - 4).floor()
    y0 = (torch.rand(2, 5, 3, generator=random) * 10 - 4).floor()
    weights = torch.randn(2, 5, 3, len(rows), len(columns), generator=random)
    upstream = torch.randn(2, channels, 5, 3, generator=random)
    results = []
    for form in (sum_neighbours_torch, sum_neighbours_triton):
        inputs = [source.clone().requires_grad_(), weights.clone().requires_grad_()]
        made = form(inputs[0], x0, y0, inputs[1], columns=columns, rows=rows)
        made.backward(upstream)
        results.append((made.detach(), inputs[0].grad, inputs[1].grad))
    for exact, kernel in zip(*results):
        torch.testing.assert_close(kernel, exact, atol=2e-6, rtol=1e-5)
"""


def test_values_and_gradients_equal_the_torch_form():
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
