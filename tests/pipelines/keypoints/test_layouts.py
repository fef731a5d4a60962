import numpy as np

from pipelines.keypoints.layouts import (
    COCO17_NAMES,
    H36M17_NAMES,
    OPENPOSE18_TO_COCO17,
    coco17_to_openpose18,
    h36m17_to_coco17,
    select,
)


def test_openpose18_has_the_same_joints_and_a_neck_between_the_shoulders() -> None:
    pose = np.random.default_rng(0).uniform(0, 1, (4, 17, 3))
    found = coco17_to_openpose18(pose)
    np.testing.assert_array_equal(select(found, OPENPOSE18_TO_COCO17), pose)
    np.testing.assert_allclose(found[:, 1, :2], (pose[:, 5, :2] + pose[:, 6, :2]) / 2)
    np.testing.assert_array_equal(found[:, 1, 2], np.minimum(pose[:, 5, 2], pose[:, 6, 2]))


def test_joints_of_one_name_are_at_one_place_in_both_layouts() -> None:
    pose = np.random.default_rng(0).uniform(0.1, 1, (4, 17, 3))
    found = h36m17_to_coco17(pose)
    for index, name in enumerate(COCO17_NAMES[5:], 5):
        np.testing.assert_array_equal(found[:, index], pose[:, H36M17_NAMES.index(name.replace("ankle", "foot"))])
    assert not found[:, :5].any()
