"""Squares of frames in which the bundled detector looks for people."""

import numpy as np
import pytest

from pipelines.keypoints.detectors.bundled import SIZE
from pipelines.keypoints.detectors.crops import person_crop, sample_crop, search_crops
from pipelines.media.square_crop import SquareCrop
from tests.helpers.poses import make_standing_pose


@pytest.mark.parametrize("place", [(10, 20, 512), (-60, -50, 300), (400, 200, 400), (3, 4, 100)])
def test_a_crop_shows_what_its_coordinates_say(place: tuple[int, int, int]) -> None:
    """A dot of the frame is found in the crop where `from_canvas` says it came from."""
    crop = SquareCrop(*place, SIZE)
    x, y = crop.left + crop.side * 0.4, crop.top + crop.side * 0.4
    rows, columns = np.mgrid[0:400, 0:600]
    blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 6.0**2)) * 255
    cut = sample_crop(np.repeat(blob[..., None], 3, 2).astype(np.uint8), crop)[..., 0].astype(np.float64)
    cut = (cut - 150).clip(0)  # only the blob is brighter than the grey beyond the frame
    weights = cut / cut.sum()
    found = np.array([[(weights * np.arange(SIZE)).sum(), (weights.sum(1) * np.arange(SIZE)).sum(), 1.0]])
    np.testing.assert_allclose(crop.from_canvas(found)[0, :2], (x, y), atol=0.35)


def test_outside_of_the_frame_is_grey() -> None:
    cut = sample_crop(np.zeros((50, 50, 3), np.uint8), SquareCrop(-100, -100, 100, 64))
    assert cut.shape == (64, 64, 3)
    assert (cut == 128).all()


@pytest.mark.parametrize("size", [(360, 640), (1920, 1080), (1, 1), (50, 2000)])
def test_search_covers_the_frame(size: tuple[int, int]) -> None:
    crops = search_crops(*size, size=SIZE, thorough=True)
    assert len(crops) < 70
    for limit in {crop.side for crop in crops}:
        covered = np.zeros(size, bool)
        for crop in (crop for crop in crops if crop.side == limit):
            covered[max(crop.top, 0) : crop.top + crop.side, max(crop.left, 0) : crop.left + crop.side] = True
        assert covered.all()


def test_crop_reaches_down_for_unseen_legs() -> None:
    pose = make_standing_pose(100, 100)
    whole = person_crop(pose, 600, 600, size=SIZE, confident=0.3)
    pose[11:, 2] = 0
    half = person_crop(pose, 600, 600, size=SIZE, confident=0.3)
    assert half.top + half.side > pose[13, 1]
    assert whole.side > 1.2 * 200
