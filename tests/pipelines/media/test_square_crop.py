"""Square crops: where they are, and that points land where the pixels do."""

import numpy as np
import pytest

from pipelines.media.boxes import crop
from pipelines.media.square_crop import MIN_SIDE, SquareCrop

PLACES = [SquareCrop(10, 20, 512, 256), SquareCrop(-60, -50, 300, 256), SquareCrop(3, 4, 100, 256)]


def test_the_square_holds_all_points_with_a_margin() -> None:
    square = SquareCrop.around(np.array([[[10.0, 40.0], [110.0, 90.0]]]), size=256)
    assert square.side == 124
    assert (square.left, square.top) == (-2, 3)
    assert square.box == (-2, 3, 122, 127)


def test_few_points_get_a_square_of_the_smallest_side() -> None:
    square = SquareCrop.around(np.array([[50.0, 50.0]]), size=256)
    assert (square.side, square.left, square.top) == (MIN_SIDE, 18, 18)


@pytest.mark.parametrize(("side", "pixels", "left"), [(100.4, 100, -46), (101.0, 101, -46), (0.2, 2, 4)])
def test_the_square_around_a_centre_has_whole_pixels(side: float, pixels: int, left: int) -> None:
    square = SquareCrop.centred(4.0, 4.0, side, size=64)
    assert (square.side, square.left, square.top) == (pixels, left, left)
    assert np.abs(np.subtract(square.centre, 4)).max() <= 0.5


@pytest.mark.parametrize("square", PLACES)
def test_there_and_back(square: SquareCrop) -> None:
    points = np.random.default_rng(0).uniform(-50, 500, (2, 17, 3))
    canvas = square.to_canvas(points)
    np.testing.assert_array_equal(canvas[..., 2], points[..., 2])
    np.testing.assert_allclose(square.from_canvas(canvas), points, atol=1e-9)
    assert square.from_canvas(canvas.astype(np.float32)).dtype == np.float32


def test_pixel_centres_are_integers_on_both_sides() -> None:
    square = SquareCrop(100, 200, 512, 256)
    np.testing.assert_array_equal(
        square.to_canvas(np.array([[99.5, 199.5], [611.5, 711.5]])), [[-0.5] * 2, [255.5] * 2]
    )


def test_points_land_where_the_pixels_do() -> None:
    square = SquareCrop(40, -30, 200, 100)
    image = np.zeros((150, 300, 3), np.uint8)
    image[60:64, 120:124] = 255  # centre at 121.5, 61.5
    rows, columns = np.nonzero(square.resize(square.cut(image))[..., 0])
    np.testing.assert_allclose(square.to_canvas(np.array([121.5, 61.5])), (columns.mean(), rows.mean()), atol=1e-9)


def test_border_pixels_continue_outside() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    cut = crop(image, (-1, -1, 3, 3))
    assert cut.shape == (4, 4, 3)
    assert (cut[0, 0] == image[0, 0]).all()
    assert (cut[3, 3] == image[1, 1]).all()
    with pytest.raises(ValueError, match="empty"):
        crop(image, (1, 0, 1, 2))


@pytest.mark.parametrize(("side", "size"), [(64, 256), (512, 256)])
def test_resizing_keeps_the_colours(side: int, size: int) -> None:
    square = SquareCrop(0, 0, side, size)
    assert (square.resize(np.full((side, side, 3), 77, np.uint8)) == np.full((size, size, 3), 77)).all()
