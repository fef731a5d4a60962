"""Cuts of a video: where a new shot begins, from the thumbnails of its frames. T frames."""

from collections.abc import Sequence

import numpy as np

# In clips of one shot that show people, frames up to 0.4 s apart differ by 0.11, 0.10 and 0.34 at most; two different
# pictures by 0.13, 0.20 and 0.47 at least.
MIN_DIFFERENCE = 0.1  # mean difference of the pixels, 0..1, from which on frames may belong to two shots
MIN_COLOUR_DIFFERENCE = 0.17  # share of the pixels whose colours the other frame does not have ...
MIN_DECORRELATION = 0.45  # ... or 1 - correlation of the pixels: either is needed as well
SAME_SHOT = 0.05  # difference up to which frames show the same: what lies between them was a flash
COLOURS = 4  # steps of each channel in which colours are counted


def find_cuts(thumbnails: Sequence[np.ndarray | None]) -> list[int]:
    """Numbers of the frames that begin a new shot, from thumbnails uint8 [16, 16, 3]; frames without one are none."""
    cuts = []
    for number in range(1, len(thumbnails)):
        before, here = thumbnails[number - 1], thumbnails[number]
        if before is None or here is None or not _differ(before, here):
            continue
        begins_flash = number + 1 < len(thumbnails) and _same(before, thumbnails[number + 1])
        ends_flash = number >= 2 and _same(thumbnails[number - 2], here)
        if not (begins_flash or ends_flash):
            cuts.append(number)
    return cuts


def picture_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of two thumbnails, 0..1."""
    return float(np.abs(first.astype(np.float32) - second).mean() / 255)


def _same(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    return first is not None and second is not None and picture_difference(first, second) < SAME_SHOT


def _differ(first: np.ndarray, second: np.ndarray) -> bool:
    if picture_difference(first, second) < MIN_DIFFERENCE:
        return False
    colours = np.abs(_histogram(first) - _histogram(second)).sum() / 2
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1] if first.std() and second.std() else 0.0
    return bool(colours >= MIN_COLOUR_DIFFERENCE or 1 - correlation >= MIN_DECORRELATION)


def _histogram(thumbnail: np.ndarray) -> np.ndarray:
    """Shares of the colours [64]."""
    steps = thumbnail.reshape(-1, 3) // (256 // COLOURS)
    index = steps @ np.array([COLOURS**2, COLOURS, 1])
    return np.bincount(index, minlength=COLOURS**3) / len(index)
