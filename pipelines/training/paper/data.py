"""Batches of the authors' configurations, read from a data set or rendered; called by `paper.recipe`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from pipelines.training.config import TrainConfig
from pipelines.training.data.batches import Batches, Share, read_batches, rendered_batches
from pipelines.training.engine.distributed import Processes
from pipelines.training.paper.configurations import Configuration
from pipelines.training.paper.rendered_data import choose_renderer
from pipelines.training.paper.settings import Recipe


def make_batches(configuration: Configuration, recipe: Recipe, config: TrainConfig, processes: Processes) -> Batches:
    """This process's share of the run's batches, of the type that the configuration's loop takes.

    Raises:
        InputError: the folder `config.data` does not hold the configuration's data set.
    """
    share = Share(config.batch, processes.rank, processes.count)
    if config.data == "synthetic":
        draw = torch.no_grad()(choose_renderer(configuration, recipe))
        device = processes.device
        return Batches(rendered_batches(draw, share, seed=config.seed, together=recipe.together, device=device))
    from pipelines.datasets.registry import open_dataset

    options = _dataset_options(configuration, recipe)
    dataset = open_dataset(configuration.layout, Path(config.data), phase="train", seed=config.seed, **options)
    workers = min(recipe.workers, os.cpu_count() or 1)
    start = read_batches(dataset, share, seed=config.seed, workers=workers)

    def start_adapted(first: int) -> Iterator[Any]:
        for items in start(first):
            yield configuration.loop.adapt(items, masked=configuration.masked)

    return Batches(start_adapted)


def _dataset_options(configuration: Configuration, recipe: Recipe) -> dict[str, Any]:
    """What the data set of a configuration has to know: sizes in pixels, height before width, and frames of a clip."""
    size = recipe.size, round(recipe.size * configuration.aspect)
    options: dict[str, dict[str, Any]] = {
        "dance": {"size": size, "frames": recipe.frames},
        "faceforensics": {"size": recipe.size, "frames": recipe.frames},
        "shapenet": {"size": recipe.size},
        "human36m": {},
    }
    return options.get(configuration.layout.partition("-")[0], {"size": size})
