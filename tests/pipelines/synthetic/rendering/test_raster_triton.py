"""The Triton form against the PyTorch form, in Triton's interpreter: in a fresh process, as it is chosen at import."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

SCRIPT = """
import torch
from pipelines.synthetic.rendering.raster import EMPTY, draw_torch
from pipelines.synthetic.rendering.raster_triton import SMALL, draw_triton

random = torch.Generator().manual_seed(6)
count, size = 60, (24, 32)
middle = torch.rand(count, 1, 2, generator=random) * torch.tensor([40.0, 32.0]) - 5
reach = torch.where(torch.arange(count) < 12, 20.0, 2.5)[:, None, None]
pixel = (middle + reach * torch.randn(count, 3, 2, generator=random)).flatten(0, 1)
nearness = torch.randn(3 * count, generator=random)
triangles = torch.arange(3 * count).view(-1, 3)
picture = torch.randint(0, 3, (count,), generator=random)
two_sided = torch.rand(count, generator=random) < 0.3
results = []
for draw in (draw_torch, draw_triton):
    best = torch.full((3 * size[0] * size[1],), EMPTY)
    draw(best, pixel, nearness, triangles, picture, two_sided, size)
    results.append(best)
numbers = (results[0][results[0] != EMPTY] & 0xFFFFFFFF).unique()
box = (pixel[triangles].amax(1) - pixel[triangles].amin(1)).prod(-1)[numbers]
assert (box > 2 * SMALL).sum() > 3 and (box < SMALL / 2).sum() > 9, "both ways of drawing are tried"
assert torch.equal(*results)
"""


def test_both_forms_give_the_same_bits():
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
