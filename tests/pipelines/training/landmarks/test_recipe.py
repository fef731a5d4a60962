"""Training of the landmark network at tiny size."""

from pathlib import Path

import pytest
import torch

from models.errors import InputError
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session
from pipelines.training.landmarks.data import Recipe, draw_crops
from pipelines.training.landmarks.recipe import LandmarkTask
from pipelines.training.landmarks.validation import draw_landmarks, validate

NUMBERS = ("nme", "failures", "lids", "lips", "presence")
TINY = Recipe(chunk=4, source=48, validation=3)


def make_task(config: TrainConfig, recipe: Recipe) -> LandmarkTask:
    return LandmarkTask(Session(config, Processes("cpu"), SilentProgress()), recipe)


def test_a_batch_updates_the_network_once_per_chunk_and_validation_counts(tmp_path: Path) -> None:
    task = make_task(TrainConfig(out=tmp_path, batch=8, steps=4, device="cpu", warmup=1), TINY)
    before = {key: value.clone() for key, value in task.network.state_dict().items()}
    losses = task.update(task.draw_batch())
    assert task.session.step == 2
    assert all(torch.isfinite(value) for value in losses.values())
    changed = [key for key, value in task.network.named_parameters() if not torch.equal(before[key], value)]
    assert len(changed) > 0.9 * len(list(task.network.parameters()))
    task.prepare()
    found = task.validate(task.published_network())
    assert set(found.numbers) == {kind + name for kind in ("", "hard_") for name in NUMBERS}
    assert all(0 <= found.numbers[name] <= 1 for name in ("failures", "presence", "hard_presence"))
    assert found.numbers["nme"] > 0
    assert [row.shape for row in found.sheet] == [(6, 3, 192, 192)]


def test_what_is_found_is_drawn_where_somebody_is() -> None:
    crops = draw_crops(TINY, 2, 64, torch.Generator().manual_seed(0))
    presence = torch.tensor([0.9, 0.1])
    drawn = draw_landmarks(crops.images, crops.landmarks[..., :2].clamp(5, 58), presence)
    assert (drawn[0] != crops.images[0]).any()
    assert torch.allclose(drawn[1], 0.4 * (crops.images[1] + 1) - 1)


def test_validation_sees_errors_and_failures() -> None:
    class Fixed(torch.nn.Module):
        """Finds every landmark in the middle, and somebody everywhere."""

        def forward(self, images: torch.Tensor) -> tuple:
            from models.landmarks import LandmarkOutput

            return LandmarkOutput(torch.zeros(len(images), 68, 16, 16), torch.ones(len(images)))

    crops = draw_crops(TINY, 3, 64, torch.Generator().manual_seed(0))
    crops.presence[:] = torch.tensor([[1.0, 1], [0, 1], [1, 0]])
    crops.landmarks[:] = 31.5
    crops.landmarks[:, 36, 0], crops.landmarks[:, 45, 0] = 11.5, 51.5
    numbers, found, _ = validate(Fixed(), crops)  # pyright: ignore[reportArgumentType]
    assert torch.allclose(found, torch.tensor(31.5))
    assert numbers["nme"] == pytest.approx(2 * 20 / 40 / 68, rel=1e-4)
    assert (numbers["failures"], numbers["presence"]) == (0.0, 0.5)


def test_a_batch_that_chunks_do_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="multiple"):
        make_task(TrainConfig(out=tmp_path, batch=6, device="cpu"), TINY)
