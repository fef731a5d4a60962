"""What `gfla keypoints` writes beside a pose track: masks of the person, and the video with everything drawn over it.

In: the track of one person, with details; the frames are streamed once more for the drawing.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np

from pipelines.keypoints.drawing import draw_details, draw_pose
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.sources import FrameSource
from pipelines.media.writer import open_output
from pipelines.runtime.progress import Progress


def mask_folder(output: Path) -> Path:
    """Folder of the masks of a track: dance.json -> dance--mask."""
    return output.with_name(f"{output.stem}--mask")


def drawing_path(output: Path) -> Path:
    """Video of the drawn track: dance.json -> dance--debug.mp4."""
    return output.with_name(f"{output.stem}--debug.mp4")


def write_masks(folder: Path, track: PoseTrack, *, overwrite: bool) -> int:
    """Write a picture per frame, white where the person is, and return how many frames have a mask.

    Raises:
        InputError: the folder exists and `overwrite` is not set, or contains other files.
        ProcessingError: the disk is full.
    """
    width, height = track.size
    count = 0
    with open_output(folder, width=width, height=height, time_base=track.time_base, overwrite=overwrite) as writer:
        for frame in track.frames:
            mask = _render_mask(frame, height, width)
            count += mask is not None
            grey = mask if mask is not None else np.zeros((height, width), np.uint8)
            writer.write(np.repeat(grey[..., None], 3, 2), frame.pts)
    return count


def write_drawing(path: Path, track: PoseTrack, video: FrameSource, progress: Progress, *, overwrite: bool) -> None:
    """Write the frames of a video with the skeleton and the details of the track over them.

    Raises:
        InputError: the output exists and `overwrite` is not set.
        ProcessingError: the disk is full.
    """
    width, height = track.size
    rate = Fraction(track.rate).limit_denominator(1001)
    progress.stage("drawing", len(track.frames))
    with open_output(
        path, width=width, height=height, time_base=track.time_base, rate=rate, overwrite=overwrite, inputs=[video.path]
    ) as writer:
        for frame, known in zip(video, track.frames, strict=False):
            writer.write(_draw(frame.image, known, track.layout), known.pts, known.duration)
            progress.advance()


def _render_mask(frame: PoseFrame, height: int, width: int) -> np.ndarray | None:
    details = frame.details[0] if frame.details else None
    return details.mask.render(height, width) if details and details.mask else None


def _draw(image: np.ndarray, frame: PoseFrame, layout: str) -> np.ndarray:
    drawn = draw_pose(image, frame.people[0], layout=layout)
    details = frame.details[0] if frame.details else None
    return draw_details(drawn, details) if details else drawn
