"""The segmentation network: coverage of pictures of any size, and how sure it is."""

from pathlib import Path

import pytest
import torch

from models.segmentation import STEP, SegmentationConfig, SegmentationNetwork, judge_mask
from models.weights import load_weights, save_weights

SMALL = SegmentationConfig(widths=(8, 8, 8, 8, 8), dilations=(1,), detail=4)


@pytest.mark.parametrize("size", [(STEP, STEP), (2 * STEP, 3 * STEP)])
def test_the_coverage_is_as_large_as_the_picture(size: tuple[int, int]) -> None:
    network = SegmentationNetwork(config=SMALL).eval()
    assert network(torch.zeros(2, 3, *size)).shape == (2, 1, *size)


def test_every_pixel_depends_on_the_whole_picture() -> None:
    torch.manual_seed(0)
    network = SegmentationNetwork(config=SMALL).eval()
    image = torch.rand(1, 3, 256, 256, requires_grad=True)
    network(image)[0, 0, 0, 0].backward()
    assert image.grad is not None
    assert image.grad[0, :, 192:, 192:].abs().sum() > 0


def test_the_network_is_small_and_its_weights_come_back_from_a_file(tmp_path: Path) -> None:
    network = SegmentationNetwork(config=SegmentationConfig()).eval()
    path = tmp_path / "segmentation.safetensors"
    save_weights(path, network, architecture="segmentation", licence="", command="", extra={})
    assert path.stat().st_size < 3e6
    restored = load_weights(path, expect="segmentation")
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(restored(image), network(image), atol=2e-2)


def test_soft_masks_are_judged_to_be_less_certain() -> None:
    axis = torch.arange(64)
    disc = ((axis - 32).square()[:, None] + (axis - 32).square() < 400).float()
    masks = torch.stack([disc, 0.2 + 0.6 * disc, torch.zeros_like(disc)])[:, None]
    sure, unsure, empty = judge_mask(masks).tolist()
    assert sure == 1
    assert 0.2 < unsure < 0.7
    assert empty == 0
