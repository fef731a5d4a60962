"""A run makes exactly the updates that it was asked for, renders no more than they need, and counts every phase."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import ViewConfig
from models.generators.view import ViewGenerator
from models.joints import FACE_CHANNELS
from models.plate import PlateConfig, PlateNetwork
from pipelines.training.animation.data import Recipe as AnimationRecipe
from pipelines.training.animation.recipe import AnimationTask
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.recipe import fit
from pipelines.training.engine.session import Session
from pipelines.training.face.data import Recipe as FaceRecipe
from pipelines.training.face.recipe import FaceTask
from pipelines.training.keypoints.data import Recipe as KeypointRecipe
from pipelines.training.keypoints.recipe import KeypointTask
from pipelines.training.landmarks.data import Recipe as LandmarkRecipe
from pipelines.training.landmarks.recipe import LandmarkTask
from pipelines.training.plate.data import Recipe as PlateRecipe
from pipelines.training.plate.recipe import PlateTask
from pipelines.training.registry import find_training
from pipelines.training.segmentation.data import Recipe as SegmentationRecipe
from pipelines.training.segmentation.recipe import SegmentationTask
from pipelines.training.view_synthesis.data import Recipe as ViewRecipe
from pipelines.training.view_synthesis.recipe import ViewSynthesisTask
from pipelines.training.viewpoint import recipe as viewpoint
from pipelines.training.viewpoint.data import Recipe as ViewpointRecipe
from tests.helpers.progress import RecordedProgress, Stage
from tests.helpers.training_runs import TINY_CROPS, read_step

SMALL = {
    "width": 8, "max_width": 16, "flow_width": 8, "flow_max_width": 16, "kernel_sizes": (3, 3), "attention_hidden": 8,
    "norm": "batch", "detail_hidden": 8,
}  # fmt: skip
PEOPLE = AnimationConfig(**SMALL, image_channels=4, shadow=True)
FACES = AnimationConfig(**SMALL, image_channels=4, structure_channels=FACE_CHANNELS)
OBJECTS = ViewConfig(**SMALL, flow_layers=4, volume_channels=4, volume_depth=8)
PLATE = PlateConfig(widths=(4, 4, 8), dilations=(1,), spectral=4, heads=2)
FACE = find_training("face", "face", "synthetic")

# Each has more updates per batch than are asked for: task, recipe, phases of which each counts to its end.
CASES = {
    "animate": (
        lambda session, recipe: AnimationTask(session, recipe, AnimationGenerator(config=PEOPLE)),
        AnimationRecipe(
            size=64,
            clip_length=24,
            rollout=2,
            returns=1,
            chunk=1,
            adversarial_from=2,
            validation_clips=1,
            structure_details=False,
        ),
        [("render held-out clips", 1), ("train", 2), ("validate", 23)],
    ),
    "face": (
        lambda session, recipe: FaceTask(session, recipe, AnimationGenerator(config=FACES)),
        FaceRecipe(size=64, clip_length=24, rollout=2, returns=1, chunk=1, adversarial_from=2, validation_clips=1),
        [("render held-out clips", 1), ("train", 2), ("validate", 23)],
    ),
    "keypoints": (
        KeypointTask,
        KeypointRecipe(crops=TINY_CROPS, validation=3),
        [("render held-out crops", 6), ("train", 2), ("validate", 6)],
    ),
    "plate": (
        lambda session, recipe: PlateTask(session, recipe, PlateNetwork(config=PLATE)),
        PlateRecipe(size=64, fine_size=64, chunk=2, adversarial_from=0.4, validation=1),
        [("render held-out pictures", 1), ("train", 2), ("validate", 1)],
    ),
    "landmarks": (
        LandmarkTask,
        LandmarkRecipe(chunk=2, source=48, validation=2),
        [("render held-out crops", 4), ("train", 2), ("validate", 4)],
    ),
    "segmentation": (
        SegmentationTask,
        SegmentationRecipe(size=64, chunk=2, validation=2),
        [("render held-out pictures", 2), ("train", 2), ("validate", 2)],
    ),
    "view-synth": (
        lambda session, recipe: ViewSynthesisTask(session, recipe, ViewGenerator(config=OBJECTS)),
        ViewRecipe(size=64, chunk=2, views=2, adversarial_from=2, validation=1),
        [("train", 2), ("validate", 90)],
    ),
    "viewpoint": (viewpoint.ViewpointTask, ViewpointRecipe(chunk=2, validation=2), [("train", 2), ("validate", 12)]),
    "the paper's": (FACE.make_task, replace(FACE.recipe, width=2, size=64, frames=9, chunk=3), [("train", 2)]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_run_has_exactly_its_updates_and_counts_every_phase(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task, recipe, phases = CASES[name]
    monkeypatch.setattr(viewpoint, "SHEET_ROWS", 1)
    progress = RecordedProgress()
    config = TrainConfig(tmp_path, steps=2, batch=1 if name == "the paper's" else 8, warmup=0, device="cpu")
    fit(make_task, recipe, config, progress)
    assert read_step(tmp_path) == 2
    assert progress.stages == [Stage(phase, total, done=total) for phase, total in phases]


@pytest.mark.parametrize(
    ("name", "changes", "left", "samples"),
    [
        ("animate", {}, 7, 3),  # 3 targets per clip
        ("plate", {}, 3, 6),
        ("segmentation", {}, 3, 6),
        ("view-synth", {"views": 3}, 2, 6),  # 6 pairs per object
        ("viewpoint", {}, 3, 6),
        ("landmarks", {}, 3, 6),
    ],
)
def test_a_batch_is_no_larger_than_the_rest_of_the_run_needs(
    name: str, changes: dict[str, Any], left: int, samples: int, tmp_path: Path
) -> None:
    make_task, recipe, _ = CASES[name]
    session = Session(TrainConfig(tmp_path, steps=10, batch=12, device="cpu"), Processes("cpu"), RecordedProgress())
    task = make_task(session, replace(recipe, **changes))
    session.begin_training()
    session.advance(10 - left)
    assert sum(_chunk_sizes(name, task.draw_batch())) == samples


def _chunk_sizes(name: str, batch: Any) -> list[int]:
    if name in ("viewpoint", "landmarks"):
        return [len(batch.images)]
    if name == "segmentation":
        return [len(batch)]
    if name == "plate":
        return [len(chunk) for chunk in batch.chunks(2)]
    return [len(chunk.reference.image if name == "animate" else chunk.inputs.image) for chunk in batch.chunks(2)]
