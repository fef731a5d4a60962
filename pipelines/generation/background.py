"""The background of an output: what is refused about `--background` before the work, and the object that shows it.

Called by the chains and by the processors.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.weights import read_metadata
from pipelines.compositing.background_choice import background_kind, parse_colour
from pipelines.compositing.backgrounds import (
    Background,
    ColourBackground,
    FileBackground,
    PictureBackground,
    Size,
    TransparentBackground,
)
from pipelines.configs import AnimateConfig, PoseConfig
from pipelines.keypoints.loading import is_track
from pipelines.runtime.summaries import describe_input

LAYER_CHANNELS = 4  # of the pictures of a generator that makes the person alone


def check_background(config: AnimateConfig | PoseConfig) -> None:
    """Refuse a background that the inputs or the weights of a job can't have.

    Raises:
        InputError: no such background, or none that fits.
        WeightsError: no such weights, or damaged ones.
    """
    kind = background_kind(config.background)
    if kind == "driving" and isinstance(config, PoseConfig):
        raise InputError("background 'driving' is for videos: use the picture, a file, a colour or 'transparent'")
    if kind == "driving" and isinstance(config, AnimateConfig) and is_track(config.driving):
        raise InputError(f"background 'driving' needs a driving video, but {config.driving} has poses alone")
    if kind == "driving" and config.frame == "crop":
        raise InputError("background 'driving' shows the whole driving video: omit --frame crop")
    if kind != "picture" and not makes_layers(config.weights):
        raise InputError(
            f"background {config.background!r:.60}: {config.weights} weights paint the background with the person; "
            "omit --background, or use --weights person"
        )


def makes_layers(weights: str) -> bool:
    """Whether weights are of a generator that makes the person alone, to be laid over any background."""
    metadata = read_metadata(weights)
    return metadata["architecture"] == "animation" and metadata["config"].get("image_channels") == LAYER_CHANNELS


def make_background(
    value: str, size: Size, times: Sequence[Fraction], make_plate: Callable[[], np.ndarray]
) -> Background:
    """The background that a value of `--background` names, but for `driving`.

    Args:
        size: width and height of the output.
        times: of its frames, in seconds from the first one.
        make_plate: the source picture without the person, uint8 RGB [H, W, 3]; called only if it is needed.

    Raises:
        InputError: no such background, or a file that can't be read.
    """
    kind = background_kind(value)
    if kind == "transparent":
        return TransparentBackground()
    if kind == "file":
        return FileBackground(Path(value), size, times)
    if kind == "colour" and (colour := parse_colour(value)):
        return ColourBackground(colour, size)
    return PictureBackground(make_plate())


def background_input(value: str) -> dict[str, Any]:
    """What the inputs of a report say about a background that is a file."""
    return {"background": describe_input(Path(value))} if background_kind(value) == "file" else {}
