"""Networks built from golden files, and assertions that compare their outputs and gradients with the files."""

import re
from collections.abc import Callable
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from models.discriminators import PatchDiscriminator, ResDiscriminator, TemporalDiscriminator
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import GeneratorConfig, PictureConfig
from models.generators.face import FaceGenerator
from models.generators.picture import PictureGenerator
from models.losses.perceptual import Vgg19
from models.motion import MotionConfig, MotionNetwork
from tests.helpers.golden import ALIAS, Golden, assert_close, golden_files, open_golden

Module = TypeVar("Module", bound=nn.Module)
DTYPES = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
GRADIENT_TOLERANCE = 1e-6
PLAIN_FLOAT32_TOLERANCE = 1e-4  # where a file doesn't record the reference's rounding noise


def build_animation(values: dict) -> AnimationGenerator:
    return AnimationGenerator(config=AnimationConfig(**asdict(generator_config(values))))


def build_face(values: dict) -> FaceGenerator:
    return FaceGenerator(config=generator_config(values))


def build_pose(values: dict) -> PictureGenerator:
    return PictureGenerator(config=PictureConfig(**asdict(generator_config(values)), spectral=values["use_spect"]))


def build_view(values: dict) -> PictureGenerator:
    return PictureGenerator(config=PictureConfig(**asdict(generator_config(values)), coded=True))


def generator_config(values: dict) -> GeneratorConfig:
    """Our config of the constructor arguments in a golden file."""
    assert values["num_blocks"] == 2
    layers = tuple(values["attn_layer"])
    return GeneratorConfig(
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


def build_motion(values: dict) -> MotionNetwork:
    config = MotionConfig(joints=values["structure_nc"], channels=values["channels"], layers=values["layers"])
    return MotionNetwork(config=config)


def build_discriminator(values: dict) -> nn.Module:
    sizes = {"channels": values["input_nc"], "width": values["ndf"], "max_width": values["img_f"]}
    sizes["layers"] = values["layers"]
    if values["network"] == "TemporalDiscriminator":
        return TemporalDiscriminator(frames=values["input_length"], **sizes)
    return (ResDiscriminator if values["network"] == "ResDiscriminator" else PatchDiscriminator)(**sizes)


NETWORKS: dict[str, Callable[[dict], nn.Module]] = {
    "PoseGenerator": build_pose,
    "ShapeNetGenerator": build_view,
    "DanceGenerator": build_animation,
    "FaceGenerator": build_face,
    "KPInput2DGenerator": build_motion,
    "ResDiscriminator": build_discriminator,
    "PatchDiscriminator": build_discriminator,
    "TemporalDiscriminator": build_discriminator,
}


def golden_params(*networks: str) -> list:
    """Parameters for pytest: the files of these networks, or a skipped placeholder if there are none."""
    found = [pytest.param(path, id=path.stem) for path in golden_files() if open_golden(path).network in networks]
    return found or [pytest.param(None, id="none", marks=pytest.mark.skip(reason=f"no file of {networks}"))]


def in_both_precisions(files: list) -> list:
    """Parameters for pytest: (file, dtype) of every file; full-width networks in float64 are marked slow."""
    found = []
    for file, dtype in product(files, (torch.float64, torch.float32)):
        slow = str(file.id).startswith("full_") and dtype == torch.float64
        marks = (*file.marks, *([pytest.mark.slow] if slow else []))
        found.append(pytest.param(*file.values, dtype, id=f"{file.id}-{str(dtype)[6:]}", marks=marks))
    return found


def golden_cases(kind: str) -> list:
    """Parameters for pytest: (file, case) of all files of this kind, "ops" or "losses"."""
    pairs = [(path, case) for path in golden_files() if open_golden(path).network == kind for case in _case_names(path)]
    found = [pytest.param(path, case, id=f"{path.stem}-{case}") for path, case in pairs]
    return found or [pytest.param(None, "", id="none", marks=pytest.mark.skip(reason=f"no file of {kind}"))]


def _case_names(path: Path) -> list[str]:
    return sorted({key.split("/")[0] for key in open_golden(path).tensors})


def build_network(golden: Golden, dtype: torch.dtype) -> nn.Module:
    """The network of a golden file with its weights, in training mode."""
    return load_state(NETWORKS[golden.network](golden.metadata["config"]), golden, dtype)


def load_state(module: Module, golden: Golden, dtype: torch.dtype) -> Module:
    """Load the weights of a golden file into a network of the same architecture, and return it."""
    shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
    module.to(dtype).load_state_dict(golden.state(dtype, shapes))
    return module


def build_small_vgg(golden: Golden) -> Vgg19:
    """The narrow VGG19 of the golden file of losses, in float64."""
    state = golden.part("vgg_loss/state.")
    vgg = Vgg19(width=len(state["features.0.bias"])).double()
    vgg.load_state_dict(state)
    return vgg


def sum_of_squares(images: list[Tensor], maps: list[Tensor]) -> Tensor:
    """The loss whose gradient norms the files store."""
    return torch.stack([x.square().sum() for x in images] + [x.square().mean() for x in maps]).sum()


def assert_image(golden: Golden, key: str, image: Tensor, allowed: float, frame: int | None = None) -> None:
    """Compare an image with the stored one, or with every second pixel of it if that is all the file has."""
    complete = key in golden.tensors
    stored = golden.tensors[key if complete else f"{key}_every_second"]
    expected = stored if frame is None else stored[:, frame]
    assert_close(f"{key} {frame or ''}", image if complete else image[..., ::2, ::2], expected, allowed)


def assert_sums(golden: Golden, key: str, images: Tensor) -> None:
    """Compare sum, sum of squares and sum of absolute values of images, if the file has them."""
    if f"{key}_sum" in golden.tensors:
        sums = torch.stack([images.sum(), images.square().sum(), images.abs().sum()])
        assert_close(f"{key}_sum", sums, golden.tensors[f"{key}_sum"], 1e-6 * float(sums[2]))


def assert_maps(golden: Golden, prefix: str, kind: str, found: list[Tensor], allowed: float) -> None:
    """Compare flows or masks with the tensors `<prefix><kind>.<0, 1, ...>` of the file."""
    stored = [key for key in golden.tensors if re.fullmatch(re.escape(f"{prefix}{kind}.") + r"\d+", key)]
    assert len(found) == len(stored)
    for index, value in enumerate(found):
        key = f"{prefix}{kind}.{index}"
        assert_close(key, value, golden.tensors[key], allowed)


def assert_gradients(
    golden: Golden, module: nn.Module, inputs: dict[str, Tensor] | None = None, *, prefix: str = "gradnorm."
) -> None:
    """Compare the norms of all gradients after a backward pass; inputs: further leaves by name."""
    leaves = dict(module.named_parameters()) | (inputs or {})
    expected = {key.removeprefix(prefix): value for key, value in golden.tensors.items() if key.startswith(prefix)}
    canonical = {key: value for key, value in expected.items() if not ALIAS.search(key)}
    assert set(canonical) == set(leaves)
    largest = max(float(value) for value in canonical.values())
    for key, value in canonical.items():
        gradient = leaves[key].grad
        if gradient is None:  # not part of the loss: Market's deepest source features, the masks of stage 1
            gradient = torch.zeros(1)
        # The gradient of a bias before a norm is rounding noise.
        tolerance = GRADIENT_TOLERANCE * float(value) + 1e-9 * largest
        assert_close(prefix + key, gradient.norm()[None], value, tolerance)


def assert_loss(golden: Golden, loss: Tensor) -> None:
    """Compare the loss of `sum_of_squares`."""
    expected = golden.tensors["out.gradloss"]
    assert_close("gradloss", loss[None], expected, GRADIENT_TOLERANCE * float(loss.detach().abs()))
