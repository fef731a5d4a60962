"""Accuracy of a motion network."""

import dataclasses

import torch

from models.pose_refiner import PoseRefiner, RefinerConfig
from pipelines.training.motion.data import Recipe
from pipelines.training.motion.detector_noise import DetectorErrors
from pipelines.training.motion.validation import validate

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})


def test_perfect_detections_have_no_error_in_the_limbs() -> None:
    """A new network corrects nothing, so it is as good as the mapping."""
    network = PoseRefiner(config=RefinerConfig(channels=8, dilations=(1,))).eval()
    recipe = Recipe(errors=PERFECT, validation_windows=16)
    numbers = validate(network, recipe, torch.device("cpu"))
    assert numbers["left_elbow"] < 1e-3
    assert numbers["spine"] > 1
    assert numbers["sure_moved"] < 1e-3
    for name in ("error", "error_slow", "error_fast", "head"):
        assert numbers[name] == numbers[f"naive_{name}"]
    assert numbers == validate(network, recipe, torch.device("cpu"))
