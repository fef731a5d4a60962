"""Are the faces of a picture and of a driving video good enough for `gfla animate --face`?

In: what was inspected, and a landmark detector. Out: one line for a face that is not. Called by `gfla check`.
"""

from math import ceil
from pathlib import Path

import numpy as np

from pipelines.configs import AnimateConfig
from pipelines.faces.expressions import describe_poor_face
from pipelines.faces.landmark_detectors import LandmarkDetector
from pipelines.faces.person_faces import find_face, find_faces
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.media.turning import turn_picture, turn_video
from pipelines.preflight.inspection import DrivingInspection, SourceInspection


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
