"""The Triton form against the PyTorch form, in Triton's interpreter: in a fresh process, as it is chosen at import."""

import os
import subprocess
import sys

import pytest
import torch

from pipelines.synthetic.rendering.raster import can_run_triton, rasterise, to_samples
from tests.helpers.ellipsoids import make_ellipsoids, project

pytest.importorskip("triton")

SCRIPT = """
import torch
from pipelines.synthetic.rendering.raster_torch import EMPTY, draw_torch
from pipelines.synthetic.rendering.raster_triton import SMALL, draw_triton

random = torch.Generator().manual_seed(6)
count, size = 60, (24, 32)
middle = torch.rand(count, 1, 2, generator=random) * torch.tensor([32.0, 24.0])
reach = torch.where(torch.arange(count) < 14, 8.0, 2.5)[:, None, None]
pixel = (middle + reach * torch.randn(count, 3, 2, generator=random)).flatten(0, 1)
nearness = torch.randn(3 * count, generator=random)
triangles = torch.arange(3 * count).view(-1, 3)
picture = torch.randint(0, 3, (count,), generator=random)
two_sided = torch.rand(count, generator=random) < 0.5
results = []
for draw in (draw_torch, draw_triton):
    best = torch.full((3 * size[0] * size[1],), EMPTY)
    draw(best, pixel, nearness, triangles, picture, two_sided, size)
    results.append(best)
numbers = (results[0][results[0] != EMPTY] & 0xFFFFFFFF).unique()
box = (pixel[triangles].amax(1) - pixel[triangles].amin(1)).prod(-1)[numbers]
assert (box > 2 * SMALL).sum() > 2 and (box < SMALL).sum() > 20, "both ways of drawing are tried"
assert torch.equal(*results)
"""


def test_both_forms_give_the_same_bits():
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same_as_the_cpu():
    generator = torch.Generator().manual_seed(1)
    centre, radius = torch.randn(2, 30, 3, generator=generator) * 0.3
    vertices, triangles = make_ellipsoids(centre, radius.abs() + 0.1, rings=16, sectors=20)
    moved = vertices + 0.02 * torch.randn(6, len(vertices), 3, generator=generator)
    pixel, nearness = project(moved, scale=100.0, size=(256, 256))
    pixel, present = to_samples(pixel, 2), torch.rand(6, len(triangles), generator=generator) < 0.8
    expected = rasterise(pixel, nearness, triangles, present, size=(512, 512))
    inputs = [each.cuda() for each in (pixel, nearness, triangles, present)]
    assert can_run_triton(inputs[0])
    made = rasterise(*inputs, size=(512, 512))
    assert torch.equal(made.index.cpu(), expected.index)
    assert torch.equal(made.nearness.cpu(), expected.nearness)
