"""The processors of all kinds of weights against the shared contract, and how one is chosen."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from models.generators.animation import AnimationGenerator
from models.generators.config import PictureConfig, bundled_person, dance_fashion, pose_fashion, pose_market
from models.generators.picture import PictureGenerator
from pipelines.generation.networks import PersonGenerator
from pipelines.generation.processors import (
    CropProcessor,
    OpenPoseProcessor,
    ProcessorFactory,
    SquashProcessor,
    choose_processor,
)
from tests.helpers.processor_contract import ProcessorContract, make_people

SMALL = {"width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 8, "attention_hidden": 8}


def make_picture_generator(config: PictureConfig) -> PictureGenerator:
    torch.manual_seed(0)
    return PictureGenerator(config=replace(config, **SMALL)).eval()


class TestCropProcessor(ProcessorContract):
    """The project's own weights."""

    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return CropProcessor

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        torch.manual_seed(0)
        return AnimationGenerator(config=replace(bundled_person(), image_channels=3, shadow=False, **SMALL)).eval()


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


@pytest.mark.parametrize(
    ("architecture", "official", "kind", "canvas"),
    [
        ("animation", "", CropProcessor, (256, 256, 3)),
        ("animation", "dance_iper", SquashProcessor, (256, 256, 3)),
        ("picture", "", OpenPoseProcessor, (256, 256, 3)),
        ("picture", "pose_market", OpenPoseProcessor, (128, 64, 3)),
    ],
)
def test_weights_get_the_processor_they_were_trained_with(
    architecture: str, official: str, kind: type, canvas: tuple[int, int, int]
) -> None:
    source, driving = make_people()
    make_processor = choose_processor({"architecture": architecture, "official": official})
    processor = make_processor(source, driving, driving.poses[..., :2], "body")
    assert type(processor) is kind
    assert processor.canvas.shape == canvas
