"""Prepared networks on a GPU, where kernels take the place of several operations, against the CPU and without them."""

import pytest
import torch
from torch import Tensor

from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator, State
from models.ops import neighbours
from models.weights import load_weights
from tests.helpers.devices import needs_cuda

SIZE, BATCH, FRAMES = 128, 3, 2


@torch.inference_mode()
def frames(generator: AnimationGenerator, precision: torch.dtype = torch.float32) -> list[Tensor]:
    """The images, shadows and flows of a few steps, in float32 on the CPU."""
    random, config = torch.Generator().manual_seed(1), generator.config
    device = next(generator.parameters()).device
    image = torch.rand(BATCH, config.image_channels, SIZE, SIZE, generator=random)
    structures = torch.rand(FRAMES, BATCH, config.structure_channels, SIZE, SIZE, generator=random)
    joints = torch.rand(BATCH, 17, 2, generator=random) * SIZE
    image, *structures = (each.to(device, memory_format=torch.channels_last) for each in (image, *structures))
    joints, made = joints.to(device), []
    with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
        reference = generator.encode_reference(image, structures[0], joints)
        state = State.initial(reference)
        for number, structure in enumerate(structures):
            step = generator.step(reference, state, structure, joints + 5 * number)
            assert step.shadow is not None
            assert step.detail is not None
            state = step.state
            made += [step.image, step.shadow, step.detail.flow_reference, step.detail.blend, *step.flows_previous]
    return [each.float().cpu() for each in made]


def error(found: Tensor, exact: Tensor) -> float:
    return float((found - exact).norm() / exact.norm())


def load() -> AnimationGenerator:
    generator = load_weights("person", expect="animation")
    assert isinstance(generator, AnimationGenerator)
    return generator


@pytest.mark.gpu
@needs_cuda
def test_a_prepared_generator_is_as_exact_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    exact = frames(prepare_for_inference(load()))
    found = frames(prepare_for_inference(load()).cuda())
    assert max(error(one, other) for one, other in zip(found, exact, strict=True)) < 1e-3


@pytest.mark.gpu
@needs_cuda
def test_kernels_add_no_error_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = frames(prepare_for_inference(load()))
    generator = prepare_for_inference(load(), torch.bfloat16).cuda()
    fused = frames(generator, torch.bfloat16)
    monkeypatch.setattr(neighbours, "HAS_TRITON", False)
    plain = frames(generator, torch.bfloat16)
    for one, other, true in zip(fused, plain, exact, strict=True):
        assert error(one, true) < 1.5 * error(other, true) + 1e-4


def test_preparing_changes_no_frame() -> None:
    exact = frames(load().eval())
    found = frames(prepare_for_inference(load()))
    assert max(error(one, other) for one, other in zip(found, exact, strict=True)) < 1e-4
