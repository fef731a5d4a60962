"""Training of the keypoint network at tiny size."""

import json
from pathlib import Path

import pytest
import torch

from models.keypoints import KeypointConfig, KeypointNetwork, decode_heatmaps
from models.weights import load_weights, read_metadata
from pipelines.training.common import TrainConfig
from pipelines.training.crops import CropConfig, Crops, sample_crops
from pipelines.training.keypoints import Recipe, heat_maps, losses, run

TINY = CropConfig(size=64, source=48, supersample=1, texture_size=32, uses=2, poses=2, keep=2)


class Silent:
    def stage(self, name: str, total: int | None) -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, message: str) -> None: ...


@pytest.fixture(scope="module")
def crops():
    return sample_crops(TINY, 8, torch.Generator().manual_seed(4))


def test_crops_are_pictures_with_joints(crops):
    images, keypoints = crops
    assert images.shape == (8, 3, 64, 64)
    assert images.isfinite().all()
    assert images.min() >= -1
    assert images.max() <= 1
    assert keypoints.shape == (8, 17, 3)
    assert set(keypoints[..., 2].unique().tolist()) <= {0.0, 0.5, 1.0}
    inside = ((keypoints[..., :2] > -0.5) & (keypoints[..., :2] < 63.5)).all(-1)
    assert torch.equal(keypoints[..., 2] > 0, inside)
    assert inside.float().mean() > 0.6


def test_the_stream_draws_new_pictures_of_the_same_people_then_new_people():
    stream = Crops(TINY, 4, torch.Generator().manual_seed(5))
    first, scene = stream.next()[0], stream.scene
    second, kept = stream.next()[0], stream.scene
    stream.next()
    assert kept is scene
    assert stream.scene is not scene
    assert (first - second).abs().mean() > 0.02


def test_heat_maps_are_found_again():
    keypoints = torch.tensor([[[20.0, 33.5, 1.0], [41.3, 10.2, 0.5], [30.0, 30.0, 0.0]]])
    maps = heat_maps(keypoints, 16, 1.75)
    assert maps[0, 2].max() == 0
    decoded = decode_heatmaps(torch.logit(maps.clamp(1e-6, 1 - 1e-6)))
    torch.testing.assert_close(decoded[0, :2, :2], keypoints[0, :2, :2], atol=0.3, rtol=0)


def test_losses_prefer_the_truth_and_ignore_places_outside(crops):
    recipe = Recipe(crops=TINY)
    keypoints = crops[1]
    perfect = torch.logit(heat_maps(keypoints, 16, recipe.sigma).clamp(1e-4, 1 - 1e-4))
    right, wrong = losses(recipe, perfect, keypoints), losses(recipe, perfect.roll(3, -1), keypoints)
    assert right["heat"] < wrong["heat"]
    assert right["place"] < wrong["place"]
    nowhere = keypoints.clone()
    nowhere[..., 2] = 0
    assert losses(recipe, perfect, nowhere)["place"] == 0


def test_a_few_steps_overfit_one_batch(crops):
    torch.manual_seed(0)
    images, keypoints = crops
    network = KeypointNetwork(config=KeypointConfig(widths=(8, 16, 16, 32, 32)))
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    history = []
    for _ in range(30):
        total = torch.stack(list(losses(Recipe(), network(images), keypoints).values())).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(total.item())
    assert history[-1] < 0.5 * history[0]


def test_a_run_writes_weights_log_and_sheet_and_can_go_on(tmp_path: Path):
    recipe = Recipe(crops=TINY, validation=4)
    out = tmp_path / "run"
    config = TrainConfig(out=out, steps=2, batch=4, validate_every=2, device="cpu", warmup=1)
    weights = run(config, Silent(), recipe)
    network = load_weights(weights, expect="keypoints")
    assert isinstance(network, KeypointNetwork)
    extra = read_metadata(weights)["extra"]
    assert extra["step"] == 2
    assert 0 <= extra["pck"] <= 1
    assert (out / "sheet.png").exists()
    longer = TrainConfig(out=out, steps=3, batch=4, validate_every=2, device="cpu", warmup=1, resume=True)
    run(longer, Silent(), recipe)
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 3
