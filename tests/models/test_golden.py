"""The authors' generators are reproduced: every file of tests/golden, or of the folder GFLA_GOLDEN."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.attention import LocalAttention
from models.generators.picture import PictureGenerator
from models.generators.recurrent import RecurrentGenerator, Step
from models.motion import MotionNetwork
from tests.helpers.golden import (
    FLOAT32_FACTOR,
    FLOAT64_TOLERANCE,
    Golden,
    assert_close,
    golden_files,
    hashed_numbers,
    open_golden,
)
from tests.helpers.golden_networks import (
    DTYPES,
    NETWORKS,
    PLAIN_FLOAT32_TOLERANCE,
    assert_gradients,
    assert_image,
    assert_loss,
    assert_maps,
    assert_sums,
    build_network,
    golden_params,
    in_both_precisions,
    sum_of_squares,
)

PICTURES = ("PoseGenerator", "ShapeNetGenerator")
IMAGE_FLOW = ("image", "flow")
RECURRENT = ("DanceGenerator", "FaceGenerator")


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)
def test_every_file_is_of_a_kind_that_is_judged(path: Path) -> None:
    golden = open_golden(path)
    assert golden.network in (*NETWORKS, "ops", "losses", "training")
    if "hash_check" in golden.metadata:
        check = golden.metadata["hash_check"]
        assert hashed_numbers(golden.metadata["salt"], check["key"], 5).tolist() == check["first5_of_r"]


@pytest.mark.parametrize(("path", "dtype"), in_both_precisions(golden_params(*PICTURES)))
def test_picture(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    generator = build_network(golden, dtype).eval()
    assert isinstance(generator, PictureGenerator)
    noise = golden.metadata["float32_vs_float64_max_abs"]
    for suffix in [case["suffix"] for case in golden.metadata.get("cases", [{"suffix": ""}])]:
        seen = _watch(generator)
        with torch.no_grad():
            found = generator(*_picture_inputs(golden, suffix, dtype))
        exact = dtype == torch.float64
        allowed = {kind: FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * noise[kind + suffix] for kind in IMAGE_FLOW}
        assert_image(golden, f"out{suffix}.image", found.image, allowed["image"])
        assert_maps(golden, f"out{suffix}.", "flow", found.flows, allowed["flow"])
        assert_maps(golden, f"out{suffix}.", "mask", found.masks, allowed["flow"])
        if exact:
            assert_sums(golden, f"out{suffix}.image", found.image)
            for key in [key for key in golden.tensors if key.startswith(f"mid{suffix}.")]:
                kind, index = key.split(".")[1:]
                assert_close(key, seen[kind][int(index)], golden.tensors[key], FLOAT64_TOLERANCE)


@pytest.mark.parametrize("path", golden_params(*PICTURES))
def test_picture_gradients(path: Path) -> None:
    golden = _with_gradients(path)
    generator = build_network(golden, torch.float64)
    source, *structures = _picture_inputs(golden, "", torch.float64)
    found = generator(source.requires_grad_(), *structures)
    loss = sum_of_squares([found.image], found.flows + found.masks)
    assert_loss(golden, loss)
    loss.backward()
    assert_gradients(golden, generator, {"input.source": source})


@pytest.mark.parametrize(("path", "dtype"), in_both_precisions(golden_params(*RECURRENT)))
def test_recurrent(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    generator = build_network(golden, dtype)
    assert isinstance(generator, RecurrentGenerator)
    with torch.no_grad():
        for case in golden.metadata.get("cases", [{"suffix": ""}]):
            source, out = f"in{case['suffix']}.", f"out{case['suffix']}."
            picture = golden.input(source + "ref_image", dtype), golden.input(source + "ref_structure", dtype)
            structures = golden.input(source + "structure_a", dtype)
            steps = generator(structures, *picture)
            _judge_steps(golden, out + "a.", steps)
            if f"{source}structure_b" in golden.tensors or f"{source}structure_b" in golden.metadata.get("inputs", {}):
                following = golden.input(source + "structure_b", dtype)
                _judge_steps(golden, out + "b.", generator(following, *picture, steps[-1].image, structures[:, -1]))


@pytest.mark.parametrize("path", golden_params(*RECURRENT))
def test_recurrent_gradients(path: Path) -> None:
    golden = _with_gradients(path)
    generator = build_network(golden, torch.float64)
    picture = golden.input("in.ref_image", torch.float64).requires_grad_()
    structure = golden.input("in.ref_structure", torch.float64)
    steps = generator(golden.input("in.structure_a", torch.float64), picture, structure)
    maps = [x for step in steps for kind in _maps(step).values() for x in kind]
    loss = sum_of_squares([step.image for step in steps], maps)
    assert_loss(golden, loss)
    loss.backward()
    assert_gradients(golden, generator, {"input.ref_image": picture})


@DTYPES
@pytest.mark.parametrize("path", golden_params("KPInput2DGenerator"))
def test_motion(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    network = build_network(golden, dtype).eval()
    assert isinstance(network, MotionNetwork)
    tolerance = FLOAT64_TOLERANCE if dtype == torch.float64 else PLAIN_FLOAT32_TOLERANCE
    outputs = [key for key in golden.tensors if re.fullmatch(r"out\w*\.keypoints", key)]
    assert outputs
    for key in outputs:
        assert_close(key, network(golden.input(key.replace("out", "in", 1), dtype)), golden.tensors[key], tolerance)


@pytest.mark.parametrize("path", golden_params("KPInput2DGenerator"))
def test_motion_gradients(path: Path) -> None:
    golden = _with_gradients(path)
    network = build_network(golden, torch.float64).eval()
    track = golden.input("in.keypoints", torch.float64).requires_grad_()
    loss = network(track).square().sum()
    assert_loss(golden, loss)
    loss.backward()
    assert_gradients(golden, network, {"input.keypoints": track})


def _with_gradients(path: Path) -> Golden:
    golden = open_golden(path)
    if "gradloss" not in golden.metadata:
        pytest.skip("no gradients in this file")
    return golden


def _picture_inputs(golden: Golden, suffix: str, dtype: torch.dtype) -> list[Tensor]:
    names = ("source", "source_structure", "target_structure")
    return [golden.input(f"in{suffix}.{name}", dtype) for name in names]


def _watch(generator: PictureGenerator) -> dict[str, list[Tensor]]:
    """What passes between the parts, filled by the next forward pass; source features from the deepest."""
    seen: dict[str, list[Tensor]] = {"source_feature": [], "attention": [], "blended": []}

    def note_feature(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen["source_feature"].insert(0, output)

    def note_blended(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen["blended"].append(inputs[0])

    def note_attention(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, LocalAttention)
        seen["attention"].append(module.attend(*inputs)[1])

    for block in generator.source.children():
        block.register_forward_hook(note_feature)
    for step, _ in generator.config.attended:
        generator.target.get_submodule(f"decoder{step}").register_forward_pre_hook(note_blended)
        generator.target.get_submodule(f"attn{step}").register_forward_hook(note_attention)
    return seen


def _judge_steps(golden: Golden, prefix: str, steps: list[Step]) -> None:
    exact = steps[0].image.dtype == torch.float64
    noise = golden.metadata["float32_vs_float64_max_abs"]
    image_noise = noise.get("image", noise.get(f"image_{prefix[-2]}"))
    for frame, step in enumerate(steps):
        allowed = FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * image_noise[frame]
        assert_image(golden, prefix + "image", step.image, allowed, frame)
        if exact or "flow" in noise:
            allowed = FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * noise["flow"][frame]
            for kind, found in _maps(step).items():
                assert_maps(golden, f"{prefix}{kind}.", str(frame), found, allowed)
    if exact:
        assert_sums(golden, prefix + "image", torch.stack([step.image for step in steps]))


def _maps(step: Step) -> dict[str, list[Tensor]]:
    pairs = {
        "flow": zip(step.flows_previous, step.flows_reference, strict=True),
        "mask": zip(step.masks_previous, step.masks_reference, strict=True),
    }
    return {kind: [x for pair in both for x in pair] for kind, both in pairs.items()}
