"""The pose network's outputs as points, and the region of the next frame."""

import math

import numpy as np
import pytest

from pipelines.keypoints.detectors.mediapipe.pose import PoseNetwork, decode_points, person_region, refine_point
from pipelines.keypoints.detectors.mediapipe.regions import Region
from tests.helpers.mediapipe_networks import StandIn

FLAT = np.full((64, 64, 39), -9.0)


def test_coordinates_depth_and_visibility() -> None:
    values = np.zeros((39, 5))
    values[3] = (64, 128, -25.6, 2, 0)
    point = decode_points(values.reshape(195), FLAT, 256)[3]
    np.testing.assert_allclose(point, [0.25, 0.5, -0.1, 1 / (1 + math.exp(-2))], rtol=1e-6)


def test_a_heat_map_moves_a_point_to_its_mean() -> None:
    heat_map = np.full((64, 64), -30.0)
    heat_map[20, 10:12] = 9  # columns 10 and 11
    point = np.array([9.5 / 64, 21.5 / 64, 7.0])
    refine_point(point, heat_map)
    np.testing.assert_allclose(point, [10.5 / 64, 20 / 64, 7.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("peak", "place", "point"),
    [(-0.5, (20, 10), (0.16, 0.32)), (9.0, (20, 40), (0.16, 0.32)), (9.0, (0, 0), (-0.1, 0.5)), (9.0, (0, 0), (1, 1))],
    ids=["low", "far away", "left of the map", "right of the map"],
)
def test_other_heat_maps_leave_it(peak: float, place: tuple[int, int], point: tuple[float, float]) -> None:
    heat_map = np.full((64, 64), -30.0)
    heat_map[place] = peak
    moved = np.array(point)
    refine_point(moved, heat_map)
    assert moved.tolist() == list(point)


@pytest.mark.parametrize(("presence", "found"), [(0.49, False), (0.51, True), (math.nan, False)])
def test_nobody_in_the_region(presence: float, found: bool) -> None:
    outputs = [np.zeros(195), np.array([presence]), np.zeros((256, 256, 1)), FLAT, np.zeros(117)]
    network = PoseNetwork(StandIn(256, lambda image: outputs))
    body = network.find(np.zeros((80, 80, 3), np.uint8), Region(40, 40, 50))
    assert (body is not None) == found


def test_the_region_holds_a_person_who_lies() -> None:
    region = person_region(np.array([100.0, 50.0]), np.array([140.0, 50.0]))
    assert (region.x, region.y, region.side) == (100, 50, 100)
    head = region.to_frame(np.array([0.5, 0.1]))
    np.testing.assert_allclose(head, (140, 50), atol=1e-9)
