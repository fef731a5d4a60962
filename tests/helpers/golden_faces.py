"""How the reference files' cases of faces are judged (section 9.5): everything exact, but curves within one pixel.

The authors' curves come from an iterative fit and are truncated, so a pixel may fall on either side (11.28).
"""

import cv2
import numpy as np

from pipelines.faces.curves import run_pixels
from pipelines.faces.face_maps import extend_landmarks, face_structure, line_maps, part_labels

Tensors = dict[str, np.ndarray]
MAX_STRAY_SHARE = 0.02  # of the curves' pixels: degenerate fits


def face(case: str, data: Tensors) -> None:
    width, height, size = data["in.size_wh_load"].tolist()
    points = extend_landmarks(data["in.keypoints_xy"])
    np.testing.assert_array_equal(points, data["out.keypoints83"])
    np.testing.assert_array_equal(part_labels(points, height, width), data["out.part_labels"])
    lines = line_maps(points, height=height, width=width, size=size).max(0) > 0
    assert_within_a_pixel(lines, data["out.edges_uint8"] > 0)
    structure = face_structure(data["in.image"], data["in.keypoints_xy"], size=size)
    expected = data["out.structure_uint8_times255"]
    assert structure.shape == expected.shape
    assert structure.dtype == np.float32
    np.testing.assert_array_equal(structure[15], expected[15])
    assert np.abs(np.rint(structure[1:15] * 255) - expected[1:15]).max() <= 1
    edges_only = ~lines & (data["out.edges_uint8"] == 0)  # Canny's part of channel 0
    np.testing.assert_array_equal(np.rint(structure[0] * 255)[edges_only], expected[0][edges_only])


def interp_points(case: str, data: Tensors) -> None:
    for name in (name for name in data if name.startswith("in.")):
        expected = data[name.replace("in.", "out.")].T
        pixels = run_pixels(data[name].T)
        assert pixels.shape == expected.shape
        assert np.abs(pixels - expected).max(initial=0) <= 1


def assert_within_a_pixel(found: np.ndarray, expected: np.ndarray) -> None:
    for here, there in ((found, expected), (expected, found)):
        near = cv2.dilate(there.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        assert (here & ~near).sum() <= MAX_STRAY_SHARE * here.sum()


CHECKS = (face, interp_points)
