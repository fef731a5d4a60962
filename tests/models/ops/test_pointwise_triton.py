"""Scale, shift, sum and activation as one kernel, and padding, against float64 in Triton's interpreter."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

# A fresh process, because the interpreter is chosen at import. It rounds to bfloat16 by cutting off.
SCRIPT = """
import itertools
import torch
import torch.nn.functional as F
from models.ops.pointwise_triton import pad_triton, scale_and_shift_triton

def check(found, exact, precision):
    assert found.dtype == precision and found.is_contiguous(memory_format=torch.channels_last)
    error = float((found.double() - exact).abs().max() / exact.abs().max())
    assert error < (8e-3 if precision == torch.bfloat16 else 1e-6), error

torch.manual_seed(0)
for channels, precision in itertools.product((1, 5, 12, 36, 64), (torch.float32, torch.bfloat16)):
    x, other = (torch.randn(2, channels, 7, 9).to(precision) for _ in range(2))
    vectors = [torch.randn(channels).to(kind) for kind in (torch.float32, precision, precision)]
    for given in itertools.product((True, False), repeat=4):
        scale, shift, added, added_shift = (
            value if there else None for value, there in zip((vectors[0], vectors[1], other, vectors[2]), given)
        )
        exact = x.double()
        for vector, name in ((scale, "mul"), (shift, "add"), (added_shift, "add")):
            exact = exact if vector is None else getattr(exact, name)(vector.double()[:, None, None])
        exact = exact if added is None else exact + added.double()
        for slope in (1.0, 0.1):
            found = scale_and_shift_triton(x, scale, shift, other=added, other_shift=added_shift, slope=slope)
            check(found, F.leaky_relu(exact, slope), precision)
    for before, after, mode, slope in ((1, 1, "reflect", 0.1), (2, 1, "replicate", 1.0), (0, 3, "reflect", 1.0)):
        exact = F.pad(F.leaky_relu(x.double(), slope), (before, after, before, after), mode=mode)
        check(pad_triton(x, before, after, reflect=mode == "reflect", slope=slope), exact, precision)

# Channels of zeros.
x, scale, shift = torch.randn(2, 12, 7, 9), torch.randn(12), torch.randn(12)
exact = F.leaky_relu(x.double() * scale[:, None, None] + shift[:, None, None], 0.1)
check(scale_and_shift_triton(x, scale, shift, slope=0.1, wide=16), F.pad(exact, (0, 0, 0, 0, 0, 4)), torch.float32)

# Under autocast a float32 map becomes what the convolution behind it reads.
with torch.autocast("cpu", dtype=torch.bfloat16):
    check(scale_and_shift_triton(x.float(), slope=0.1), F.leaky_relu(x.double(), 0.1), torch.bfloat16)
"""

# In float16, which the interpreter rounds to the nearest.
NETWORK = """
import torch
from models.ops import neighbours

neighbours.can_run_triton = lambda source, *lattice: "off" if off else None

from models.fold import prepare_for_inference
from models.generators.animation import AnimationConfig, AnimationGenerator, State

torch.manual_seed(3)
generator = AnimationGenerator(config=AnimationConfig(
    image_channels=4, structure_channels=9, width=4, max_width=8, flow_width=3, flow_max_width=8, attention_hidden=4,
    kernel_sizes=(3, 3), norm="batch", detail_hidden=6, finger_hidden=4, shadow=True, limbs=((0, 1), (1, 1), (0, 2)),
))
for module in generator.modules():
    if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
        torch.nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
        if module.bias is not None:
            torch.nn.init.normal_(module.bias, std=0.2)
    if isinstance(module, torch.nn.BatchNorm2d):
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        torch.nn.init.uniform_(module.bias, -0.5, 0.5)
        torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
image, structures = torch.rand(1, 4, 32, 32) * 2 - 1, torch.rand(2, 1, 9, 32, 32)
joints = torch.tensor([[[10.0, 10.0], [20.0, 25.0], [torch.nan, torch.nan]]])

@torch.inference_mode()
def run(precision):
    ready = prepare_for_inference(generator, precision)
    with torch.autocast("cpu", torch.float16, enabled=precision != torch.float32):
        reference = ready.encode_reference(image, structures[0], joints)
        step = ready.step(reference, State.initial(reference), structures[1], joints + 3)
    detail = [value for value in vars(step.detail).values() if isinstance(value, torch.Tensor)]
    return step.image, step.shadow, *step.flows_previous, *step.flows_reference, *detail

off = True
expected, rounded = run(torch.float32), run(torch.float16)
off = False
for exact, plain, exact_found, found in zip(expected, rounded, run(torch.float32), run(torch.float16)):
    errors = [float((value.float() - exact).norm() / exact.norm()) for value in (exact_found, found, plain)]
    assert errors[0] < 1e-5, errors
    assert errors[1] < 1.5 * errors[2], errors
    assert found.dtype == plain.dtype
"""


def run(script: str) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_values_are_those_of_float64() -> None:
    run(SCRIPT)


def test_a_prepared_generator_makes_the_same_frame_with_kernels() -> None:
    run(NETWORK)
