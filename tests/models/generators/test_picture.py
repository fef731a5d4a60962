"""What the wiring of the parts promises; that the networks are the authors' is shown by the golden tests."""

import pytest
import torch
from torch import Tensor

from models.generators.config import GeneratorConfig, PictureConfig
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.generators.recurrent import State
from tests.helpers.golden import assert_close

SMALL = {"structure_channels": 4, "width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 16}


def picture(**changes: object) -> PictureGenerator:
    torch.manual_seed(3)
    return PictureGenerator(config=PictureConfig(**SMALL, attention_hidden=8, **changes))  # pyright: ignore


def inputs(*, coded: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    structure = (2, 4, 1, 1) if coded else (2, 4, 64, 96)
    return torch.rand(2, 3, 64, 96) * 2 - 1, torch.rand(structure), torch.rand(structure)


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("layers", [((2,), (3,)), ((3, 2), (3, 5)), ((1, 2, 3), (1, 4, 3))])
def test_any_attention_layers(layers: tuple[tuple[int, ...], tuple[int, ...]], coded: bool) -> None:
    found = picture(attention_layers=layers[0], kernel_sizes=layers[1], coded=coded)(*inputs(coded=coded))
    sizes = [(64 // 2**layer, 96 // 2**layer) for layer in sorted(layers[0], reverse=True)]
    assert [tuple(flow.shape) for flow in found.flows] == [(2, 2, *size) for size in sizes]
    assert [tuple(mask.shape) for mask in found.masks] == [(2, 1, *size) for size in sizes]
    assert found.image.shape == (2, 3, 64, 96)


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("spectral", [False, True])
def test_stage_one_is_the_generators_flow_net(coded: bool, spectral: bool) -> None:
    generator = picture(coded=coded, spectral=spectral).eval()
    estimator = FlowEstimator(config=generator.config).eval()
    taken = {key: value for key, value in generator.state_dict().items() if key.startswith("flow_net.")}
    estimator.load_state_dict(taken)
    flows, masks = estimator(*inputs(coded=coded))
    found = generator(*inputs(coded=coded))
    for stage_one, stage_two in zip(flows + masks, found.flows + found.masks, strict=True):
        assert torch.equal(stage_one, stage_two)


def test_a_closed_mask_hides_the_source() -> None:
    generator, (source, *structures) = picture().eval(), inputs()
    for step in generator.flow_net.headed:
        head = generator.flow_net.get_submodule(f"mask{step}")[0]  # pyright: ignore[reportIndexIssue]
        torch.nn.init.constant_(head.bias, -1e4)
    shown = generator(source, *structures).image
    assert torch.equal(shown, generator(source.flip(0), *structures).image)
    assert not torch.equal(shown, generator(source, structures[0], structures[1].flip(0)).image)


def test_spectral_norm_leaves_heads_and_attention() -> None:
    with_norm = {key.removesuffix("_orig") for key in picture(spectral=True).state_dict() if key.endswith("_orig")}
    convolutions = {key for key, value in picture().state_dict().items() if value.ndim == 4}
    assert with_norm < convolutions
    assert {key.split(".")[1].rstrip("0123456789") for key in convolutions - with_norm} == {"attn", "output", "mask"}


def test_every_parameter_learns() -> None:
    for coded in (False, True):
        generator = picture(coded=coded)
        generator(*inputs(coded=coded)).image.square().sum().backward()
        assert [name for name, parameter in generator.named_parameters() if parameter.grad is None] == []


def test_the_joint_flow_net_reads_its_parts_in_order() -> None:
    torch.manual_seed(3)
    generator = FaceGenerator(config=GeneratorConfig(**SMALL, attention_hidden=8)).double().eval()  # pyright: ignore
    image, first, asked = (x.double() for x in inputs())
    previous = State(image.flip(2), first.flip(2))
    reference = generator.encode_reference(image, first)
    step = generator.step(reference, previous, asked)
    together = torch.cat([asked, previous.image, previous.structure, image, first], dim=1)
    flows, masks = generator.flow_net(together)
    for level, (flow, mask) in enumerate(zip(flows, masks, strict=True)):
        assert_close("flow", torch.cat([step.flows_previous[level], step.flows_reference[level]], 1), flow, 1e-10)
        assert_close("mask", torch.cat([step.masks_previous[level], step.masks_reference[level]], 1), mask, 1e-10)


@pytest.mark.parametrize(
    ("coded", "shapes"),
    [
        (False, [(2, 3, 64, 80), (2, 4, 64, 80)]),
        (False, [(2, 1, 64, 96), (2, 4, 64, 96)]),
        (False, [(2, 3, 64, 96), (2, 5, 64, 96)]),
        (False, [(2, 3, 64, 96), (2, 4, 1, 1)]),
        (True, [(2, 3, 64, 96), (2, 4, 2, 3)]),
        (True, [(2, 3, 64, 96), (1, 4, 1, 1)]),
    ],
)
def test_wrong_sizes_are_refused(coded: bool, shapes: list[tuple[int, ...]]) -> None:
    image, structure = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="expected"):
        picture(coded=coded)(image, structure, structure)
