"""What is drawn on a GPU is what is drawn on the CPU."""

import numpy as np
import pytest
import torch
from skimage.draw import line_aa

from models.joints import DETAIL_POINTS, DETAILED_CHANNELS, DETAILED_STRUCTURES, HAND_POINTS, STRUCTURE_CHANNELS
from pipelines.keypoints.device_structure_maps import draw_lines, draw_on_device
from pipelines.keypoints.structure_poses import StructurePose
from tests.helpers.devices import DEVICES

COUNT = 6


def draw_pose(
    seed: int, height: int, width: int, *, scale: float = 1.0, channels: int = DETAILED_CHANNELS
) -> StructurePose:
    """A pose with joints anywhere on the map, some of them missing, some in the first row or column."""
    random = np.random.default_rng(seed)
    points = np.concatenate([random.uniform(1, (width - 1, height - 1), (17, 2)), np.ones((17, 1))], 1)
    points[3, 0], points[4, 1] = 0.4 * scale, 0.4 * scale
    points[random.integers(17, size=2), :2] = 0
    points[random.integers(17, size=2), 2] = 0
    points[7] = points[8]  # a limb without length
    known, depth = random.uniform(0, (width, height), (DETAIL_POINTS, 2)), random.normal(0, 40, 17)
    known[random.integers(10, size=3)], depth[random.integers(17, size=3)] = np.nan, np.nan
    known[10:31] = known[10] + random.normal(0, 6, (HAND_POINTS, 2))
    if seed % 2:
        known[40] = np.nan  # a hand with a point that is not known
    details = (known, depth) if channels > STRUCTURE_CHANNELS else None
    return StructurePose(points, "h36m17", height, width, scale, details, channels)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("channels", [STRUCTURE_CHANNELS, *DETAILED_STRUCTURES])
def test_maps_of_a_batch_are_those_of_the_cpu(device: str, channels: int) -> None:
    poses = [draw_pose(seed, 96, 64, channels=channels) for seed in range(COUNT)]
    for _ in range(5):  # some of them as a graph
        maps = draw_on_device(poses, torch.device(device))
    assert maps.is_contiguous(memory_format=torch.channels_last)
    assert maps.shape == (COUNT, channels, 96, 64)
    for drawn, pose in zip(maps.cpu().numpy(), poses, strict=True):
        expected = pose.draw()
        np.testing.assert_array_equal(drawn[17:20], expected[17:20])
        np.testing.assert_allclose(drawn, expected, atol=2e-6)
        assert expected[17:20].any()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("scale", [0.75, 1.5])
def test_other_scales_are_resampled_to_the_same_levels(device: str, scale: float) -> None:
    poses = [draw_pose(seed, 192, 96, scale=scale) for seed in range(3)]
    for drawn, pose in zip(draw_on_device(poses, torch.device(device)).cpu().numpy(), poses, strict=True):
        expected = pose.draw()
        np.testing.assert_allclose(drawn[17:20], expected[17:20], atol=1)  # OpenCV rounds in fixed-point numbers
        np.testing.assert_allclose(np.delete(drawn, slice(17, 20), 0), np.delete(expected, slice(17, 20), 0), atol=2e-6)


def test_lines_are_those_of_scikit_image() -> None:
    random = np.random.default_rng(0)
    ends = random.integers(0, (30, 24), (500, 2, 2))
    ends[:30, 1, 0], ends[30:60, 1, 1], ends[60:70, 1] = ends[:30, 0, 0], ends[30:60, 0, 1], ends[60:70, 0]
    ends[70:100, 1] = ends[70:100, 0] + random.integers(0, 5, 30)[:, None]  # diagonal
    start, end = torch.from_numpy(ends).float()[..., None, None].unbind(1)
    levels, drawn = draw_lines(start, end, torch.arange(40.0), torch.arange(40.0)[:, None])
    for number, ((x0, y0), (x1, y1)) in enumerate(ends.tolist()):
        rows, columns, coverage = line_aa(y0, x0, y1, x1)
        expected = np.full((40, 40), -1)
        expected[rows, columns] = (255 * coverage).astype(np.uint8)
        np.testing.assert_array_equal(torch.where(drawn, levels, -1)[number], expected)


def test_only_joints_on_the_map_are_drawn_on_a_device() -> None:
    pose = draw_pose(0, 96, 64)
    assert pose.is_inside
    pose.points[11] = 70, 20, 1
    assert not pose.is_inside
    pose.points[11, 2] = 0
    assert pose.is_inside
