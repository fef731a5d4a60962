"""The pose refiner at work on a track: any length, place, size and frame rate."""

import numpy as np
import pytest
import torch
from torch import nn

from models.pose_refiner import PoseRefiner, RefinerConfig
from pipelines.keypoints import refinement
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.refinement import map_track, refine_poses
from tests.helpers.poses import make_standing_pose


def make_network() -> PoseRefiner:
    """A small network that moves every joint by some pixels."""
    torch.manual_seed(0)
    network = PoseRefiner(config=RefinerConfig(channels=8, dilations=(1, 2))).eval()
    nn.init.normal_(network.leave.weight, std=0.1)
    return network


def make_track(frames: int) -> np.ndarray:
    return np.stack([make_standing_pose(50 + 3 * t, 20 + 10 * np.sin(t)) for t in range(frames)])


def test_the_mapping_is_that_of_single_poses() -> None:
    track = make_track(3)
    points, confidence = torch.from_numpy(track[None, ..., :2]), torch.from_numpy(track[None, ..., 2])
    mapped, _ = map_track(points, confidence)
    np.testing.assert_allclose(mapped[0].numpy(), map_joints(track)[..., :2], rtol=1e-5)


@pytest.mark.parametrize(
    ("joint", "free"),
    [(None, ()), (9, (13,)), (11, (0, 4)), (16, (3,)), (0, ())],
    ids=["all seen", "left wrist", "left hip", "right ankle", "nose"],
)
def test_what_rests_on_a_joint_that_was_not_seen_is_free(joint: int | None, free: tuple[int, ...]) -> None:
    confidence = torch.full((1, 1, 17), 0.9)
    if joint is not None:
        confidence[..., joint] = 0.15
    _, found = map_track(torch.zeros(1, 1, 17, 2), confidence)
    trunk = {7, 8, 9, 10}
    assert set(found[0, 0].nonzero()[:, 0].tolist()) == trunk | set(free)


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_every_frame_comes_back(frames: int) -> None:
    track = make_track(frames)
    result = refine_poses(track, make_network(), rate=25.0)
    assert result.shape == (frames, 17, 3)
    assert result.dtype == np.float32
    limbs = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]
    moved = np.linalg.norm(result - map_joints(track), axis=-1)[:, limbs]
    assert 0.01 < moved.max() < 0.05 * 200


def test_a_long_clip_goes_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    track, network = make_track(40), make_network()
    whole = refine_poses(track, network, rate=25.0)
    monkeypatch.setattr(refinement, "CHUNK", 7)
    np.testing.assert_allclose(refine_poses(track, network, rate=25.0), whole, atol=1e-3)


def test_the_result_moves_and_grows_with_the_video() -> None:
    track, network = make_track(30), make_network()
    other = track * np.array([3, 3, 1], np.float32) + np.array([400, 100, 0], np.float32)
    expected = refine_poses(track, network, rate=25.0)[..., :2] * 3 + (400, 100)
    np.testing.assert_allclose(refine_poses(other, network, rate=25.0)[..., :2], expected, atol=0.05)


def test_joints_that_were_never_seen_are_placed_near_the_body() -> None:
    track = make_track(30)
    track[:, 13:] = 0
    result = refine_poses(track, make_network(), rate=25.0)
    assert np.isfinite(result).all()
    seen = track[:, :13, :2]
    assert (result[..., :2] > seen.min((0, 1)) - 200).all()
    assert (result[:, [2, 3, 5, 6], 2] == 0).all()
