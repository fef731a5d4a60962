"""Anchors, decoding and merging of boxes, on numbers written out by hand."""

import numpy as np
import pytest

from pipelines.keypoints.detectors.mediapipe import detector, faces
from pipelines.keypoints.detectors.mediapipe.boxes import BoxDetector, decode_boxes, make_anchors, merge_boxes, overlap
from pipelines.keypoints.detectors.mediapipe.regions import Region
from tests.helpers.mediapipe_networks import StandIn


@pytest.mark.parametrize(("size", "layers", "count"), [(224, detector.LAYERS, 2254), (128, faces.LAYERS, 896)])
def test_there_are_as_many_anchors_as_the_network_has_outputs(size: int, layers, count: int) -> None:
    anchors = make_anchors(size, layers)
    assert anchors.shape == (count, 2)
    stride, number = layers[0]
    assert (anchors[:number] == stride / 2 / size).all()
    np.testing.assert_allclose(anchors[number], (1.5 * stride / size, 0.5 * stride / size))
    stride, _ = layers[-1]
    np.testing.assert_allclose(anchors[-1], 1 - stride / 2 / size)


def test_values_are_pixels_from_the_anchor() -> None:
    anchors = np.array([[0.5, 0.25], [0.1, 0.1], [0.9, 0.9]], np.float32)
    values = np.array([[10, 20, 40, 60, -10, 30], [0] * 6, [10] * 6], np.float32)
    boxes = decode_boxes(values, np.array([[2.0], [-3.0], [500.0]], np.float32), anchors, 100, 0.5)
    np.testing.assert_allclose(boxes[0], [0.95, 0.95, 1.05, 1.05, 1.0, 1.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(boxes[1], [0.4, 0.15, 0.8, 0.75, 0.4, 0.55, 1 / (1 + np.exp(-2.0))], rtol=1e-5)
    assert len(boxes) == 2


def test_nothing_found_is_no_boxes() -> None:
    boxes = merge_boxes(decode_boxes(np.zeros((5, 12)), np.full((5, 1), -9.0), np.zeros((5, 2)), 224, 0.5))
    assert boxes.shape == (0, 13)


def test_boxes_that_overlap_become_their_weighted_mean() -> None:
    boxes = np.array([[0, 0, 10, 10, 0.9], [2, 0, 12, 10, 0.3], [50, 50, 60, 60, 0.6]], np.float32)
    np.testing.assert_allclose(merge_boxes(boxes), [[0.5, 0, 10.5, 10, 0.9], [50, 50, 60, 60, 0.6]], rtol=1e-6)


def test_overlap_is_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10], [3, 3, 3, 3]], np.float32)
    np.testing.assert_allclose(overlap(boxes[0], boxes), [1, 1 / 3, 0, 0])
    assert overlap(boxes[3], boxes[3:]) == [0]


@pytest.mark.parametrize("region", [None, Region(90, 60, 60)], ids=["all of the frame", "a part"])
def test_boxes_are_in_pixels_of_the_frame(region: Region | None) -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[55:66, 95:106] = 255  # centre 100, 60

    def answer(square: np.ndarray) -> list[np.ndarray]:
        assert square.min() >= -1
        assert square.max() <= 1
        rows, columns = np.nonzero(square[..., 0] > 0)
        place = np.array([columns.mean(), rows.mean()])
        anchors = make_anchors(64, [(32, 1)]) * 64  # [4, 2]
        points = np.concatenate([place - anchors, np.full((4, 2), 8), place - anchors], 1)
        return [points, np.full((4, 1), 4.0)]

    (box,) = BoxDetector(StandIn(64, answer), [(32, 1)], least=0.5).find(image, region)
    assert np.abs(box[4:6] - (100, 60)).max() < 1.5
    side = 8 / 64 * (region.side if region else 200)
    np.testing.assert_allclose(box[2:4] - box[:2], side, rtol=1e-5)
