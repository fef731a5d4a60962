"""Batches of the authors' configurations, read from a data set or rendered."""

import os
from pathlib import Path
from typing import Any

import torch

from pipelines.datasets.samples import Pair, Sequence, Window
from pipelines.training.data.batches import Batches, Share, read_batches, rendered_batches
from pipelines.training.engine.session import Processes, TrainConfig
from pipelines.training.paper.configurations import DANCES, Configuration, Recipe
from pipelines.training.paper.pairs import Pairs
from pipelines.training.paper.rendered_data import drawing
from pipelines.training.paper.sequences import Clips


def batches_of(configuration: Configuration, recipe: Recipe, config: TrainConfig, processes: Processes) -> Batches:
    """This process's share of the run's batches. Raises InputError if the folder is no such data set."""
    share = Share(config.batch, processes.rank, processes.count)
    if config.data == "synthetic":
        draw = torch.no_grad()(drawing(configuration, recipe))
        device = processes.device
        return Batches(rendered_batches(draw, share, seed=config.seed, together=recipe.together, device=device))
    from pipelines.datasets.registry import open_dataset

    sizes = _sizes(configuration, recipe)
    dataset = open_dataset(configuration.layout, Path(config.data), phase="train", seed=config.seed, **sizes)
    workers = min(recipe.workers, os.cpu_count() or 1)
    return Batches(read_batches(dataset, share, seed=config.seed, workers=workers))


def _sizes(configuration: Configuration, recipe: Recipe) -> dict[str, Any]:
    """What the data set of a configuration has to know."""
    size = recipe.size, round(recipe.size * configuration.aspect)
    if configuration.name in DANCES:
        return {"size": size, "frames": recipe.frames}
    if configuration.name == "face":
        return {"size": recipe.size, "frames": recipe.frames}
    if configuration.layout.startswith("shapenet"):
        return {"size": recipe.size}
    return {} if configuration.layout == "human36m" else {"size": size}


def prepared(batch: Pair | Sequence | Window | Pairs | Clips, configuration: Configuration) -> Pairs | Clips | Window:
    """A batch as the loops take it; rendered ones come like that."""
    if isinstance(batch, Pair):
        return Pairs(batch)
    if isinstance(batch, Sequence):
        return Clips(*batch[:4], batch.masks if configuration.masked else None)
    return batch
