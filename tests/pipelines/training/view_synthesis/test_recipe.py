"""Training of the view-synthesis generator at tiny size: losses, updates, learning, validation."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.generators.config import ViewConfig
from models.generators.view import ViewGenerator
from models.turning import Camera
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.image_metrics import psnr
from pipelines.training.view_synthesis import validation
from pipelines.training.view_synthesis.data import Recipe, draw_pairs
from pipelines.training.view_synthesis.losses import reconstruction_losses
from pipelines.training.view_synthesis.recipe import ViewSynthesisTask
from pipelines.training.view_synthesis.validation import render_held_out, validate

SMALL = Recipe(size=64, chunk=2, views=2, adversarial_from=0.0, validation=1)
ARCHITECTURE = ViewConfig(
    width=8, max_width=16, flow_width=8, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
    attention_hidden=8, norm="batch", volume_channels=4, volume_depth=8, detail_hidden=8, lens=True, classes=("car",),
)  # fmt: skip


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_task(out: Path, recipe: Recipe = SMALL, **options) -> ViewSynthesisTask:
    config = TrainConfig(**{"out": out, "batch": 4, "device": "cpu", "steps": 8, "warmup": 1} | options)
    session = Session(config, Processes("cpu"), SilentProgress())
    torch.manual_seed(0)
    return ViewSynthesisTask(session, recipe, ViewGenerator(config=ARCHITECTURE))


def test_a_batch_updates_both_networks_once_per_chunk(tmp_path: Path) -> None:
    task = make_task(tmp_path)
    networks = task.generator, task.discriminator
    before = [{key: value.clone() for key, value in network.state_dict().items()} for network in networks]
    losses = task.update(task.draw_batch())
    assert task.session.step == 2
    expected = {"picture", "gradient", "generated", "alpha", "depth", "flow", "mask", "fine_flow", "warped", "copy"}
    assert set(losses) == expected | {"adversarial", "features"}
    assert all(torch.isfinite(value) for value in losses.values())
    for old, network in zip(before, networks, strict=True):
        changed = [key for key, value in network.named_parameters() if not torch.equal(old[key], value)]
        assert len(changed) > 0.9 * len(list(network.parameters()))


def test_true_depth_flow_and_alpha_cost_nothing() -> None:
    """What the losses ask for is what the renderer says."""
    sample = draw_pairs(Recipe(size=64, views=2, soft=0, azimuth_noise=0), 4, seeded(3))
    truth = sample.truth
    torch.manual_seed(0)
    inputs = sample.inputs
    view = ViewGenerator(config=ARCHITECTURE).eval()(
        inputs.image, Camera.unstack(inputs.source), Camera.unstack(inputs.target), inputs.kind
    )
    before = reconstruction_losses(SMALL, view, truth)
    detail = replace(view.detail, flow_reference=truth.flow, flow_previous=truth.flow_mirrored)
    better = replace(view, image=truth.image, alpha=truth.mask, detail=detail)
    after = reconstruction_losses(SMALL, better, truth)
    assert max(after[name] for name in ("picture", "gradient", "fine_flow")) < 1e-4
    assert after["alpha"] < 0.2 * before["alpha"]
    assert min(before[name] for name in ("picture", "gradient", "fine_flow", "depth", "flow")) > 0


@pytest.mark.slow
def test_one_object_can_be_overfitted(tmp_path: Path) -> None:
    """Gradients do what they should: depth and flow find their truth, and the view beats copying the source."""
    recipe = replace(SMALL, chunk=2, category="car", adversarial_from=2.0, soft=0, azimuth_noise=0)
    task = make_task(tmp_path, recipe, learning_rate=3e-3, steps=1000, average=0.5)
    sample = draw_pairs(recipe, 2, seeded(9))
    inputs = *sample.inputs.tensors(), *sample.truth.tensors()
    first = task.name_losses(task.learn(*inputs)[1])
    for _ in range(45):
        image, losses = task.learn(*inputs)
    last = task.name_losses(losses)
    assert last["depth"] < 0.5 * first["depth"]
    assert last["flow"] < 0.5 * first["flow"]
    copied = psnr(sample.inputs.image, sample.truth.image).mean()
    assert psnr(image, sample.truth.on_background()).mean() > copied + 8


def test_held_out_objects_are_the_same_every_time_and_the_source_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(validation, "AT_ONCE", 2)
    first, again = (list(render_held_out("chair", 3, size=32, device=cpu)) for _ in range(2))
    assert [len(group.images) for group in first] == [2, 1]
    assert first[0].images.shape == (2, 18, 3, 32, 32)
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, again, strict=True))
    assert torch.equal(first[0].sources[1], first[0].images[1, first[0].source[1]])
    torch.manual_seed(0)
    model = ViewGenerator(config=ARCHITECTURE).eval()
    numbers, rows = validate(model, "chair", 2, size=64)
    assert set(numbers) == {"psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"}
    assert [row.shape for row in rows] == [(7, 3, 64, 64)] * 2
    (group,) = render_held_out("chair", 2, size=64, device=cpu)
    others = [
        psnr(group.images[i : i + 1, group.source[i]], group.images[i : i + 1, view])
        for i in range(2)
        for view in range(18)
        if view != group.source[i]
    ]
    assert numbers["copy"] == pytest.approx(float(torch.cat(others).mean()), abs=1e-4)
