"""The authors' ops are reproduced, values and gradients: every case of the golden ops files."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.attention import LocalAttention
from models.ops.resampling import gaussian_resample
from tests.helpers.golden import FLOAT64_TOLERANCE, assert_close, open_golden
from tests.helpers.golden_networks import golden_cases
from tests.helpers.literal_attention import extract_blocks, reshape_attention


@pytest.mark.parametrize(("path", "case"), golden_cases("ops"))
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
