"""Shapes, spectral norm and builders of the discriminators; the golden tests compare them with the authors'."""

import pytest
import torch
from torch import Tensor, nn

from models.discriminators import (
    OFFICIAL_DISCRIMINATORS,
    PatchDiscriminator,
    ResDiscriminator,
    TemporalDiscriminator,
    official_discriminators,
)
from models.weights.official import OFFICIAL


def small(kind: type[nn.Module], **changes: int) -> nn.Module:
    torch.manual_seed(1)
    return kind(width=4, max_width=16, **changes)


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_sizes(layers: int) -> None:
    image, cells = torch.rand(2, 3, 64, 96), (64 // 2**layers, 96 // 2**layers)
    assert small(ResDiscriminator, layers=layers)(image).shape == (2, 1, *cells)
    clip = torch.rand(2, 3, 7, 64, 96)
    assert small(TemporalDiscriminator, layers=layers, frames=7)(clip).shape == (2, 1, *cells)
    logits, features = small(PatchDiscriminator, layers=layers)(image)
    assert logits.shape == (2, 1, cells[0] - 2, cells[1] - 2)
    assert len(features) == layers + 1


def test_time_becomes_the_fastest_channel() -> None:
    network = small(TemporalDiscriminator)
    seen: list[Tensor] = []

    def note_result(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append(output)

    def note_input(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0])

    network.get_submodule("block1").register_forward_hook(note_result)
    network.get_submodule("encoder0").register_forward_pre_hook(note_input)
    network(torch.rand(1, 3, 6, 32, 32))
    frames, stacked = seen
    for channel in range(frames.shape[1]):
        for time in range(2):
            assert torch.equal(stacked[:, 2 * channel + time], frames[:, channel, time])


@pytest.mark.parametrize("kind", [ResDiscriminator, TemporalDiscriminator, PatchDiscriminator])
def test_every_convolution_is_normalised(kind: type[nn.Module]) -> None:
    network = small(kind)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            assert "weight_orig" in dict(module.named_parameters())


def test_power_iterations_only_while_training() -> None:
    network, image = small(ResDiscriminator), torch.rand(1, 3, 32, 32)
    vector = network.get_buffer("conv.weight_v").clone()
    assert torch.equal(network.eval()(image), network(image))
    assert torch.equal(network.get_buffer("conv.weight_v"), vector)
    network.train()(image)
    assert not torch.equal(network.get_buffer("conv.weight_v"), vector)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("pose_fashion", [(ResDiscriminator, 3, 4)]),
        ("pose_market", [(ResDiscriminator, 3, 3)]),
        ("dance_iper", [(ResDiscriminator, 3, 4), (TemporalDiscriminator, 3, 4)]),
        ("face", [(ResDiscriminator, 3, 4), (ResDiscriminator, 6, 4)]),
        ("keypoint", []),
    ],
)
def test_each_configuration_has_its_discriminators(name: str, kinds: list[tuple[type[nn.Module], int, int]]) -> None:
    torch.manual_seed(1)
    found = official_discriminators(name, generator_width=10)
    torch.manual_seed(1)
    expected = [kind(channels=channels, width=5, max_width=20, layers=layers) for kind, channels, layers in kinds]
    assert [type(network) for network in found] == [kind for kind, _, _ in kinds]
    for network, same in zip(found, expected, strict=True):
        assert all(torch.equal(value, same.state_dict()[key]) for key, value in network.state_dict().items())


def test_every_official_network_is_listed() -> None:
    assert set(OFFICIAL_DISCRIMINATORS) == set(OFFICIAL)
