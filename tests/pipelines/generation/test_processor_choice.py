"""Which processor weights get."""

import pytest

from models.errors import WeightsError
from models.joints import DETAILED_CHANNELS
from pipelines.generation.cutout import Fill
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.processor_choice import choose_processor
from pipelines.generation.processors import OpenPoseProcessor, SquashProcessor
from tests.helpers.processor_contract import make_people


def keep() -> Fill:
    return lambda picture, hole: picture


@pytest.mark.parametrize(
    ("architecture", "official", "channels", "kind", "canvas"),
    [
        ("animation", "", 4, LayerProcessor, (4, 256, 96)),
        ("animation", "dance_iper", 3, SquashProcessor, (3, 256, 256)),
        ("picture", "", 3, OpenPoseProcessor, (3, 256, 256)),
        ("picture", "pose_market", 3, OpenPoseProcessor, (3, 128, 64)),
    ],
)
def test_weights_get_the_processor_they_were_trained_with(
    architecture: str, official: str, channels: int, kind: type, canvas: tuple[int, int, int]
) -> None:
    source, driving = make_people()
    metadata = {"architecture": architecture, "official": official, "config": {"image_channels": channels}}
    processor = choose_processor(metadata, keep)(source, driving, driving.poses[..., :2], "body", "standard")
    assert type(processor) is kind
    assert processor.canvas.shape == canvas


def test_weights_that_see_details_get_them() -> None:
    source, driving = make_people()
    config = {"image_channels": 4, "structure_channels": DETAILED_CHANNELS}
    metadata = {"architecture": "animation", "official": "", "config": config}
    processor = choose_processor(metadata, keep)(source, driving, driving.poses[..., :2], "body", "standard")
    assert len(processor.frame_inputs(0).structure) == DETAILED_CHANNELS


def test_weights_that_paint_the_background_are_refused() -> None:
    metadata = {"architecture": "animation", "official": "", "config": {"image_channels": 3}}
    with pytest.raises(WeightsError, match=r"3 channels.*--init"):
        choose_processor(metadata, keep)
