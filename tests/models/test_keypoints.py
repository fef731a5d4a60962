"""The keypoint network's shapes, and how its heat maps are read to a fraction of a cell."""

import pytest
import torch

from models.fold import fold_batch_norm
from models.keypoints import KeypointConfig, KeypointMaps, KeypointNetwork
from tests.helpers.golden import assert_close
from tests.helpers.heatmaps import decode_heatmaps, make_heatmap_logits


def test_peaks_between_cells_are_found() -> None:
    torch.manual_seed(0)
    positions = torch.rand(2, 17, 2) * torch.tensor([170.0, 230.0]) + 10
    found = decode_heatmaps(make_heatmap_logits(positions))
    assert_close("positions", found[..., :2], positions, 0.05)
    assert bool(((found[..., 2] > 0.7) & (found[..., 2] <= 0.9)).all())


def test_peaks_at_the_border_and_flat_maps() -> None:
    corner = decode_heatmaps(make_heatmap_logits(torch.tensor([[[1.5, 253.5]]])))
    assert_close("corner", corner[0, 0, :2], torch.tensor([1.5, 253.5]), 1e-4)
    nothing = decode_heatmaps(torch.full((1, 2, 8, 8), -20.0))
    assert bool(nothing.isfinite().all())
    assert float(nothing[..., 2].max()) < 1e-6


def test_network_size_and_shape() -> None:
    network = KeypointNetwork(config=KeypointConfig()).eval()
    assert sum(parameter.numel() for parameter in network.parameters()) <= 8_000_000
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 128, 96)).joints.shape == (1, 17, 32, 24)


def test_folding_is_exact() -> None:
    torch.manual_seed(0)
    network = KeypointNetwork(config=KeypointConfig(joints=3, widths=(4, 8, 8, 8, 8), mask=True)).double()
    image = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    network(image, mask=True)
    folded = fold_batch_norm(network)
    for name, maps, expected in zip(
        KeypointMaps._fields, folded(image, mask=True), network.eval()(image, mask=True), strict=True
    ):
        assert_close(name, maps, expected, 1e-12)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())


@pytest.mark.parametrize("depth", [2, 3])
def test_any_depth(depth: int) -> None:
    network = KeypointNetwork(config=KeypointConfig(widths=(4, 8, 8, 8)[: depth + 1]))
    assert network(torch.zeros(2, 3, 64, 64)).joints.shape == (2, 17, 16, 16)


def test_the_mask_is_at_half_the_size_of_the_crop_and_costs_nothing_unless_asked_for() -> None:
    network = KeypointNetwork(config=KeypointConfig(widths=(4, 8, 8), mask=True))
    crop = torch.zeros(2, 3, 64, 32)
    assert network(crop).mask is None
    mask = network(crop, mask=True).mask
    assert mask is not None
    assert mask.shape == (2, 1, 32, 16)


def test_a_network_without_masks_says_so() -> None:
    with pytest.raises(ValueError, match="finds no masks"):
        KeypointNetwork(config=KeypointConfig(widths=(4, 8)))(torch.zeros(1, 3, 32, 32), mask=True)
