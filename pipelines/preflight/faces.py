"""Are the faces of a picture and of a driving video good enough for `gfla animate --face`, and what will it take?

In: what was inspected, and a landmark detector. Out: one line for a face that is not, and seconds per frame. Called by
`gfla check`.
"""

from collections.abc import Iterable
from math import ceil
from pathlib import Path
from time import perf_counter

import numpy as np

from models.generators.animation import AnimationGenerator
from pipelines.configs import AnimateConfig
from pipelines.faces.expressions import Expressions, describe_poor_face
from pipelines.faces.landmark_detectors import LandmarkDetector
from pipelines.faces.person_faces import find_face, find_faces
from pipelines.generation.expression_frames import ExpressionFrames
from pipelines.generation.moving_people import FACE
from pipelines.generation.networks import load_face_generator
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.media.turning import turn_picture, turn_video
from pipelines.preflight.inspection import DrivingInspection, SourceInspection
from pipelines.preflight.timing import TIMED_FRAMES
from pipelines.runtime.devices import autocast, choose_device, choose_precision


def judge_source_face(path: Path, picture: SourceInspection, detector: LandmarkDetector) -> str | None:
    """One line if the face in a picture won't do."""
    upright = turn_picture(load_picture(path), picture.quarter_turns)
    return describe_poor_face(find_face(upright, picture.pose, detector)[None], "picture")


def judge_driving_face(
    path: Path, clip: DrivingInspection, config: AnimateConfig, detector: LandmarkDetector
) -> str | None:
    """One line if the face in the inspected frames of a video won't do."""
    limit = config.max_frames and ceil(config.max_frames / clip.interval)
    selection = {"start": config.start, "end": config.end, "fps": config.fps}
    with open_video(path, **selection, max_frames=limit, every=clip.interval) as video:
        upright = turn_video(video, clip.followed.track.quarter_turns)
        faces = find_faces((frame.image for frame in upright), clip.followed.poses, detector)
        return describe_poor_face(np.stack(list(faces)), "video")


def time_landmarks(path: Path, clip: DrivingInspection, config: AnimateConfig, detector: LandmarkDetector) -> float:
    """Seconds to decode a frame of a video and find the face in it, from consecutive frames without the first."""
    head = clip.poses[len(clip.poses) // 2]  # at `clip.moment`
    with open_video(path, start=clip.moment, max_frames=TIMED_FRAMES, fps=config.fps) as video:
        upright = turn_video(video, clip.followed.track.quarter_turns)
        frames = (frame.image for frame in upright)
        return _time_steps(find_faces(frames, np.repeat(head[None], TIMED_FRAMES, 0), detector))


def time_face(path: Path, picture: SourceInspection, config: AnimateConfig, detector: LandmarkDetector) -> float:
    """Seconds to generate a frame of the face in a picture, which keeps its expression."""
    upright = turn_picture(load_picture(path), picture.quarter_turns)
    own = find_face(upright, picture.pose, detector)[:, :2].astype(np.float64)
    still = np.repeat(own[None], TIMED_FRAMES, 0)
    device = choose_device(config.device)
    precision = choose_precision(config.precision, device)
    generator = load_face_generator(FACE, device, precision)
    assert isinstance(generator, AnimationGenerator)  # the bundled one is ours
    height, width = upright.shape[:2]
    opaque = np.dstack([upright, np.ones((height, width))]).astype(np.float32)
    parts = upright, opaque, upright, (0, 0, width, height)
    face = ExpressionFrames(Expressions(own, still, still), *parts, generator, autocast(precision, device))
    return _time_steps(face.generate() for _ in range(TIMED_FRAMES))


def _time_steps(steps: Iterable[object]) -> float:
    """Median seconds of a step without the first, or of that alone."""
    stamps = [perf_counter(), *(perf_counter() for _ in steps)]
    seconds = np.diff(stamps)
    return float(np.median(seconds[1:] if len(seconds) > 1 else seconds))
