"""The processors of the authors' kinds of weights against the shared contract."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from models.generators.animation import AnimationGenerator
from models.generators.config import PictureConfig, dance_fashion, pose_fashion, pose_market
from models.generators.picture import PictureGenerator
from pipelines.generation.networks import PersonGenerator
from pipelines.generation.processors import OpenPoseProcessor, ProcessorFactory, SquashProcessor
from tests.helpers.processor_contract import ProcessorContract

SMALL = {"width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 8, "attention_hidden": 8}


def make_picture_generator(config: PictureConfig) -> PictureGenerator:
    torch.manual_seed(0)
    return PictureGenerator(config=replace(config, **SMALL)).eval()


class TestSquashProcessor(ProcessorContract):
    """The authors' animation weights."""

    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return SquashProcessor

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        torch.manual_seed(0)
        return AnimationGenerator(config=replace(dance_fashion(), **SMALL)).eval()


class TestOpenPoseProcessor(ProcessorContract):
    """The authors' weights for DeepFashion."""

    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return OpenPoseProcessor

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        return make_picture_generator(pose_fashion())


class TestMarketProcessor(ProcessorContract):
    """The authors' weights for Market-1501, whose canvas is not square."""

    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return partial(OpenPoseProcessor, height=128, width=64)

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        return make_picture_generator(pose_market())
