"""Curves through the landmarks of a face, pixel by pixel as the authors draw them (official format, 9.5).

n points of a run, 3 or, at the end of a line, 2; m pixels of a curve.
"""

import numpy as np

STEEPEST = 1.0  # quadratic coefficient above which a run is left out
EXACT = 1e-6  # truncation must not depend on the last digits of a fit


def run_pixels(points: np.ndarray) -> np.ndarray:
    """The pixels of one run: a parabola (a line for two points) along the longer axis, truncated.

    Args:
        points: int [n, 2] x, y.

    Returns:
        int [m, 2]; none where the run ends in the column (row, if steep) it began in, or bends too much.
    """
    steps = np.abs(np.diff(points, axis=0)).max(0)
    along, across = (points.T if steps[0] >= steps[1] else points.T[::-1]).astype(np.float64)
    if along[0] > along[-1]:
        along, across = along[::-1], across[::-1]
    coefficients = _fit(along, across)
    if len(points) > 2 and abs(coefficients[0]) > STEEPEST:
        return np.empty((0, 2), np.intp)
    places = np.linspace(along[0], along[-1], int(along[-1] - along[0]))
    pixels = np.stack([places, np.polyval(coefficients, places)], -1)  # [m, 2]
    pixels = np.trunc(pixels + EXACT * np.sign(pixels)).astype(np.intp)
    return pixels if steps[0] >= steps[1] else pixels[:, ::-1]


def line_pixels(points: np.ndarray) -> np.ndarray:
    """The pixels [m, 2] of a poly-line int [points, 2], cut into runs of 3 points that share their ends."""
    runs = [run_pixels(points[first : first + 3]) for first in range(0, len(points) - 1, 2)]
    return np.concatenate(runs)


def _fit(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Coefficients, highest first. Where points coincide they are not determined: those nearest to 1 are taken, which
    is where the authors' iterative fit starts."""
    powers = np.vander(along, len(along))
    scale = np.linalg.norm(powers, axis=0)
    scale[scale == 0] = 1
    return 1 + np.linalg.lstsq(powers / scale, across - powers.sum(1), rcond=None)[0] / scale
