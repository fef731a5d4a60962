"""Which processor weights need: networks must see what they were trained with."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from models.errors import WeightsError
from models.joints import STRUCTURE_CHANNELS
from pipelines.generation.cutout import CutOutMaker, Fill
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.processors import FrameProcessor, OpenPoseProcessor, ProcessorFactory, SquashProcessor
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.option_groups import Quality, Retarget

LAYER_CHANNELS = 4  # of the images of a network that makes the person alone: premultiplied RGBA

PROCESSORS: dict[str, ProcessorFactory] = {
    "dance_fashion": SquashProcessor,
    "dance_iper": SquashProcessor,
    "pose_fashion": OpenPoseProcessor,
    "pose_market": partial(OpenPoseProcessor, height=128, width=64),
}


def choose_processor(metadata: dict[str, Any], load_fill: Callable[[], Fill]) -> ProcessorFactory:
    """The processor of weights with this metadata: that of the authors' configuration they name, or ours.

    Args:
        load_fill: loads what makes the backgrounds that people are laid over; called once, if needed.

    Raises:
        WeightsError: weights of an earlier version, which paint person and background together.
    """
    if metadata["official"] in PROCESSORS:
        return PROCESSORS[metadata["official"]]
    if metadata["architecture"] == "picture":
        return OpenPoseProcessor
    channels = metadata["config"].get("image_channels", 3)
    if channels != LAYER_CHANNELS:
        raise WeightsError(
            f"these weights make pictures of {channels} channels, with the background, as gfla 0.1 did; people are "
            "layers of 4 now: continue their training with 'gfla train animate --init WEIGHTS', or use --weights person"
        )
    return _layer_processors(CutOutMaker(load_fill), metadata["config"].get("structure_channels", STRUCTURE_CHANNELS))


def _layer_processors(cut_out: CutOutMaker, channels: int) -> ProcessorFactory:
    def make(
        source: SourcePerson, driving: DrivingMotion, poses: np.ndarray, retarget: Retarget, quality: Quality
    ) -> FrameProcessor:
        return LayerProcessor(source, driving, poses, retarget, quality, cutout=cut_out([source])[0], channels=channels)

    return make
