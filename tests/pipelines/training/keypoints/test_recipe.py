"""Training of the keypoint network at tiny size."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.keypoints import KeypointConfig, KeypointNetwork
from models.weights import load_weights, read_metadata
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.runtime.progress import SilentProgress
from pipelines.training.engine.session import TrainConfig
from pipelines.training.keypoints.data import CropConfig, followed
from pipelines.training.keypoints.recipe import Recipe, heat_maps, losses, run
from pipelines.training.keypoints.stream import Crops, sample_crops
from tests.helpers.heatmaps import decode_heatmaps

TINY = CropConfig(size=64, source=48, supersample=1, texture_size=32, pool=2, renew=1)


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


def test_the_stream_renews_its_pool_and_its_people():
    stream = Crops(TINY, 4, torch.Generator().manual_seed(5))
    first, scene = stream.next()[0], stream.scene
    second, kept = stream.next()[0], stream.scene
    assert kept is scene
    assert len(stream.people) == 8
    oldest = stream.people.joints[:4].clone()
    stream.next()
    assert stream.scene is not scene
    assert len(stream.people) == 8
    assert not torch.equal(stream.people.joints[:4], oldest)
    assert (first - second).abs().mean() > 0.02


def test_a_restored_stream_goes_on_with_the_same_people():
    generator = torch.Generator().manual_seed(8)
    stream = Crops(TINY, 2, generator)
    for _ in range(5):  # the oldest rendering has left the pool, a new one is not due with the old people
        stream.next()
    saved, state = stream.state_dict(), generator.get_state()
    expected = [stream.next() for _ in range(2)]
    other = torch.Generator().manual_seed(9)
    restored = Crops(TINY, 2, other)
    restored.next()
    restored.load_state_dict(saved)
    other.set_state(state)
    for images, keypoints in expected:
        again = restored.next()
        assert torch.equal(again[0], images)
        assert torch.equal(again[1], keypoints)


def test_crops_without_a_person_ask_for_nothing():
    config = replace(TINY, nobody=0.5, beside=0.0, before=0.0, clutter=0.0, occluder=0.0, worn=0.0)
    images, keypoints = sample_crops(config, 8, torch.Generator().manual_seed(6))
    empty = (keypoints[..., 2] == 0).all(1)
    assert empty.sum() == 4
    assert images.isfinite().all()
    logits = torch.zeros(8, 17, 16, 16)
    parts = losses(Recipe(), logits[empty], keypoints[empty])
    assert parts["heat"] > 0
    assert parts["place"] == parts["side"] == 0


def test_a_followed_person_fills_the_crop():
    _, keypoints = sample_crops(followed(TINY), 8, torch.Generator().manual_seed(7))
    extent = (keypoints[..., :2].amax(1) - keypoints[..., :2].amin(1)).amax(1)
    assert (extent > 0.5 * TINY.size).all()
    assert (keypoints[..., 2] > 0).float().mean() > 0.9


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
    exchanged = losses(recipe, perfect[:, list(COCO17_FLIP)], keypoints)
    assert right["side"] < 0.2 * exchanged["side"]
    nowhere = keypoints.clone()
    nowhere[..., 2] = 0
    assert losses(recipe, perfect, nowhere)["place"] == 0


def test_a_few_steps_overfit_one_batch(crops):
    torch.manual_seed(0)
    images, keypoints = crops
    network = KeypointNetwork(config=KeypointConfig(widths=(8, 16, 16, 32, 32)))
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    history = []
    for _ in range(50):
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
    weights = run(config, SilentProgress(), recipe)
    network = load_weights(weights, expect="keypoints")
    assert isinstance(network, KeypointNetwork)
    extra = read_metadata(weights)["extra"]
    assert extra["step"] == 2
    assert 0 <= extra["pck"] <= 1
    assert 0 <= extra["hard_pck"] <= 1
    assert (out / "sheet.png").exists()
    longer = TrainConfig(out=out, steps=3, batch=4, validate_every=2, device="cpu", warmup=1, resume=True)
    run(longer, SilentProgress(), recipe)
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 3
