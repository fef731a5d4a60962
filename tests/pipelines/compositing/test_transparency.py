"""Pictures with an alpha channel."""

import cv2
import numpy as np

from pipelines.compositing.transparency import show_transparency, spread_colour


def make_disc(height: int = 60, width: int = 90) -> np.ndarray:
    """A red disc with a soft edge on nothing, whose hidden colour is black."""
    y, x = np.indices((height, width))
    alpha = np.clip((16 - np.hypot(x - 40, y - 30)) / 4 + 0.5, 0, 1)
    image = np.zeros((height, width, 4), np.uint8)
    image[..., 3] = np.rint(alpha * 255)
    image[image[..., 3] > 0, :3] = (200, 40, 20)
    return image


def test_hidden_colours_become_those_nearby_and_visible_ones_stay() -> None:
    image = make_disc()
    spread = spread_colour(image)
    visible = image[..., 3] > 0
    assert (spread[visible] == image[visible]).all()
    assert (spread[..., 3] == image[..., 3]).all()
    assert np.abs(spread[~visible][:, :3].astype(int) - (200, 40, 20)).max() <= 2


def test_a_picture_that_is_scaled_without_regard_to_alpha_gets_no_dark_rim() -> None:
    small = cv2.resize(spread_colour(make_disc()), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    assert np.abs(small[..., :3].astype(int) - (200, 40, 20)).max() <= 2


def test_nothing_and_a_full_picture_stay_as_they_are() -> None:
    for alpha in (0, 255):
        image = np.full((9, 7, 4), (1, 2, 3, alpha), np.uint8)
        assert (spread_colour(image) == image).all()


def test_the_checkerboard_is_seen_where_the_picture_is_transparent() -> None:
    image = np.zeros((32, 32, 4), np.uint8)
    image[:, 16:] = (10, 20, 30, 255)
    shown = show_transparency(image)
    assert [shown[0, 0].tolist(), shown[16, 0].tolist(), shown[0, 31].tolist()] == [[204] * 3, [255] * 3, [10, 20, 30]]
