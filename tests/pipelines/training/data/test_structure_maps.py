import numpy as np
import pytest
import torch

from pipelines.keypoints.layouts import LIMBS
from pipelines.keypoints.structure_maps import structure_map
from pipelines.training.data.structure_maps import structure_maps


@pytest.mark.parametrize("layout", ["coco17", "h36m17"])
def test_matches_the_exact_maps_of_one_pose(layout):
    poses = 20 + 216 * torch.rand(3, 17, 2, generator=torch.Generator().manual_seed(3))
    present = torch.ones(3, 17, dtype=torch.bool)
    present[1, 4] = present[2, 9] = False
    poses[0, 9, 1], poses[1, 8, 0] = 0.5, 0.25  # in the first row and column: no bone and no disk
    made = structure_maps(poses, LIMBS[layout], size=256, present=present).numpy()
    for pose, there, maps in zip(poses.numpy(), present.numpy(), made, strict=True):
        exact = structure_map(np.where(there[:, None], pose, 0), layout=layout)
        np.testing.assert_allclose(maps[:17], exact[:17], atol=1e-5)
        different = np.abs(maps[17:] - exact[17:]).max(0)
        assert (different > 40).mean() < 0.002
        assert np.abs(maps[17:] - exact[17:]).mean() < 0.25


def test_poses_outside_the_map_leave_it_empty():
    maps = structure_maps(torch.full((1, 17, 2), -500.0), LIMBS["coco17"], size=64, present=torch.ones(1, 17).bool())
    assert maps.abs().max() < 1e-6
