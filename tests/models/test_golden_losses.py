"""The authors' losses, values and gradients: every case of the golden files of losses."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.losses.adversarial import ADVERSARIAL
from models.losses.perceptual import LAYERS, content_loss, gram, style_loss
from models.losses.sampling import (
    affine_regularisation,
    affine_residual,
    correctness_of_layers,
    regularisation_of_layers,
    sampling_correctness,
)
from tests.helpers.golden import Golden, assert_close, open_golden
from tests.helpers.golden_networks import build_small_vgg, golden_cases

TOLERANCE = 1e-9
UNUSED = re.compile("bilinear|real_0_dis_0")  # nobody trains with these
MODES = {"adversarial_lsgan": "lsgan", "adversarial_hinge": "hinge", "adversarial_nsgan": "vanilla"}


@pytest.mark.parametrize(("path", "case"), golden_cases("losses"))
def test_loss(path: Path, case: str) -> None:
    golden = open_golden(path)
    inputs = {key: value.requires_grad_() for key, value in golden.part(f"{case}/in.").items()}
    expected = golden.part(f"{case}/out.")
    if case in MODES:
        found = adversarial(MODES[case], inputs["x"])
    elif case.startswith("affine_regularization"):
        found = affine(inputs, kernel_size=round(len(expected["kernel"]) ** 0.5))
    elif case == "multi_affine_regularization":
        kernels = re.findall(r"'(\d)': ?(\d)", golden.metadata["notes"][case])
        sizes = {int(layer): int(kernel) for layer, kernel in kernels}
        found = {"loss": regularisation_of_layers([inputs["flow.0"], inputs["flow.1"]], sizes)}
    elif case == "vgg_loss":
        found = perceptual(golden, inputs)
    elif case == "correctness_vgg":
        found = correctness_of_pictures(golden, inputs)
    else:
        found = correctness(inputs)
    judged = {key: value for key, value in expected.items() if not UNUSED.search(key)}
    assert set(found) == set(judged)
    for key, value in judged.items():
        size = max(1.0, float(value.abs().max()))
        assert_close(f"{case} {key}", found[key].reshape(value.shape), value, TOLERANCE * size)


def adversarial(mode: str, x: Tensor) -> dict[str, Tensor]:
    """Real and fake alone: the other side is where its share is nothing."""
    discriminator, generator = ADVERSARIAL[mode]
    x = torch.logit(x) if mode == "vanilla" else x  # the authors' are probabilities
    none = {"lsgan": (1.0, 0.0), "hinge": (1.0, -1.0), "vanilla": (1e3, -1e3)}[mode]
    without_real, without_fake = (torch.full_like(x, value) for value in none)
    return {
        "real_1_dis_1": 2 * discriminator(x, without_fake),
        "real_0_dis_1": 2 * discriminator(without_real, x),
        "real_1_dis_0": generator(x),
    }


def affine(inputs: dict[str, Tensor], kernel_size: int) -> dict[str, Tensor]:
    loss = affine_regularisation(inputs["flow"], kernel_size)
    loss.backward()
    return {
        "loss": loss,
        "grad_flow": gradient(inputs["flow"]),
        "kernel": affine_residual(kernel_size),
        "affine_flow_loss": affine_regularisation(inputs["affine_flow"], kernel_size),
    }


def correctness(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    features = inputs["source_features"], inputs["target_features"]
    loss = sampling_correctness(*features, inputs["flow"])
    loss.backward()
    masked = sampling_correctness(*features, inputs["flow"], inputs["mask"])
    return {"loss": loss, "loss_masked": masked, "grad_flow": gradient(inputs["flow"])}


def correctness_of_pictures(golden: Golden, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    vgg = build_small_vgg(golden)
    flows = [inputs["flow.0"], inputs["flow.1"]]
    loss = correctness_of_layers(vgg(inputs["source"]), vgg(inputs["target"]), flows, (2, 3))
    loss.backward()
    return {"loss": loss} | {f"grad_flow.{index}": gradient(flow) for index, flow in enumerate(flows)}


def perceptual(golden: Golden, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    vgg = build_small_vgg(golden)
    found, target = vgg(inputs["x"]), vgg(inputs["y"])
    for key, sums in golden.part("vgg_loss/mid.x.").items():
        name = key.removesuffix("_sum")
        if name in LAYERS:
            features = found.get(name, vgg(inputs["x"], [name])[name])
            assert_close(key, torch.stack([features.sum(), features.square().sum()]), sums, TOLERANCE * float(sums[1]))
    content, style = content_loss(found, target), style_loss(found, target)
    (0.5 * content + 500 * style).backward()
    return {
        "content": content,
        "style": style,
        "gram_relu3_4_x": gram(found["relu3_4"]),
        "grad_x_of_half_content_plus_500_style": gradient(inputs["x"]),
    }


def gradient(leaf: Tensor) -> Tensor:
    assert leaf.grad is not None
    return leaf.grad
