"""The plate network: it fills holes of pictures of any size, and touches nothing else."""

from pathlib import Path

import pytest
import torch
from torch import nn

from models.ops.filling import push_pull
from models.plate import PlateConfig, PlateNetwork, Spectrum, bundled_plate
from models.weights import load_weights, save_weights

SMALL = PlateConfig(widths=(4, 8, 8), dilations=(1, 2), spectral=4, heads=2)


def make_network(*, trained: bool = True) -> PlateNetwork:
    torch.manual_seed(0)
    network = PlateNetwork(config=SMALL).eval()
    if trained:
        for name, parameter in network.named_parameters():
            if name.endswith("leave.weight"):
                nn.init.normal_(parameter)
    return network


def make_picture(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    image = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    hole = torch.zeros(2, 1, height, width)
    hole[..., height // 4 : height // 2, width // 3 :] = 1
    return image, hole


@pytest.mark.parametrize("size", [(64, 64), (33, 57), (8, 100), (1, 1)])
def test_any_size_is_filled_and_known_pixels_stay_exactly(size: tuple[int, int]) -> None:
    image, hole = make_picture(*size)
    filled = make_network()(image, hole)
    assert filled.shape == image.shape
    assert filled.isfinite().all()
    inside = (hole > 0).expand_as(image)
    assert torch.equal(filled[~inside], image[~inside])
    if min(size) > 1:
        assert (filled[inside] != image[inside]).all()


def test_the_image_in_the_hole_is_not_read_and_a_soft_hole_blends() -> None:
    network, (image, hole) = make_network(), make_picture(40, 40)
    filled = network(image, hole)
    torch.testing.assert_close(network(torch.where(hole > 0, 0.3, image), hole), filled)
    soft = network(image, hole / 2)
    torch.testing.assert_close(soft, (image + filled) / 2)


def test_an_untrained_network_fills_as_push_pull() -> None:
    image, hole = make_picture(32, 32)
    expected = torch.lerp(image, push_pull(image, 1 - hole), hole)
    torch.testing.assert_close(make_network(trained=False)(image, hole), expected)


def test_the_spectrum_reaches_across_the_complete_map() -> None:
    torch.manual_seed(0)
    spectrum = Spectrum(channels=4, hidden=8).eval()
    first = torch.randn(1, 4, 8, 64)
    second = first.clone()
    second[..., 3, 2] += 5
    changed = (spectrum(second) - spectrum(first)).abs().amax((0, 1, 2))
    assert (changed > 1e-4).all()


def test_nothing_and_everything_can_be_a_hole() -> None:
    network, (image, hole) = make_network(), make_picture(24, 24)
    assert torch.equal(network(image, torch.zeros_like(hole)), image)
    assert network(image, torch.ones_like(hole)).isfinite().all()


def test_the_bundled_size_takes_at_most_five_megabytes_in_its_file(tmp_path: Path) -> None:
    network = PlateNetwork(config=bundled_plate()).eval()
    path = tmp_path / "w.safetensors"
    save_weights(path, network, architecture="plate", licence="", command="", extra={})
    assert path.stat().st_size < 5e6
    assert load_weights(path, expect="plate").config == bundled_plate()
