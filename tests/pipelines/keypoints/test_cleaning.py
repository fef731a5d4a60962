import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.motion import MotionConfig, MotionNetwork
from pipelines.keypoints.cleaning import CONTEXT, FRAMES, PoseCleaner, clean_poses, decode, encode, window_starts
from pipelines.keypoints.following_square import FollowingSquare, fit_square
from tests.helpers.poses import make_standing_pose


class Middle(nn.Module):
    """Stands for the motion network: returns its input without the context."""

    def __init__(self) -> None:
        super().__init__()
        self.unit = nn.Parameter(torch.ones((), dtype=torch.float64))
        self.batches: list[int] = []

    def forward(self, track: Tensor) -> Tensor:
        self.batches.append(len(track))
        return track[..., CONTEXT:-CONTEXT] * self.unit


def _track(frames: int, step: float = 3) -> np.ndarray:
    return np.stack([make_standing_pose(50 + step * t, 20) for t in range(frames)])


def test_encode_and_decode() -> None:
    points = np.random.default_rng(0).uniform(0, 100, (6, 17, 2))
    values = encode(points, 200)
    assert values.shape == (34, 6)
    np.testing.assert_allclose(values[:17, 2], points[2, :, 1] / 100 - 1)
    np.testing.assert_allclose(decode(values, 200), points)


@pytest.mark.parametrize(("length", "starts"), [(1, [0]), (24, [0]), (25, [0, 1]), (48, [0, 24]), (60, [0, 24, 36])])
def test_window_starts(length: int, starts: list[int]) -> None:
    assert window_starts(length) == starts


@pytest.mark.parametrize("frames", [1, 5, 24, 25, 100])
@pytest.mark.parametrize("step", [0.0, 20.0])
def test_every_frame_comes_back_from_its_window(frames: int, step: float) -> None:
    track = _track(frames, step)
    result = clean_poses(track, Middle(), batch=2)
    assert result.shape == (frames, 17, 3)
    np.testing.assert_allclose(result[..., :2], track[..., :2], atol=1e-3)


def test_windows_go_through_in_batches() -> None:
    network = Middle()
    clean_poses(_track(FRAMES * 5), network, batch=2)
    assert network.batches == [2, 2, 1]


def test_missing_joints_reach_the_network_as_minus_one() -> None:
    track = _track(30)
    track[:, 7] = 0
    canvas = fit_square(track)
    result = clean_poses(track, Middle())
    np.testing.assert_allclose(result[:, 7, :2], canvas.corner, atol=1e-3)


def test_result_moves_and_grows_with_the_video() -> None:
    torch.manual_seed(0)
    network = MotionNetwork(config=MotionConfig(channels=16)).eval()
    track = _track(30)
    other = track.copy()
    other[..., :2] = other[..., :2] * 3 + (400, 100)
    expected = clean_poses(track, network)[..., :2] * 3 + (400, 100)
    np.testing.assert_allclose(clean_poses(other, network)[..., :2], expected, atol=0.05)


def test_confidence_is_carried_over() -> None:
    track = _track(3)
    track[:, 13:, 2] = 0
    result = clean_poses(track, Middle())
    assert (result[:, [2, 3, 5, 6], 2] == 0).all()
    np.testing.assert_allclose(result[:, [0, 8, 10, 13], 2], 0.9, atol=1e-6)


def test_the_whole_frame_is_squashed_for_the_authors_network() -> None:
    """What the network sees does not depend on the frame's size, and its answer comes back in the frame's pixels."""
    torch.manual_seed(0)
    network = MotionNetwork(config=MotionConfig(channels=16)).eval()
    track, stretch = _track(30), np.array([2, 0.5, 1], np.float32)
    expected = clean_poses(track, network, canvas=FollowingSquare(np.zeros((30, 2)), 256.0)) * stretch
    found = PoseCleaner(network, whole_frame=True)(track * stretch, size=(512, 128))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(PoseCleaner(network)(track, size=(512, 128)), clean_poses(track, network))
