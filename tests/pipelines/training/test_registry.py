"""Every name of `gfla train` leads to a recipe, and what a task states is complete and stays as it is."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import InputError
from models.weights.files import ARCHITECTURES
from pipelines.runtime.progress import SilentProgress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import Task
from pipelines.training.engine.session import Session
from pipelines.training.paper.configurations import TASKS
from pipelines.training.registry import PAPER_TASKS, RECIPES, Training, find_training
from tests.helpers.dataset_folders import write_human36m
from tests.helpers.training_runs import TINY_CROPS

SUPERVISED = {"network", "average", "optimiser"}
GAN = {"generator", "discriminator", "average", "optimiser", "optimiser_d"}
STATE_KEYS = {
    "animate": GAN,
    "face": GAN,
    "keypoints": SUPERVISED | {"crops"},
    "landmarks": SUPERVISED,
    "motion": SUPERVISED,
    "plate": GAN,
    "segmentation": SUPERVISED,
    "view-synth": GAN,
    "viewpoint": SUPERVISED,
}
PAPER = {"network", "optimiser", "batches"}
PAPER_STATE_KEYS = {
    "animate": PAPER | {"optimiser_d", "critic0", "critic1"},
    "face": PAPER | {"optimiser_d", "critic0", "critic1"},
    "flow": PAPER,
    "motion": PAPER,
    "pose": PAPER | {"optimiser_d", "critic0"},
    "view-synth": PAPER | {"optimiser_d", "critic0"},
}


def make_task(training: Training, out: Path, data: str = "synthetic") -> Task:
    """The task at tiny size, ready to train."""
    sizes = {"width": 2, "size": 64} if "width" in training.settings else {}
    recipe = replace(training.recipe, **({"crops": TINY_CROPS} if hasattr(training.recipe, "crops") else sizes))
    config = TrainConfig(out=out, device="cpu", batch=2, data=data)
    return training.make_task(Session(config, Processes("cpu"), SilentProgress()), recipe)


def saved_keys(task: Task) -> set[str]:
    task.session.save(**task.state())
    return torch.load(task.session.out / "state.pt", weights_only=True).keys() - {"session", "random"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_of_our_own_is_found_under_its_name(name: str, tmp_path: Path) -> None:
    training = find_training(name, "", "synthetic")
    task = make_task(training, tmp_path)
    assert task.name == name
    assert isinstance(task.published_network(), ARCHITECTURES[task.architecture][1])
    assert training.unused_options | training.defaults.keys() <= vars(task.session.config).keys()
    assert training.settings
    assert saved_keys(task) == STATE_KEYS[name]


@pytest.mark.parametrize("name", PAPER_TASKS)
def test_a_recipe_of_the_paper_is_found_under_its_name(name: str, tmp_path: Path) -> None:
    data = str(write_human36m(tmp_path / "data")) if name == "motion" else "synthetic"
    training = find_training(name, TASKS[name][0], data)
    task = make_task(training, tmp_path / "run", data)
    assert task.name == name
    assert isinstance(task.published_network(), ARCHITECTURES[task.architecture][1])
    assert training.unused_options | training.defaults.keys() <= vars(task.session.config).keys()
    assert set(training.settings) <= vars(training.recipe).keys()
    assert saved_keys(task) == PAPER_STATE_KEYS[name]


def test_the_paper_has_configurations_for_all_its_tasks() -> None:
    assert set(TASKS) == set(PAPER_TASKS)


@pytest.mark.parametrize(
    ("name", "configuration", "data"),
    [
        ("keypoints", "", "FOLDER"),
        ("viewpoint", "pose_fashion", "synthetic"),
        ("animate", "", "FOLDER"),
        ("motion", "keypoint", "synthetic"),
        ("pose", "face", "synthetic"),
        ("pose", "", "nowhere"),
    ],
)
def test_what_has_no_recipe_is_refused(name: str, configuration: str, data: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        find_training(name, configuration, data.replace("FOLDER", str(tmp_path)))
