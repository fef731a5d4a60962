"""Steps as CUDA graphs make the frames of ordinary calls, for every batch and size."""

import pytest
import torch
from torch import Tensor

from models.batches import select_items
from models.fold import prepare_for_inference
from models.generators.animation import AnimationConfig, AnimationGenerator, Reference, State
from pipelines.generation.step_graphs import StepGraphs, _list_tensors, _replace_tensors, graph_steps

LIMBS = ((0, 1), (1, 2))


def make_generator() -> AnimationGenerator:
    torch.manual_seed(3)
    config = AnimationConfig(
        structure_channels=4,
        width=8,
        max_width=32,
        flow_width=8,
        flow_max_width=32,
        attention_hidden=8,
        detail_hidden=6,
        limbs=LIMBS,
    )
    return AnimationGenerator(config=config).eval()


def draw(batch: int, height: int, width: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Image, structure and joints."""
    random = torch.Generator().manual_seed(seed)
    image = torch.rand(batch, 3, height, width, generator=random) * 2 - 1
    structure = torch.rand(batch, 4, height, width, generator=random)
    return image, structure, torch.rand(batch, 3, 2, generator=random) * width


def encode(
    generator: AnimationGenerator, batch: int, height: int, width: int, device: str = "cpu", seed: int = 0
) -> Reference:
    return generator.encode_reference(*(tensor.to(device) for tensor in draw(batch, height, width, seed)))


def test_tensors_of_a_step_are_found_and_replaced_in_one_order() -> None:
    generator = make_generator()
    reference = encode(generator, 2, 64, 96)
    step = generator.step(reference, State.initial(reference), *draw(2, 64, 96, seed=1)[1:])
    tensors = _list_tensors(step)
    assert len(tensors) > 10
    replaced = _replace_tensors(step, [tensor + 1 for tensor in tensors])
    assert torch.equal(replaced.image, step.image + 1)
    assert step.detail is not None
    assert replaced.detail is not None
    assert torch.equal(replaced.detail.blend, step.detail.blend + 1)
    assert replaced.shadow is None
    assert all(torch.equal(new, old + 1) for new, old in zip(_list_tensors(replaced), tensors, strict=True))


def test_without_a_gpu_steps_are_ordinary_calls() -> None:
    generator = make_generator()
    assert graph_steps(generator) == generator.step


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@torch.inference_mode()
def test_graphs_make_the_same_frames_while_pictures_leave_and_sizes_change() -> None:
    generator = prepare_for_inference(make_generator().cuda())
    graphs = StepGraphs(generator)
    for seed, (height, width) in enumerate(((64, 96), (96, 64), (64, 96))):  # another picture of the first size
        reference = encode(generator, 2, height, width, "cuda", seed)
        state = other = State.initial(reference)
        kept = []
        for frame in range(16):
            if frame == 8:
                last = slice(1, 2)
                reference, state, other = select_items(reference, last), state[last], other[last]
            pose = [tensor.cuda() for tensor in draw(len(reference.image), height, width, seed=frame)[1:]]
            step, ordinary = graphs(reference, state, *pose), generator.step(reference, other, *pose)
            kept.append((step.image, ordinary.image))
            state, other = step.state, ordinary.state
        for found, expected in kept:  # later frames have not overwritten earlier ones
            torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)
    assert len(graphs._graphs) == 4
    assert all(graph.function.graph is not None for graph in graphs._graphs.values())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@torch.inference_mode()
def test_200_frames_do_not_drift_from_ordinary_calls() -> None:
    generator = prepare_for_inference(make_generator().cuda())
    graphs, reference = StepGraphs(generator), encode(generator, 1, 64, 64, "cuda")
    state = other = State.initial(reference)
    for frame in range(200):
        pose = [tensor.cuda() for tensor in draw(1, 64, 64, seed=frame)[1:]]
        state, other = graphs(reference, state, *pose).state, generator.step(reference, other, *pose).state
    torch.testing.assert_close(state.image, other.image, atol=2e-3, rtol=0)
