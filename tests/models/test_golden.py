"""The authors' networks and ops are reproduced: every file of tests/golden, or of the folder GFLA_GOLDEN."""

import re
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import Tensor

from models.attention import LocalAttention
from models.generators.animation import AnimationConfig, AnimationGenerator, Step
from models.motion import MotionConfig, MotionNetwork
from models.ops.blocks import extract_blocks, reshape_attention
from models.ops.resampling import gaussian_resample
from tests.models.golden import (
    ALIAS,
    FLOAT32_FACTOR,
    FLOAT64_TOLERANCE,
    Golden,
    assert_close,
    golden_files,
    open_golden,
    unit,
)

Module = TypeVar("Module", bound=torch.nn.Module)
GRADIENT_TOLERANCE = 1e-6
MOTION_FLOAT32_TOLERANCE = 1e-4


def judged(network: str) -> list:
    """The files of one network, or a skipped placeholder that says that there is none."""
    found = [pytest.param(path, id=path.stem) for path in golden_files() if open_golden(path).network == network]
    return found or [pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"no file of {network}"))]


def ops_cases() -> list:
    pairs = [(path, case) for path in golden_files() if open_golden(path).network == "ops" for case in _cases(path)]
    return [pytest.param(path, case, id=f"{path.stem}-{case}") for path, case in pairs]


def _cases(path: Path) -> list[str]:
    return sorted({key.split("/")[0] for key in open_golden(path).tensors})


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)
def test_every_file_is_judged_or_named(path: Path) -> None:
    golden = open_golden(path)
    if golden.network not in ("DanceGenerator", "KPInput2DGenerator", "ops"):
        pytest.skip(f"not judged here: {golden.network or 'no network and no op'}")
    if "hash_check" in golden.metadata:
        check = golden.metadata["hash_check"]
        assert unit(golden.metadata["salt"], check["key"], 5).tolist() == check["first5_of_r"]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("path", judged("DanceGenerator"))
def test_dance(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    generator = _load(AnimationGenerator(config=_animation_config(golden.metadata["config"])), golden, dtype)
    with torch.no_grad():
        for case in golden.metadata.get("cases", [{"suffix": ""}]):
            source, out = f"in{case['suffix']}.", f"out{case['suffix']}."
            picture = golden.input(source + "ref_image", dtype), golden.input(source + "ref_structure", dtype)
            structures = golden.input(source + "structure_a", dtype)
            steps = generator(structures, *picture)
            _judge_dance(golden, out + "a.", steps)
            if f"{source}structure_b" in golden.tensors or f"{source}structure_b" in golden.metadata.get("inputs", {}):
                following = golden.input(source + "structure_b", dtype)
                _judge_dance(golden, out + "b.", generator(following, *picture, steps[-1].image, structures[:, -1]))


@pytest.mark.parametrize("path", judged("DanceGenerator"))
def test_dance_gradients(path: Path) -> None:
    golden = open_golden(path)
    if "gradloss" not in golden.metadata:
        pytest.skip("no gradients in this file")
    generator = _load(AnimationGenerator(config=_animation_config(golden.metadata["config"])), golden, torch.float64)
    picture = golden.input("in.ref_image", torch.float64).requires_grad_()
    structure = golden.input("in.ref_structure", torch.float64)
    steps = generator(golden.input("in.structure_a", torch.float64), picture, structure)
    flows = [flow for step in steps for flow in _interleaved(step.flows_previous, step.flows_reference)]
    masks = [mask for step in steps for mask in _interleaved(step.masks_previous, step.masks_reference)]
    loss = sum(step.image.square().sum() for step in steps) + sum(x.square().mean() for x in flows + masks)
    assert isinstance(loss, Tensor)
    _judge_gradients(golden, generator, loss, {"input.ref_image": picture})


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("path", judged("KPInput2DGenerator"))
def test_motion(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    network = _load(_motion_network(golden), golden, dtype).eval()
    tolerance = FLOAT64_TOLERANCE if dtype == torch.float64 else MOTION_FLOAT32_TOLERANCE
    outputs = [key for key in golden.tensors if re.fullmatch(r"out\w*\.keypoints", key)]
    assert outputs
    for key in outputs:
        assert_close(key, network(golden.input(key.replace("out", "in", 1), dtype)), golden.tensors[key], tolerance)


@pytest.mark.parametrize("path", judged("KPInput2DGenerator"))
def test_motion_gradients(path: Path) -> None:
    golden = open_golden(path)
    if "gradloss" not in golden.metadata:
        pytest.skip("no gradients in this file")
    network = _load(_motion_network(golden), golden, torch.float64).eval()
    track = golden.input("in.keypoints", torch.float64).requires_grad_()
    _judge_gradients(golden, network, network(track).square().sum(), {"input.keypoints": track})


@pytest.mark.parametrize(("path", "case"), ops_cases())
def test_op(path: Path, case: str) -> None:
    golden = open_golden(path)
    tensors = {
        key.split("/", 1)[1]: value.double() for key, value in golden.tensors.items() if key.startswith(f"{case}/")
    }
    inputs = {key[3:]: value.clone().requires_grad_() for key, value in tensors.items() if key.startswith("in.")}
    grad_output = inputs.pop("grad_output").detach()
    note = golden.metadata["notes"].get(case, "")
    found: dict[str, Tensor] = {}
    if case.startswith("block_extractor"):
        kernel = grad_output.shape[-1] // inputs["flow"].shape[-1]
        found["result"] = extract_blocks(inputs["source"], inputs["flow"], kernel)
    elif case.startswith("attention_reshape"):
        found["result"] = reshape_attention(inputs["x"])
    elif case.startswith("resample"):
        kernel, dilation, sigma = re.findall(r"kernel_size (\d+), dilation (\d+), sigma ([\d.]+)", note)[0]
        settings = {"kernel_size": int(kernel), "dilation": int(dilation), "sigma": float(sigma)}
        found["result"] = gaussian_resample(inputs["source"], inputs["flow"], **settings)
    else:
        found = _attend(tensors, inputs, grad_output, softmax="no softmax" not in note)
    if "grad_source" not in found:
        gradients = torch.autograd.grad(found["result"], list(inputs.values()), grad_output)
        found |= {f"grad_{name}": gradient for name, gradient in zip(inputs, gradients, strict=True)}
    expected = {
        key[4:]: value for key, value in tensors.items() if key.startswith("out.") and "reference_kernel" not in key
    }
    for name, value in expected.items():
        assert_close(f"{case} {name}", found[name], value, FLOAT64_TOLERANCE * max(1.0, float(value.abs().max())))


def _attend(tensors: dict[str, Tensor], inputs: dict[str, Tensor], grad_output: Tensor, *, softmax: bool) -> dict:
    state = {key.removeprefix("state."): value for key, value in tensors.items() if key.startswith("state.")}
    kernel = state["fully_connect_layer.0.weight"].shape[-1]
    module = LocalAttention(channels=inputs["source"].shape[1], kernel_size=kernel, softmax=softmax).double()
    module.load_state_dict(state)
    result, attention = module.attend(inputs["source"], inputs["target"], inputs["flow"])
    result.backward(grad_output)
    found = {"result": result, "attention": attention}
    found |= {f"grad_{name}": value.grad for name, value in inputs.items()}
    for key, parameter in module.named_parameters():
        gradient = parameter.grad
        assert gradient is not None
        found |= {f"grad.{key}": gradient, f"grad_slice.{key}": gradient[:4], f"gradnorm.{key}": gradient.norm()[None]}
    return found


def _animation_config(values: dict) -> AnimationConfig:
    assert values["num_blocks"] == 2
    assert not values["use_spect"]
    layers = tuple(values["attn_layer"])
    return AnimationConfig(
        image_channels=values["image_nc"],
        structure_channels=values["structure_nc"],
        width=values["ngf"],
        max_width=values["img_f"],
        layers=values["layers"],
        flow_width=values["flow_ngf"],
        flow_max_width=values["flow_img_f"],
        attention_layers=layers,
        kernel_sizes=tuple(values["extractor_kz"][str(layer)] for layer in layers),
        norm=values["norm"],
    )


def _motion_network(golden: Golden) -> MotionNetwork:
    config = golden.metadata["config"]
    return MotionNetwork(
        config=MotionConfig(joints=config["structure_nc"], channels=config["channels"], layers=config["layers"])
    )


def _load(module: Module, golden: Golden, dtype: torch.dtype) -> Module:
    shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
    module.to(dtype).load_state_dict(golden.state(dtype, shapes))
    return module


def _judge_dance(golden: Golden, prefix: str, steps: list[Step]) -> None:
    exact = steps[0].image.dtype == torch.float64
    noise = golden.metadata["float32_vs_float64_max_abs"]
    image_noise = noise.get("image", noise.get(f"image_{prefix[-2]}"))
    for frame, step in enumerate(steps):
        allowed = FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * image_noise[frame]
        if prefix + "image" in golden.tensors:
            assert_close(f"{prefix}image {frame}", step.image, golden.tensors[prefix + "image"][:, frame], allowed)
        else:
            stored = golden.tensors[prefix + "image_every_second"][:, frame]
            assert_close(f"{prefix}image {frame}", step.image[..., ::2, ::2], stored, allowed)
        if exact or "flow" in noise:
            _judge_lists(
                golden, prefix, frame, step, FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * noise["flow"][frame]
            )
    if exact and prefix + "image_sum" in golden.tensors:
        images = torch.stack([step.image for step in steps])
        sums = torch.stack([images.sum(), images.square().sum(), images.abs().sum()])
        assert_close(prefix + "image_sum", sums, golden.tensors[prefix + "image_sum"], 1e-6 * float(sums[2]))


def _judge_lists(golden: Golden, prefix: str, frame: int, step: Step, allowed: float) -> None:
    for kind, pair in (
        ("flow", (step.flows_previous, step.flows_reference)),
        ("mask", (step.masks_previous, step.masks_reference)),
    ):
        stored = [key for key in golden.tensors if key.startswith(f"{prefix}{kind}.{frame}.")]
        found = _interleaved(*pair)
        assert len(found) == len(stored)
        for index, value in enumerate(found):
            key = f"{prefix}{kind}.{frame}.{index}"
            assert_close(key, value, golden.tensors[key], allowed)


def _interleaved(previous: list[Tensor], reference: list[Tensor]) -> list[Tensor]:
    return [tensor for pair in zip(previous, reference, strict=True) for tensor in pair]


def _judge_gradients(golden: Golden, module: torch.nn.Module, loss: Tensor, inputs: dict[str, Tensor]) -> None:
    assert_close(
        "gradloss", loss[None], golden.tensors["out.gradloss"], GRADIENT_TOLERANCE * float(loss.detach().abs())
    )
    loss.backward()
    leaves = dict(module.named_parameters()) | inputs
    expected = {
        key.removeprefix("gradnorm."): value for key, value in golden.tensors.items() if key.startswith("gradnorm.")
    }
    canonical = {key: value for key, value in expected.items() if not ALIAS.search(key)}
    assert set(canonical) == set(leaves)
    largest = max(float(value) for value in canonical.values())
    for key, value in canonical.items():
        gradient = leaves[key].grad
        assert gradient is not None, key
        # Biases in front of a norm have no gradient but rounding.
        tolerance = GRADIENT_TOLERANCE * float(value) + 1e-9 * largest
        assert_close(f"gradnorm.{key}", gradient.norm()[None], value, tolerance)
