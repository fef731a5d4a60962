"""Canvas crops: where they are, and that points land where the pixels do."""

import numpy as np
import pytest

from pipelines.media.boxes import crop
from pipelines.media.canvas_crop import CELL, MIN_SIDE, CanvasCrop
from pipelines.media.square_crop import SquareCrop

PLACES = [SquareCrop(10, 20, 512, 256), CanvasCrop(-60, -50, 150, 300, 128, 256), CanvasCrop(3, 4, 100, 50, 256, 128)]
STANDING = np.array([[[100.0, 40.0], [160.0, 440.0]]])  # extents 60 x 400: 496 px with the margins, 156 across


@pytest.mark.parametrize("size", [192, 256, 384])
def test_the_canvas_of_somebody_standing_is_high_and_as_wide_as_needed(size: int) -> None:
    canvas = CanvasCrop.around(STANDING, size=size)
    assert canvas.rows == size
    assert canvas.height == 496
    assert canvas.columns % CELL == 0
    assert 0 <= canvas.columns - 156 * size / 496 < CELL
    assert canvas.width == pytest.approx(canvas.columns * 496 / size, abs=0.5)


def test_the_canvas_of_somebody_lying_is_wide() -> None:
    high, wide = CanvasCrop.around(STANDING, size=256), CanvasCrop.around(STANDING[..., ::-1], size=256)
    assert (wide.rows, wide.columns, wide.height, wide.width) == (high.columns, high.rows, high.width, high.height)
    assert (wide.left, wide.top) == (high.top, high.left)


@pytest.mark.parametrize("size", [192, 256, 384])
def test_all_points_are_on_the_canvas_with_a_margin(size: int) -> None:
    points = np.random.default_rng(3).uniform(-50, 500, (20, 17, 2)) * (1, 0.4)
    canvas = CanvasCrop.around(points, size=size)
    there = canvas.to_canvas(points)
    assert there.min() > 0.09 * size
    assert (there < np.array([canvas.columns, canvas.rows]) - 0.09 * size).all()


def test_the_outline_is_on_the_canvas() -> None:
    outline = (20, 100, 300, 520)
    left, top, right, bottom = CanvasCrop.around(STANDING, size=256, outline=outline).box
    assert left <= 20
    assert top <= -8  # the margin of the points
    assert right >= 300
    assert bottom >= 520


def test_few_points_get_a_rectangle_of_the_smallest_side() -> None:
    canvas = CanvasCrop.around(np.array([[50.0, 50.0]]), size=256)
    assert max(canvas.width, canvas.height) <= MIN_SIDE
    assert min(canvas.rows, canvas.columns) >= CELL
    assert canvas.box[0] <= 50 <= canvas.box[2]


@pytest.mark.parametrize(("side", "pixels", "left"), [(100.4, 100, -46), (101.0, 101, -46), (0.2, 2, 4)])
def test_the_square_around_a_centre_has_whole_pixels(side: float, pixels: int, left: int) -> None:
    square = SquareCrop.centred(4.0, 4.0, side, size=64)
    assert (square.side, square.left, square.top) == (pixels, left, left)
    assert np.abs(np.subtract(square.centre, 4)).max() <= 0.5


@pytest.mark.parametrize("canvas", PLACES)
def test_there_and_back(canvas: CanvasCrop) -> None:
    points = np.random.default_rng(0).uniform(-50, 500, (2, 17, 3))
    there = canvas.to_canvas(points)
    np.testing.assert_array_equal(there[..., 2], points[..., 2])
    np.testing.assert_allclose(canvas.from_canvas(there), points, atol=1e-9)
    assert canvas.from_canvas(there.astype(np.float32)).dtype == np.float32


def test_pixel_centres_are_integers_on_both_sides() -> None:
    canvas = CanvasCrop(100, 200, 256, 512, 128, 256)
    np.testing.assert_array_equal(
        canvas.to_canvas(np.array([[99.5, 199.5], [355.5, 711.5]])), [[-0.5] * 2, [127.5, 255.5]]
    )


def test_points_land_where_the_pixels_do() -> None:
    canvas = CanvasCrop(40, -30, 200, 100, 100, 50)
    image = np.zeros((150, 300, 3), np.uint8)
    image[40:44, 120:124] = 255  # centre at 121.5, 41.5
    rows, columns = np.nonzero(canvas.resize(canvas.cut(image))[..., 0])
    np.testing.assert_allclose(canvas.to_canvas(np.array([121.5, 41.5])), (columns.mean(), rows.mean()), atol=1e-9)


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
