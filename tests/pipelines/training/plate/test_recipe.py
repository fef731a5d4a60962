"""Training of the plate network at tiny size."""

from pathlib import Path

import pytest
import torch

from models.plate import PlateConfig, PlateNetwork
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.plate.data import Pictures, Recipe, draw_pictures
from pipelines.training.plate.losses import filling_losses
from pipelines.training.plate.recipe import PlateTask
from pipelines.training.plate.validation import fill_smoothly, measure, render_held_out, validate

SMALL = PlateConfig(widths=(4, 4, 8), dilations=(1,), spectral=4, heads=2)


def make_task(out: Path, recipe: Recipe, *, batch: int = 8, steps: int = 10, rate: float = 8e-4) -> PlateTask:
    config = TrainConfig(out=out, device="cpu", batch=batch, steps=steps, warmup=1, learning_rate=rate)
    torch.manual_seed(0)
    return PlateTask(Session(config, Processes("cpu"), SilentProgress()), recipe, PlateNetwork(config=SMALL))


def test_pictures_grow_when_the_adversarial_losses_start(tmp_path: Path) -> None:
    task = make_task(tmp_path, Recipe(size=64, fine_size=128, chunk=4, adversarial_from=0.5))
    found = []
    for step in (0, 4, 5, 9):
        task.session.step = step
        assert task.session.running()
        batch = task.draw_batch()
        losses = task.update(batch)
        assert all(value.isfinite() for value in losses.values())
        found.append((len(batch), batch.image.shape[-1], "adversarial" in losses, task.session.step - step))
    assert found == [(8, 64, False, 2), (8, 64, False, 2), (2, 128, True, 2), (1, 128, True, 1)]


def test_updates_change_all_of_the_network(tmp_path: Path) -> None:
    task = make_task(tmp_path, Recipe(size=64, fine_size=64, chunk=2), batch=4)
    before = {key: value.clone() for key, value in task.generator.named_parameters()}
    for _ in range(2):
        task.update(task.draw_batch())
    changed = [key for key, value in task.generator.named_parameters() if not torch.equal(before[key], value)]
    assert len(changed) > 0.9 * len(before)


def test_the_network_learns_to_fill_stripes(tmp_path: Path) -> None:
    """Stripes through a hole, at which push-pull fails."""
    task = make_task(tmp_path, Recipe(chunk=4), steps=1000, rate=5e-3)
    x = torch.arange(32.0)
    phase = torch.tensor([0.0, 1.0, 2.0, 3.0])[:, None, None, None]
    image = (0.8 * torch.sin(2 * torch.pi * (x + phase) / 8)).expand(4, 3, 32, 32)
    hole = torch.zeros(4, 1, 32, 32)
    hole[..., 8:24, 12:22] = 1
    pictures = Pictures(image.contiguous(), hole)
    for _ in range(40):
        task.update(pictures)
    learned = task.generator.eval()(pictures.image, pictures.hole)
    gain = measure(learned, pictures)["psnr"] - measure(fill_smoothly(pictures.image, hole), pictures)["psnr"]
    assert gain.min() > 3


def test_losses_are_means_over_the_hole(tmp_path: Path) -> None:
    truth = torch.zeros(2, 3, 64, 64)
    small, large = torch.zeros(2, 1, 64, 64), torch.zeros(2, 1, 64, 64)
    small[..., 20:30, 20:30], large[..., 10:50, 10:50] = 1, 1
    recipe = Recipe(border=0.0, picture=1.0)
    values = [filling_losses(recipe, truth + 0.3 * hole, truth, hole)["picture"] for hole in (small, large)]
    assert [float(value) for value in values] == pytest.approx([0.3, 0.3])
    nearer = filling_losses(Recipe(border=2.0, picture=1.0), truth + 0.3 * large, truth, large)["picture"]
    assert 0.3 < float(nearer) < 0.9
    assert all(float(value) == 0 for value in filling_losses(recipe, truth, truth, small).values())


def test_validation_compares_with_push_pull_inside_the_holes() -> None:
    torch.manual_seed(0)
    pictures = render_held_out(4, size=64, device=torch.device("cpu"))
    assert torch.equal(pictures.image, render_held_out(4, size=64, device=torch.device("cpu")).image)
    numbers, rows = validate(PlateNetwork(config=SMALL).eval(), pictures)  # untrained: the same as push-pull
    assert numbers["psnr"] == pytest.approx(numbers["psnr_smooth"], abs=1e-3)
    assert numbers["ssim"] == pytest.approx(numbers["ssim_smooth"], abs=1e-3)
    assert [row.shape for row in rows] == [(4, 3, 64, 64)] * 4
    right = measure(pictures.image, pictures)
    assert right["psnr"].min() == 100
    assert right["ssim"].min() == pytest.approx(1, abs=1e-5)


def test_training_never_draws_what_validation_holds_out() -> None:
    held_out = render_held_out(2, size=64, device=torch.device("cpu"))
    trained = draw_pictures(Recipe(), 2, 64, torch.Generator().manual_seed(0))
    assert not torch.equal(held_out.image, trained.image)
