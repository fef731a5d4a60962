"""Limb motion and its candidates as Triton kernels, against the torch form in float64, in Triton's interpreter."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

# A fresh process, because the interpreter is chosen at import.
SCRIPT = """
import torch
from models import limbs
from models.ops.limbs_triton import limb_motion_triton

torch.manual_seed(0)
pairs = torch.tensor([(0, 1), (1, 2), (2, 2), (0, 3), (0, 4), (1, 5)])
target, source = (40 * torch.rand(3, 6, 2) for _ in range(2))
target[1, 3], source[0, 4], source[1, 3] = torch.nan, torch.nan, torch.nan
target[2, 1] = target[2, 0]  # seen end-on
for unit in (1.0, 2.5):
    expected = limbs.limb_motion(target, source, pairs, unit)
    found = limbs.LimbMotion(*limb_motion_triton(target, source, pairs, short=limbs.SHORT * unit), unit)
    for name in ("maps", "begins", "ends"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name), atol=2e-4, rtol=1e-5)
    for layout, cell in ((torch.contiguous_format, 4), (torch.channels_last, 8)):
        flow, scores = torch.randn(3, 2, 5, 7), 3 * torch.randn(3, 7, 5, 7)
        exact = limbs.LimbMotion(*(getattr(found, name).double() for name in ("maps", "begins", "ends")), unit)
        exact = exact.follow(flow.double(), scores.double(), cell)
        flow, scores = (each.contiguous(memory_format=layout) for each in (flow, scores))
        limbs.can_fuse = lambda x: True
        value = found.follow(flow, scores, cell)
        limbs.can_fuse = lambda x: False
        torch.testing.assert_close(value.double(), exact, atol=1e-5, rtol=1e-5)
        assert value.is_contiguous(memory_format=layout)
        assert value.isfinite().all()

# The beginning of a limb is not known: nothing of this item of the batch is, as in torch.
target[0, 0] = torch.nan
expected = limbs.limb_motion(target, source, pairs)
found = limbs.LimbMotion(*limb_motion_triton(target, source, pairs, short=limbs.SHORT))
torch.testing.assert_close(found.maps, expected.maps, atol=2e-4, rtol=1e-5, equal_nan=True)
flow, scores = torch.zeros(3, 2, 5, 7), torch.zeros(3, 7, 5, 7)
expected = expected.follow(flow, scores, 4)
limbs.can_fuse = lambda x: True
value = found.follow(flow, scores, 4)
assert value[0].isnan().all()
torch.testing.assert_close(value, expected, atol=1e-4, rtol=1e-5, equal_nan=True)
"""


def test_limbs_move_as_in_torch_whether_their_ends_are_known_or_not() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
