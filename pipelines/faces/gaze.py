"""Where eyes look: the source's irises follow the driver's, in proportion to their eyes.

A gaze is the offset of an iris from the middle between the corners of its eye, along and across the line between them,
in its length. T frames, E = 2 eyes, the right one first; landmarks with irises are [70, 2], without [68, 2].
`retargeting` calls `add_irises`.
"""

import numpy as np

from models.joints import FACE_IRISES, FACE_LANDMARKS

CORNERS = np.array([[36, 39], [42, 45]])  # of both eyes, from the left to the right in the picture
LIDS = np.array([[[37, 38], [41, 40]], [[43, 44], [47, 46]]])  # upper and lower ones that are above each other
OPEN = 0.13  # distance of lids in widths of the eye from which on what is found of an iris counts
MOST = np.array([0.32, 0.16])  # largest gaze along and across: irises stay between the corners and the lids


def add_irises(made: np.ndarray, source: np.ndarray, driving: np.ndarray) -> np.ndarray:
    """Faces with irises that look where the driver's do; without them if either face's are unknown.

    Both eyes turn together. To the side they look as far as the driver's do, so that a driver who looks at the camera
    makes anybody do so. Up and down, where offsets depend on the shape of eyes most of all, they differ from where the
    source's look as the driver's differ from their median.

    Args:
        made: landmarks of the source face in every frame [T, 68, 2].
        source: its own [68 or 70, 2].
        driving: [T, 68 or 70, 2].

    Returns:
        [T, 70 or 68, 2].
    """
    if min(len(source), driving.shape[1]) <= max(FACE_IRISES):
        return made
    theirs = _follow(driving)  # [T, 2]
    if theirs is None:
        return made
    own = np.where(_find_opening(source)[:, None] > OPEN, measure_gaze(source), 0)  # [E, 2]
    mean = own.mean(0)
    theirs[:, 1] += mean[1] - np.median(theirs[:, 1])
    gaze = np.clip(own + (theirs - mean)[:, None], -MOST, MOST)  # [T, E, 2]
    return np.concatenate([made, place_irises(made, gaze)], 1)


def measure_gaze(faces: np.ndarray) -> np.ndarray:
    """Gazes [..., E, 2] of faces [..., 70, 2]."""
    middle, line, length = _find_lines(faces)
    offset = faces[..., FACE_LANDMARKS:, :] - middle
    return np.stack([(offset * line).sum(-1), (offset * _turn(line)).sum(-1)], -1) / length**2


def place_irises(faces: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """Irises [..., E, 2] of faces [..., 68 or 70, 2] with gazes [..., E, 2]."""
    middle, line, _ = _find_lines(faces)
    return middle + gaze[..., :1] * line + gaze[..., 1:] * _turn(line)


def _follow(driving: np.ndarray) -> np.ndarray | None:
    """Mean gaze [T, 2] of the eyes of faces [T, 70, 2] that are open, the wider one counting more, without the tremor
    of single frames; while both are shut, on the way to the next. None if they always are."""
    weight = _find_lines(driving)[2] * (_find_opening(driving)[..., None] > OPEN)  # [T, E, 1]
    seen = weight.sum(1)[:, 0] > 0
    if not seen.any():
        return None
    mean = (measure_gaze(driving) * weight).sum(1) / np.maximum(weight.sum(1), 1e-6)
    times, known = np.arange(len(driving)), np.flatnonzero(seen)
    filled = np.stack([np.interp(times, known, values[known]) for values in mean.T], -1)
    padded = np.concatenate([filled[:1], filled, filled[-1:]])
    return np.median([padded[:-2], filled, padded[2:]], 0)


def _find_lines(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The middles between the corners of eyes [..., E, 2], the ways from one to the other [..., E, 2] and their lengths
    [..., E, 1]."""
    first, last = (faces[..., CORNERS[:, end], :] for end in (0, 1))
    line = last - first
    return (first + last) / 2, line, np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-6)


def _find_opening(faces: np.ndarray) -> np.ndarray:
    """Distances of lids [..., E] in widths of their eyes."""
    upper, lower = (faces[..., LIDS[:, side], :] for side in (0, 1))  # [..., E, 2, 2]
    return np.linalg.norm(lower - upper, axis=-1).mean(-1) / _find_lines(faces)[2][..., 0]


def _turn(line: np.ndarray) -> np.ndarray:
    """Vectors [..., 2] turned by a right angle, from the right downwards."""
    return np.stack([-line[..., 1], line[..., 0]], -1)
