import numpy as np

from pipelines.keypoints.joint_mapping import map_joints
from tests.helpers.poses import sample_people, sample_poses


def test_geometric_mapping_is_near_the_true_joints() -> None:
    persons = sample_people(6, 1)
    coco, truth = sample_poses(persons, 2, amplitude=0.5)
    error = np.linalg.norm(map_joints(coco) - truth, axis=-1) / (150 * persons.height.numpy()[:, None, None])
    exact = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]
    assert error[..., exact].max() < 1e-6
    assert np.median(error) < 0.01
    assert error.mean((0, 1)).max() < 0.025
