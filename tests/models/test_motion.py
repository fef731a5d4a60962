import pytest
import torch

from models.motion import MotionConfig, MotionNetwork


def test_margins() -> None:
    network = MotionNetwork(config=MotionConfig(joints=2, channels=8, layers=3)).eval()
    assert network.config.margin == 1 + 3 + 9
    assert network(torch.zeros(2, 4, 30)).shape == (2, 4, 4)
    with pytest.raises(ValueError, match="T>26"):
        network(torch.zeros(2, 4, 26))
    with pytest.raises(ValueError, match=r"\[B,4"):
        network(torch.zeros(2, 5, 30))


def test_official_size() -> None:
    network = MotionNetwork(config=MotionConfig())
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_834_786
    assert network.config.margin == 40
