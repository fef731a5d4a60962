"""Images and their augmentation, against torchvision and against dots that are easy to follow."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import affine

from pipelines.datasets.transforms import AffineDraw, RandomAffine, affine_matrix, read_image, read_mask

WHITE = (255, 255, 255)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(("angle", "shift", "scale"), [(5, (0, 0), 1), (-4, (7.5, -2), 0.98), (0, (-20, 3), 1.02)])
def test_pictures_are_warped_as_torchvision_does(angle: float, shift: tuple[float, float], scale: float) -> None:
    picture, centre = noise(48, 64), (32.5, 24.5)
    moved = AffineDraw(affine_matrix(angle, shift, scale, centre), WHITE).warp_picture(picture)
    expected = affine(
        Image.fromarray(picture),  # pyright: ignore[reportArgumentType]
        angle,
        list(shift),  # pyright: ignore[reportArgumentType]
        scale,
        [0.0, 0.0],
        interpolation=InterpolationMode.BILINEAR,
        fill=list(WHITE),
        center=list(centre),  # pyright: ignore[reportArgumentType]
    )
    assert np.abs(moved.astype(int) - np.asarray(expected)).max() <= 1, "rounding"


def test_joints_move_with_their_picture() -> None:
    points = np.array([[50.0, 20.0], [12.0, 100.0], [100.0, 90.0]])
    picture = np.zeros((128, 128, 3), np.uint8)
    for x, y in points.astype(int):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    draw = AffineDraw(affine_matrix(5, (9, -4), 1.02, (64.5, 64.5)), (0, 0, 0))
    moved = draw.warp_picture(picture)[..., 0].astype(float)
    for x, y in draw.move_joints(points):
        window = moved[int(y) - 3 : int(y) + 5, int(x) - 3 : int(x) + 5]
        down, across = np.mgrid[-3:5, -3:5]
        found = np.array(((window * across).sum(), (window * down).sum())) / window.sum()
        assert np.abs(found - 0.5).max() < 1, "joints are truncated to whole pixels"


def test_a_missing_joint_stays_missing() -> None:
    draw = AffineDraw(affine_matrix(3, (5, 5), 1, (0, 0)), WHITE)
    np.testing.assert_array_equal(draw.move_joints(np.array([[0, 0], [0, 9], [9, 0], [10, 10]]))[:3], np.zeros((3, 2)))
    assert (draw.move_joints(np.array([[10.0, 10.0]])) > 10).all()


def test_draws_fill_their_range_and_follow_the_size() -> None:
    augmentation, random = RandomAffine(256, angle=5, shift=(20, 3), scale=(0.98, 1.02)), np.random.default_rng(1)
    matrices = np.stack([augmentation.draw(random, (128, 128)).matrix for _ in range(500)])
    scale = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])
    angle = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    shift = (matrices @ (64.5, 64.5, 1))[:, :2] - 64.5  # of the centre, in a picture of half the height
    for values, low, high in ((angle, -5, 5), (scale, 0.98, 1.02), (shift[:, 0], -10, 10), (shift[:, 1], -1.5, 1.5)):
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high


def test_masks_are_black_outside_the_picture(tmp_path) -> None:
    Image.new("L", (20, 10), 255).save(tmp_path / "mask.png")
    shift = AffineDraw(affine_matrix(0, (10, 0), 1, (0, 0)), WHITE)
    mask = read_mask(tmp_path / "mask.png", (40, 40), shift)
    assert mask.shape == (1, 40, 40)
    assert (mask[..., 11:] == 1).all()
    assert (mask[..., :9] == 0).all()
    assert (read_image(tmp_path / "mask.png", (40, 40), shift) == 1).all()
