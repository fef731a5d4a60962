"""What the pose refiner may do to a joint, and that frames far away don't matter."""

import pytest
import torch
from torch import Tensor, nn

from models.pose_refiner import PoseRefiner, Refined, RefinerConfig

SMALL = RefinerConfig(channels=8, dilations=(1, 2), tolerance=0.02, caution=3.0)


def make_network(change: float = 0.0, doubt: float = -20.0) -> PoseRefiner:
    """A network that wants to move every joint by `change` along x and y, and doubts each by the logit `doubt`."""
    torch.manual_seed(0)
    network = PoseRefiner(config=SMALL).eval()
    bias = torch.cat([torch.full((34,), change / 0.1), torch.full((17,), doubt)])
    network.leave.bias = nn.Parameter(bias)
    return network


def run(network: PoseRefiner, points: Tensor, *, free: bool = False, rate: float = 25.0) -> Refined:
    margin, batch, length = network.config.margin, len(points), points.shape[1]
    mapped = torch.zeros(batch, length - 2 * margin, 17, 2)
    confidence = torch.ones(points.shape[:3])
    flags = torch.full(mapped.shape[:3], free)
    return network(points, confidence, mapped, flags, torch.full((batch,), rate))


def make_points(length: int) -> Tensor:
    return torch.rand(2, length, 17, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("doubt", "free", "moved"),
    [(-20.0, False, 0.02), (20.0, False, 0.5), (3.0, False, 0.26), (0.0, False, 0.0212), (-20.0, True, 0.5)],
    ids=["sure", "in doubt", "odds of 20 to 1", "even odds", "not seen"],
)
def test_a_large_change(doubt: float, free: bool, moved: float) -> None:
    network = make_network(change=0.5 / 2**0.5, doubt=doubt)
    points = run(network, make_points(20), free=free).points
    torch.testing.assert_close(points.norm(dim=-1), torch.full(points.shape[:3], moved), atol=1e-4, rtol=0)


def test_training_takes_even_odds_as_they_are() -> None:
    points = run(make_network(change=0.5 / 2**0.5, doubt=0.0).train(), make_points(20)).points
    torch.testing.assert_close(points.norm(dim=-1), torch.full(points.shape[:3], 0.26), atol=1e-4, rtol=0)


def test_a_small_change_is_made_in_full() -> None:
    points = run(make_network(change=0.01), make_points(20)).points
    torch.testing.assert_close(points, torch.full_like(points, 0.01), atol=1e-6, rtol=0)


def test_a_new_network_corrects_nothing() -> None:
    assert run(PoseRefiner(config=SMALL), make_points(20)).points.abs().max() == 0


def test_a_part_of_a_clip_gives_the_same_as_the_whole() -> None:
    network = make_network(doubt=0.0)
    nn.init.normal_(network.leave.weight)
    points = make_points(40)
    whole = run(network, points).points  # 30 frames
    part = run(network, points[:, 12:27]).points  # 5 of them
    torch.testing.assert_close(part, whole[:, 12:17], atol=1e-6, rtol=0)
    assert whole.diff(dim=1).abs().max() > 1e-3


def test_the_frame_rate_matters() -> None:
    network = make_network(doubt=0.0)
    nn.init.normal_(network.leave.weight)
    slow, fast = (run(network, make_points(20), rate=rate).points for rate in (5.0, 240.0))
    assert (slow - fast).abs().max() > 1e-4


def test_margin_and_too_short_tracks() -> None:
    assert SMALL.margin == 5
    assert RefinerConfig().margin == 48
    with pytest.raises(ValueError, match="more than 10 frames, got 10"):
        run(make_network(), make_points(10))
