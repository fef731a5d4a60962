"""Turned squares: what is sampled from a place comes back to it."""

import math

import cv2
import numpy as np
import pytest

from pipelines.keypoints.detectors.mediapipe.regions import Region, normalize_angle

REGIONS = {
    "upright": Region(150.0, 120.0, 200.0),
    "turned": Region(150.0, 120.0, 200.0, 0.7),
    "upside down": Region(140.0, 110.0, 180.0, math.pi),
    "beyond the frame": Region(60.0, 40.0, 420.0, -0.4),
    "shrunk": Region(150.0, 120.0, 256.0 * 5, 0.3),
}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
@pytest.mark.parametrize("place", [(140, 110), (170, 130)])
def test_a_dot_is_found_where_it_was_sampled_from(region: Region, place: tuple[int, int]) -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(image, place, 8, (255, 255, 255), -1)
    square = region.sample(image, 256)[..., 0].astype(float)
    rows, columns = np.mgrid[:256, :256]
    found = np.array([(columns * square).sum(), (rows * square).sum()]) / square.sum() / 256
    assert np.abs(region.to_frame(found) - place).max() < 0.3 * region.side / 256


def test_the_border_continues_or_is_black() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    region = Region(30, 20, 120)
    assert (region.sample(image, 64) == 200).all()
    black = region.sample(image, 64, border=cv2.BORDER_CONSTANT)
    assert (black[0] == 0).all()
    assert (black[32, 32] == 200).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (40, 2)])
@pytest.mark.parametrize("region", [Region(0, 0, 0), Region(500, 500, 10), Region(1e7, -1e7, 1e6, 1)])
def test_any_region_of_any_frame_can_be_sampled(region: Region, size: tuple[int, int]) -> None:
    assert region.sample(np.zeros((*size, 3), np.uint8), 32).shape == (32, 32, 3)


def test_a_mask_returns_to_its_place() -> None:
    region = Region(100, 80, 90, 0.5)
    spread = region.spread(np.ones((64, 64), np.float32), 160, 200)
    assert spread[80, 100] == 1
    assert abs(spread.sum() - 90**2) < 0.03 * 90**2
    assert region.spread(np.ones((64, 64), np.float32), 160, 200)[5, 5] == 0


@pytest.mark.parametrize(
    ("end", "direction", "angle"),
    [((50, 10), 90, 0.0), ((90, 50), 90, math.pi / 2), ((50, 90), 90, -math.pi), ((90, 50), 0, 0.0)],
)
def test_a_region_turns_a_point_into_a_direction(end: tuple[int, int], direction: float, angle: float) -> None:
    region = Region.between(np.array([50, 50]), np.array(end), direction=direction, scale=1.25)
    assert (region.x, region.y, region.side) == (50, 50, 100)
    assert math.isclose(region.angle, angle, abs_tol=1e-9)


def test_a_shift_follows_the_turned_sides() -> None:
    moved = Region(10, 10, 20, math.pi / 2).shifted(0, -0.5)
    assert (round(moved.x, 9), round(moved.y, 9)) == (20, 10)


def test_a_blend_turns_the_short_way_round() -> None:
    between = Region(0, 10, 20, 3.0).blend(Region(8, 10, 40, -3.0), 0.25)
    assert (between.x, between.y, between.side) == (2, 10, 25)
    assert between.angle == pytest.approx(3.0 + 0.25 * (2 * math.pi - 6))


def test_depth_is_scaled_like_the_sides() -> None:
    assert Region(0, 0, 50, 1.0).to_frame(np.array([[0.5, 0.5, 0.2]]))[0].tolist() == pytest.approx([0, 0, 10])


@pytest.mark.parametrize(("angle", "normal"), [(3.5, 3.5 - 2 * math.pi), (-7.0, -7 + 2 * math.pi), (1.0, 1.0)])
def test_angles_are_normal(angle: float, normal: float) -> None:
    assert math.isclose(normalize_angle(angle), normal)
