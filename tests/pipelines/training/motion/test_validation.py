"""Accuracy of a motion network."""

import dataclasses

import torch

from models.motion import MotionConfig, MotionNetwork
from pipelines.training.motion.data import Recipe
from pipelines.training.motion.detector_noise import DetectorErrors
from pipelines.training.motion.validation import validate

PERFECT = DetectorErrors(**{field.name: 0.0 for field in dataclasses.fields(DetectorErrors)})


def test_perfect_detections_have_no_naive_error_in_the_limbs() -> None:
    network = MotionNetwork(config=MotionConfig(channels=8)).eval()
    recipe = Recipe(errors=PERFECT, validation_windows=16)
    numbers = validate(network, recipe, torch.device("cpu"))
    assert numbers["naive_left_elbow"] < 3  # hidden faces only
    assert numbers["error"] > 10 > numbers["naive_error"]
    assert numbers == validate(network, recipe, torch.device("cpu"))
