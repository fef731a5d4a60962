"""The background of an output: what is refused about `--background` before the work, and the object that shows it.

Called by the chains and by the processors.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
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
    Size,
    TransparentBackground,
)
from pipelines.compositing.driving import DrivingBackground
from pipelines.configs import AnimateConfig, PoseConfig
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.processor_choice import LAYER_CHANNELS
from pipelines.keypoints.driver_place import find_driver_place
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.masks import find_masks
from pipelines.keypoints.motion import MovingPerson
from pipelines.media.sources import FrameSource
from pipelines.media.turning import turn_video
from pipelines.runtime.progress import Progress
from pipelines.runtime.summaries import describe_input


def check_background(config: AnimateConfig | PoseConfig) -> None:
    """Refuse a background that the inputs or the weights of a job can't have.

    Raises:
        InputError: no such background, or none that fits.
        WeightsError: no such weights, or damaged ones.
    """
    kind = background_kind(config.background)
    if kind == "driving" and isinstance(config, PoseConfig):
        raise InputError(
            "background 'driving': gfla pose has no driving video; use picture, transparent, a file or a colour"
        )
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


def make_background(value: str, size: Size, times: Sequence[Fraction]) -> Background | None:
    """The background that a value of `--background` names, but for `driving`; None for the picture's own.

    Args:
        size: width and height of the output.
        times: of its frames, in seconds from the first one.

    Raises:
        InputError: no such background, or a file that can't be read.
    """
    kind = background_kind(value)
    if kind == "transparent":
        return TransparentBackground()
    if kind == "file":
        return FileBackground(Path(value), size, times)
    colour = parse_colour(value) if kind == "colour" else None
    return ColourBackground(colour, size) if colour else None


def find_background(
    config: AnimateConfig,
    people: Sequence[MovingPerson],
    video: FrameSource | None,
    networks: PersonNetworks,
    progress: Progress,
) -> Background | None:
    """The background of an animation of one or several people; None for the picture's own.

    Raises:
        InputError: a file that can't be read.
    """
    source, motion = people[0].source, people[0].driving
    if config.background != "driving":
        width, height = source.size
        size = (height, width) if source.quarter_turns % 2 else (width, height)
        times = [(pts - motion.pts[0]) * motion.time_base for pts in motion.pts]
        return make_background(config.background, size, times)
    assert video is not None  # see `check_background`
    places = [find_driver_place(each.poses, each.driving.poses, each.source.pose) for each in people]
    upright = turn_video(video, motion.quarter_turns)
    progress.stage("background", len(motion.pts))
    detected = np.stack([each.driving.detected for each in people], 1)  # [T, N, 17, 3]
    find = partial(find_masks, poses=detected, detector=networks.detector, device=str(networks.device))
    options = {"fill": networks.fill, "places": places, "advance": progress.advance}
    return DrivingBackground(upright, video.path.name, len(motion.pts), find_masks=find, **options)


def background_input(value: str) -> dict[str, Any]:
    """What the inputs of a report say about a background that is a file."""
    return {"background": describe_input(Path(value))} if background_kind(value) == "file" else {}
