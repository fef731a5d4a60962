import time

import cv2
import numpy as np
import pytest

from pipelines.keypoints.drawing import draw_pose, draw_skeleton
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.structure_maps import joint_colours, structure_map
from tests.helpers.poses import make_standing_pose

POSE = make_standing_pose(20, 5)


@pytest.mark.parametrize("size", [(256, 256), (260, 320)])
def test_peaks_lie_at_the_joints(size: tuple[int, int]) -> None:
    maps = structure_map(POSE, layout="coco17", height=size[0], width=size[1])
    assert maps.shape == (20, *size)
    assert maps.dtype == np.float32
    peaks = maps[:17].reshape(17, -1).argmax(1)
    np.testing.assert_allclose(np.stack((peaks % size[1], peaks // size[1]), 1), POSE[:, :2], atol=0.51)
    assert maps[17:].max() == 255


def test_no_value_is_denormal() -> None:
    """Networks take several times longer with such values."""
    heat = structure_map(POSE, layout="coco17")[:17]
    assert heat[heat > 0].min() >= np.finfo(np.float32).tiny
    assert (heat == 0).any()


def test_missing_joints_leave_no_trace() -> None:
    zeros, unsure = POSE.copy(), POSE.copy()
    zeros[9:, :2] = 0
    unsure[9:, 2] = 0
    maps = structure_map(zeros, layout="coco17")
    assert not maps[9:17].any()
    np.testing.assert_array_equal(maps, structure_map(unsure, layout="coco17"))
    assert not structure_map(np.zeros((17, 2)), layout="coco17").any()


@pytest.mark.parametrize("place", [(0.4, 100.0), (100.0, 0.9), (-0.6, 100.0)])
def test_a_joint_in_the_first_row_or_column_has_a_heat_map_but_no_bone_and_no_disk(place: tuple[float, float]) -> None:
    """The authors truncate coordinates before they ask whether a joint is missing."""
    at_edge, missing = POSE.copy(), POSE.copy()
    at_edge[9, :2], missing[9, :2] = place, 0
    maps, without = structure_map(at_edge, layout="coco17"), structure_map(missing, layout="coco17")
    np.testing.assert_array_equal(maps[17:], without[17:])
    assert maps[9].max() > 0.9
    assert not without[9].any()
    at_edge[9, :2] = np.abs(place) + np.ones(2)
    assert (structure_map(at_edge, layout="coco17")[17:] != without[17:]).any()


def test_layouts_draw_other_limbs() -> None:
    assert (structure_map(POSE, layout="coco17")[17:] != structure_map(POSE, layout="h36m17")[17:]).any()


def test_joints_far_outside_are_harmless() -> None:
    pose = POSE.copy()
    pose[9, :2] = (1e9, -1e9)
    pose[10, :2] = (-4000, 100)
    started = time.perf_counter()
    maps = structure_map(pose, layout="coco17")
    assert np.isfinite(maps).all()
    assert time.perf_counter() - started < 1


def test_palette_is_distinct() -> None:
    for count in (17, 18, 25):
        assert len({tuple(colour) for colour in joint_colours(count).tolist()}) == count


@pytest.mark.parametrize("layout", ["coco17", "h36m17"])
def test_picture_for_people(layout: str) -> None:
    pose = POSE if layout == "coco17" else map_joints(POSE)
    picture = draw_skeleton(pose, 300, 250, layout=layout)
    assert picture.shape == (300, 250, 3)
    for x, y in pose[:, :2].round().astype(int):
        assert picture[y, x].max() > 100
    base = np.full((300, 250, 3), 7, np.uint8)
    assert (draw_pose(base, pose * (1, 1, 0), layout=layout) == 7).all()
    assert (base == 7).all()


@pytest.mark.parametrize("scale", [0.75, 1.5])
def test_a_map_of_another_resolution_is_the_official_one_resampled(scale: float) -> None:
    points = np.random.default_rng(4).uniform(40, 200, (17, 2))
    size = round(256 * scale)
    scaled = structure_map((points + 0.5) * scale - 0.5, layout="h36m17", height=size, width=size, scale=scale)
    official = structure_map(points, layout="h36m17").transpose(1, 2, 0)  # [256, 256, 20]
    expected = np.dstack([cv2.resize(plane, (size, size)) for plane in cv2.split(official)]).transpose(2, 0, 1)
    assert np.abs(scaled[:17] - expected[:17]).max() < 0.02
    assert np.abs(scaled[17:] - expected[17:]).mean() < 1
    assert scaled[17:].max() > 100
