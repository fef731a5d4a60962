"""Cuts, and what only looks like one."""

import numpy as np
import pytest

from pipelines.keypoints.appearance import make_thumbnail
from pipelines.keypoints.shots import find_cuts


def make_wall(phase: float = 0, *, red: float = 90) -> np.ndarray:
    """A wavy wall, uint8 [90, 160, 3], whose pattern moves with `phase`."""
    x, y = np.meshgrid(np.arange(160), np.arange(90))
    waves = 60 * np.sin(x / 25 + phase) + 30 * np.cos(y / 17)
    return np.stack((red + waves, 110 + waves, 120 - waves), -1).clip(0, 255).astype(np.uint8)


WALL, OTHER, LIT = make_wall(), make_wall(red=230)[:, ::-1], np.full((90, 160, 3), 255, np.uint8)


@pytest.mark.parametrize(
    ("pictures", "cuts"),
    [
        ([WALL] * 5, []),
        ([WALL] * 3 + [OTHER] * 3, [3]),
        ([WALL, OTHER, make_wall(2), LIT], [1, 2, 3]),
        ([make_wall(0.1 * frame) for frame in range(20)], []),
        ([WALL] * 3 + [LIT] + [WALL] * 3, []),
        ([WALL] * 3 + [LIT] + [OTHER] * 3, [3, 4]),
        ([make_wall(red=90 + 5 * frame) for frame in range(20)], []),
    ],
    ids=["still", "cut", "slide show", "pan", "flash", "flash at a cut", "fade"],
)
def test_cuts(pictures: list[np.ndarray], cuts: list[int]) -> None:
    assert find_cuts([make_thumbnail(picture) for picture in pictures]) == cuts


def test_frames_that_nobody_saw_are_no_cuts() -> None:
    assert find_cuts([None, make_thumbnail(WALL), None, make_thumbnail(OTHER)]) == []
