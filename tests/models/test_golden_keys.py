"""Every official network has the authors' keys and shapes, aliases written once."""

import json
from collections.abc import Callable

import pytest
import torch
from torch import nn

from models import discriminators
from models.generators import config
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.motion import MotionConfig, MotionNetwork
from tests.helpers.golden import OFFICIAL_KEYS

OFFICIAL: list[tuple[str, Callable[[], nn.Module]]] = [
    ("PoseGenerator.fashion", lambda: PictureGenerator(config=config.pose_fashion())),
    ("PoseGenerator.market", lambda: PictureGenerator(config=config.pose_market())),
    ("PoseFlowNetGenerator.fashion", lambda: FlowEstimator(config=config.pose_fashion())),
    ("PoseFlowNetGenerator.market", lambda: FlowEstimator(config=config.pose_market())),
    ("DanceGenerator", lambda: AnimationGenerator(config=config.dance_fashion())),
    ("DanceGenerator", lambda: AnimationGenerator(config=config.dance_iper())),
    ("FaceGenerator", lambda: FaceGenerator(config=config.face())),
    ("ShapeNetGenerator", lambda: PictureGenerator(config=config.shapenet_car())),
    ("ShapeNetGenerator", lambda: PictureGenerator(config=config.shapenet_chair())),
    ("ShapeNetFlowNetGenerator", lambda: FlowEstimator(config=config.shapenet_car())),
    ("KPInput2DGenerator", lambda: MotionNetwork(config=MotionConfig())),
    ("ResDiscriminator.layers4", discriminators.res_fashion),
    ("ResDiscriminator.market", discriminators.res_market),
    ("ResDiscriminator.face_video", discriminators.res_face_video),
    ("TemporalDiscriminator", discriminators.temporal_dance),
    ("PatchDiscriminator.default", discriminators.PatchDiscriminator),
]


@pytest.mark.parametrize(("name", "build"), OFFICIAL, ids=[name for name, _ in OFFICIAL])
def test_keys_and_shapes(name: str, build: Callable[[], nn.Module]) -> None:
    listed = json.loads(OFFICIAL_KEYS.read_text())[name]
    with torch.device("meta"):
        network = build()
    expected = {key: tuple(shape) for key, shape, _ in listed["entries"] if key not in listed["alias"]}
    assert {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()} == expected
    assert sum(parameter.numel() for parameter in network.parameters()) == listed["parameters"]
