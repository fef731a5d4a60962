"""Which squares of source and driving pictures the face generator sees.

Boxes are (left, top, right, bottom) in whole pixels as in `pipelines.compositing.paste`; landmarks [68, 2 or 3] x, y.
"""

from typing import get_args

import numpy as np

from models.errors import InputError
from pipelines.configs import FaceRetarget
from pipelines.media.boxes import Box

SQUARE_WIDTHS = 2.0  # side of the square in widths of the face
SQUARE_LIFT = 0.2  # how far its centre is above the face's, in widths: the landmarks end at the brows


def check_retarget(mode: str) -> None:
    """Raises InputError for a mode that does not exist."""
    if mode not in get_args(FaceRetarget):
        raise InputError(f"retarget {mode!r} must be one of {', '.join(get_args(FaceRetarget))}")


def frame_faces(
    source: np.ndarray, size: tuple[int, int], driving: np.ndarray, driving_size: tuple[int, int], mode: str
) -> tuple[Box, Box]:
    """Boxes of the source picture and of all driving frames that the generator sees as one face moving.

    Args:
        source: landmarks in the source picture of `size` = width, height.
        driving: landmarks of the first driving frame, of `driving_size`.
        mode: "fit": a square around the source face, as face data sets are cropped, and the square that shows the
            driving face at the same place and size. "none": both pictures uncropped, as in the paper.

    Raises:
        InputError: unknown mode.
    """
    check_retarget(mode)
    if mode == "none":
        return (0, 0, *size), (0, 0, *driving_size)
    box = face_box(source, size)
    (own, radius), (theirs, their_radius) = _place(source), _place(driving)
    scale = their_radius / radius
    corner = np.round(theirs + (np.array(box[:2]) - own) * scale).astype(int)
    side = max(round((box[2] - box[0]) * scale), 1)
    return box, _square(corner, side)


def face_box(landmarks: np.ndarray, size: tuple[int, int]) -> Box:
    """The square around landmarks [68, 2 or 3], moved into the picture of `size` and shrunk where it doesn't fit."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    width = float((high - low).max())
    side = max(min(round(SQUARE_WIDTHS * width), *size), 1)
    corner = np.round((low + high - side) / 2 - np.array((0, SQUARE_LIFT * width))).astype(int)
    return _square(np.clip(corner, 0, np.array(size) - side), side)


def _place(landmarks: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean [2] of landmarks [68, 2 or 3], and their root mean square distance from it."""
    mean = landmarks[:, :2].mean(0)
    return mean, max(float(np.sqrt(((landmarks[:, :2] - mean) ** 2).sum(1).mean())), 1e-6)


def _square(corner: np.ndarray, side: int) -> Box:
    left, top = corner.tolist()
    return left, top, left + side, top + side
