"""Losses of the keypoint network."""

import pytest
import torch
from torch import Generator

from models.keypoints import KeypointConfig, KeypointNetwork
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.keypoints.crops import Crops
from pipelines.training.keypoints.data import Recipe, draw_crops
from pipelines.training.keypoints.losses import draw_heat_maps, keypoint_losses, mask_loss
from tests.helpers.heatmaps import decode_heatmaps
from tests.helpers.training_runs import TINY_CROPS

RECIPE = Recipe(crops=TINY_CROPS)


@pytest.fixture(scope="module")
def crops() -> Crops:
    return draw_crops(TINY_CROPS, 8, Generator().manual_seed(4))


def test_heat_maps_are_decoded_to_the_keypoints() -> None:
    keypoints = torch.tensor([[[20.0, 33.5, 1.0], [41.3, 10.2, 0.5], [30.0, 30.0, 0.0]]])
    maps = draw_heat_maps(keypoints, 16, 1.75)
    assert maps[0, 2].max() == 0
    decoded = decode_heatmaps(torch.logit(maps.clamp(1e-6, 1 - 1e-6)))
    torch.testing.assert_close(decoded[0, :2, :2], keypoints[0, :2, :2], atol=0.3, rtol=0)


def test_losses_prefer_the_truth_and_ignore_places_outside(crops: Crops) -> None:
    keypoints = crops.keypoints
    perfect = torch.logit(draw_heat_maps(keypoints, 16, RECIPE.sigma).clamp(1e-4, 1 - 1e-4))
    right = keypoint_losses(RECIPE, perfect, keypoints)
    wrong = keypoint_losses(RECIPE, perfect.roll(3, -1), keypoints)
    assert right["heat"] < wrong["heat"]
    assert right["place"] < wrong["place"]
    exchanged = keypoint_losses(RECIPE, perfect[:, list(COCO17_FLIP)], keypoints)
    assert right["side"] < 0.2 * exchanged["side"]
    nowhere = keypoints.clone()
    nowhere[..., 2] = 0
    empty = keypoint_losses(RECIPE, torch.zeros(8, 17, 16, 16), nowhere)
    assert empty["heat"] > 0
    assert empty["place"] == empty["side"] == 0


def test_the_mask_loss_prefers_the_true_mask(crops: Crops) -> None:
    perfect = torch.logit(torch.nn.functional.avg_pool2d(crops.mask, 2).clamp(1e-3, 1 - 1e-3))
    right, empty = (mask_loss(RECIPE, logits, crops.mask) for logits in (perfect, torch.full_like(perfect, -7.0)))
    assert right < 0.3 * empty
    assert right < 0.3 * mask_loss(RECIPE, perfect.roll(8, -1), crops.mask)


def test_a_few_steps_overfit_one_batch(crops: Crops) -> None:
    torch.manual_seed(0)
    images, keypoints, mask = crops
    network = KeypointNetwork(config=KeypointConfig(widths=(8, 16, 16, 32, 32), mask=True))
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    history = []
    for _ in range(50):
        joints, masks = network(images, mask=True)
        losses = [*keypoint_losses(Recipe(), joints, keypoints).values(), mask_loss(Recipe(), masks, mask)]
        total = torch.stack(losses).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(total.item())
    assert history[-1] < 0.5 * history[0]
