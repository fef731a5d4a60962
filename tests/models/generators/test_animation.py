"""The animation generator's own promises; that it is the authors' network is shown by the golden tests."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.batches import select_items
from models.detail import Detail
from models.doubt import measure_distortion
from models.fold import fold_batch_norm
from models.generators.animation import AnimationConfig, AnimationGenerator, State, bundled_person, dance_fashion
from models.generators.recurrent import Reference
from models.ops.sampling import warp
from tests.helpers.golden import assert_close

SMALL = {"structure_channels": 4, "width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 16}
SIZE = (1, 4, 64, 96)


def build(**changes: object) -> AnimationGenerator:
    torch.manual_seed(3)
    generator = AnimationGenerator(config=AnimationConfig(**SMALL, attention_hidden=8, **changes))  # pyright: ignore
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, -1.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    return generator


def clip(frames: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(5)
    return torch.rand(1, frames, *SIZE[1:]), torch.rand(1, 3, *SIZE[2:]) * 2 - 1, torch.rand(SIZE)


def test_pictures_of_a_batch_may_leave_and_the_others_go_on() -> None:
    torch.manual_seed(2)
    generator = build(detail_hidden=6, limbs=((0, 1),)).eval()
    images, structures = torch.rand(3, 3, *SIZE[2:]) * 2 - 1, torch.rand(2, 3, *SIZE[1:])
    joints = torch.rand(3, 2, 2) * 40
    whole = generator.encode_reference(images, structures[0], joints)
    first = generator.step(whole, State.initial(whole), structures[1], joints + 3)
    staying = torch.tensor([0, 2])
    after = generator.step(
        select_items(whole, staying), select_items(first.state, staying), structures[0, staying], joints[staying]
    )
    for place, number in enumerate((0, 2)):
        one = slice(number, number + 1)
        reference = generator.encode_reference(images[one], structures[0, one], joints[one])
        alone = generator.step(reference, State.initial(reference), structures[1, one], joints[one] + 3)
        alone = generator.step(reference, alone.state, structures[0, one], joints[one])
        step = select_items(after, slice(place, place + 1))
        assert step.detail is not None
        assert alone.detail is not None
        assert_close("image", step.image, alone.image, 1e-5)
        assert_close("flow", step.flows_previous[0], alone.flows_previous[0], 1e-5)
        assert_close("blend", step.detail.blend, alone.detail.blend, 1e-5)


@pytest.mark.parametrize("detail", [0, 6])
def test_steps_and_forward_agree(detail: int) -> None:
    generator, (structures, image, structure) = build(detail_hidden=detail).eval(), clip()
    together = generator(structures, image, structure)
    reference = generator.encode_reference(image, structure)
    state = State.initial(reference)
    for frame, expected in enumerate(together):
        step = generator.step(reference, state, structures[:, frame])
        assert torch.equal(step.image, expected.image)
        state = step.state
    continued = generator(structures[:, 2:], image, structure, together[1].image, structures[:, 1])
    assert torch.equal(continued[0].image, together[2].image)


@pytest.mark.parametrize("layers", [((2,), (3,)), ((3, 2), (3, 5)), ((1, 2, 3), (1, 4, 3))])
def test_any_attention_layers(layers: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    generator = build(attention_layers=layers[0], kernel_sizes=layers[1], detail_hidden=4)
    structures, image, structure = clip(1)
    step = generator(structures, image, structure)[0]
    sizes = [(64 // 2**layer, 96 // 2**layer) for layer in sorted(layers[0], reverse=True)]
    assert [tuple(flow.shape[-2:]) for flow in step.flows_previous] == sizes
    assert [tuple(mask.shape[-2:]) for mask in step.masks_reference] == sizes
    assert step.image.shape == image.shape


def test_detail_repeats_its_own_image() -> None:
    generator, (structures, image, structure) = build(detail_hidden=6), clip(1)
    assert generator.detail is not None
    torch.nn.init.normal_(generator.detail.residual.weight, std=0.1)
    step = generator(structures, image, structure)[0]
    assert isinstance(step.detail, Detail)
    assert_close("blend", step.detail.blend.sum(1), torch.ones(1, 64, 96), 1e-6)
    assert_close("image", step.detail.compose(step.generated), step.image, 1e-6)
    assert_close("warped", step.detail.warped_reference, warp(image, step.detail.flow_reference), 1e-6)
    assert not torch.equal(step.image, step.generated)


def test_untrained_detail_flow_is_the_enlarged_fine_flow() -> None:
    """A pan by one fine pixel is a pan by four image pixels."""
    generator, (structures, image, structure) = build(detail_hidden=6), clip(1)
    for net in (generator.flow_net_previous, generator.flow_net_reference):
        head = net.get_submodule("output2")
        assert isinstance(head, torch.nn.Conv2d)
        torch.nn.init.zeros_(head.weight)
        head.bias = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    detail = generator(structures, image, structure)[0].detail
    assert detail is not None
    expected = torch.tensor([4.0, -8.0]).view(1, 2, 1, 1).expand(1, 2, 64, 96)
    assert_close("flow", detail.flow_reference, expected, 1e-6)
    assert_close("warp", warp(image, detail.flow_reference)[..., 8:, :-4], image[..., :-8, 4:], 1e-4)


def test_every_parameter_learns() -> None:
    generator, (structures, image, structure) = build(norm="batch", detail_hidden=6), clip(2)
    steps = generator(structures, image, structure)
    torch.stack([step.image for step in steps]).square().sum().backward()
    without = [name for name, parameter in generator.named_parameters() if parameter.grad is None]
    assert without == []


def test_autocast_leaves_flows_and_images_exact_types() -> None:
    generator, (structures, image, structure) = build(norm="batch", detail_hidden=6), clip(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = generator(structures, image, structure)[-1]
    assert step.detail is not None
    assert {step.flows_previous[0].dtype, step.detail.flow_previous.dtype, step.image.dtype} == {torch.float32}


def test_folding_is_exact() -> None:
    generator, (structures, image, structure) = build(norm="batch", detail_hidden=6).double(), clip(2)
    generator(structures.double(), image.double(), structure.double())  # moves the running statistics
    expected = generator.eval()(structures.double(), image.double(), structure.double())
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    folded = fold_batch_norm(generator)
    found = folded(structures.double(), image.double(), structure.double())
    assert_close("image", found[-1].image, expected[-1].image, 1e-10)
    assert len(list(folded.modules())) <= len(list(generator.modules()))
    count = sum(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert count < sum(isinstance(module, torch.nn.BatchNorm2d) for module in generator.modules()) * 0.6
    assert all(torch.equal(before[key], value) for key, value in generator.state_dict().items())


@pytest.mark.parametrize(
    ("image", "structure"),
    [
        ((1, 3, 64, 80), (1, 4, 64, 80)),
        ((1, 3, 64, 96), (1, 4, 64, 64)),
        ((1, 1, 64, 96), SIZE),
        ((1, 3, 64, 96), (1, 5, 64, 96)),
    ],
)
def test_wrong_sizes_are_refused(image: tuple[int, ...], structure: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected image .*multiples of 32|expected structure \[B,4"):
        build().encode_reference(torch.zeros(image), torch.zeros(structure))


def test_official_size() -> None:
    with torch.device("meta"):
        generator = AnimationGenerator(config=dance_fashion())
    assert sum(parameter.numel() for parameter in generator.parameters()) == 23_510_195
    assert bundled_person().norm == "batch"


def test_the_shadow_is_an_output_of_its_own_that_begins_as_almost_none() -> None:
    generator = build(image_channels=4, shadow=True, detail_hidden=6)
    structures, _, structure = clip(2)
    image = torch.rand(1, 4, *SIZE[2:])
    before = generator(structures, image, structure)
    assert before[0].image.shape == before[0].generated.shape == image.shape
    assert before[0].shadow is not None
    assert before[0].shadow.shape == (1, 1, *SIZE[2:])
    assert 0 < before[0].shadow.max() < 0.03
    with torch.no_grad():
        generator.target.outconv.conv1.weight[-1] = 0.1
    after = generator(structures, image, structure)
    assert (after[1].shadow - before[1].shadow).abs().max() > 0.1
    assert_close("image", after[1].image, before[1].image, 0)


def test_without_the_option_there_is_no_shadow() -> None:
    structures, image, structure = clip(1)
    assert build()(structures, image, structure)[0].shadow is None


def test_restraint_moves_the_blend_to_the_reference_outside_of_training() -> None:
    free, held = build(detail_hidden=6), build(detail_hidden=6, restraint=(1.5, 2.0))
    held.load_state_dict(free.state_dict())
    structures, image, structure = clip(frames=1)

    def blend(generator: AnimationGenerator) -> Tensor:
        detail = generator(structures, image, structure)[0].detail
        assert detail is not None
        return detail.blend

    shares = blend(free.eval()) * torch.tensor([-1.5, -2.0, 0.0]).exp().view(3, 1, 1)
    torch.testing.assert_close(blend(held.eval()), shares / shares.sum(1, keepdim=True))
    assert torch.equal(blend(held.train()), blend(free.train()))


def mean_around(image: Tensor, row: int, column: int) -> Tensor:
    """[I], the mean of three by three squares of 4 pixels around one of [1, I, H, W], as many as there are."""
    rows, columns = (slice(max(4 * place - 4, 0), 4 * place + 8) for place in (row, column))
    return image[0, :, rows, columns].mean((1, 2))


def test_sources_that_differ_or_are_distorted_are_doubted_outside_of_training() -> None:
    trusting, doubting = build(detail_hidden=6), build(detail_hidden=6, doubt=20.0)
    doubting.load_state_dict(trusting.state_dict())
    structures, image, structure = clip(frames=1)
    step, doubted = (generator.eval()(structures, image, structure)[0] for generator in (trusting, doubting))
    assert step.detail is not None
    assert doubted.detail is not None
    sources = step.detail.warped_previous, step.detail.warped_reference
    flows = step.flows_previous, step.flows_reference
    penalty = torch.cat([20 * 0.25 * measure_distortion(each[-1]) for each in flows], 1)
    assert penalty.max() > 0.1
    for number, source in enumerate(sources):
        for row in range(16):
            for column in range(24):
                apart = mean_around(source, row, column) - mean_around(step.generated, row, column)
                penalty[0, number, row, column] += 20 * (apart.abs().mean() - 0.05).clamp(min=0)
    assert penalty.std() > 0.1
    penalty = torch.nn.functional.interpolate(penalty, size=SIZE[2:], mode="bilinear")
    shares = step.detail.blend * torch.cat([torch.ones_like(penalty[:, :1]), (-penalty).exp()], 1)
    torch.testing.assert_close(doubted.detail.blend, shares / shares.sum(1, keepdim=True), atol=1e-5, rtol=1e-4)
    plain, same = (generator.train()(structures, image, structure)[0].image for generator in (trusting, doubting))
    assert torch.equal(plain, same)


def several(generator: AnimationGenerator, count: int) -> tuple[Reference, State, Tensor]:
    """A reference with further images, 1 + `count` in all, its first state and a target structure."""
    torch.manual_seed(8)
    joints = torch.rand(1, 2, 2) * 40
    first, *others = (
        generator.encode_reference(torch.rand(1, 3, *SIZE[2:]) * 2 - 1, torch.rand(SIZE), joints)
        for _ in range(1 + count)
    )
    return replace(first, others=tuple(others)), State.initial(first), torch.rand(SIZE)


def test_the_same_image_again_changes_nothing() -> None:
    generator = build(detail_hidden=6, limbs=((0, 1),)).eval()
    reference, state, structure = several(generator, 0)
    alone = generator.step(reference, state, structure, state.joints)
    twice = generator.step(replace(reference, others=(reference, reference)), state, structure, state.joints)
    assert_close("image", twice.image, alone.image, 1e-5)
    assert twice.detail is not None
    assert alone.detail is not None
    assert_close("share", twice.detail.blend[:, 2:], alone.detail.blend[:, 2:].expand(-1, 3, -1, -1) / 3, 1e-5)


def test_what_only_a_further_image_shows_is_taken_from_it() -> None:
    generator = build(detail_hidden=6, limbs=((0, 1),)).eval()
    reference, state, structure = several(generator, 1)
    (other,) = reference.others
    step = generator.step(reference, state, structure, state.joints)
    assert step.detail is not None
    odds = [(mask / (1 - mask)) ** 2 for mask in (step.masks_reference[-1], step.others[0].masks[-1])]
    share = torch.nn.functional.interpolate(odds[1] / sum(odds), scale_factor=4, mode="bilinear")
    taken = step.detail.blend[:, 3:] / step.detail.blend[:, 2:].sum(1, keepdim=True)
    assert_close("share", taken, share, 1e-4)
    assert_close("sum", step.detail.blend.sum(1), torch.ones(1, *SIZE[2:]), 1e-5)
    assert_close("warped", step.detail.warped_others[0], warp(other.image, step.detail.flows_others[0]), 1e-5)
    swapped = replace(other, others=(replace(reference, others=()),))
    assert_close("order", generator.step(swapped, state, structure, state.joints).image, step.image, 1e-5)


def test_every_image_of_a_reference_gets_gradients() -> None:
    generator = build(detail_hidden=6)
    reference, state, structure = several(generator, 2)
    images = [image.requires_grad_() for image in (reference.image, *(other.image for other in reference.others))]
    generator.step(reference, state, structure).image.square().mean().backward()
    assert all(image.grad is not None and image.grad.abs().sum() > 0 for image in images)
