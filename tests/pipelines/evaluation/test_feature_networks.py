"""Feature networks with random weights."""

import torch

from pipelines.evaluation.feature_networks import TorchvisionInception


def test_torchvisions_inception_returns_pooled_features() -> None:
    pictures = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8)
    network = TorchvisionInception(None)
    features = network(pictures)
    assert features.shape == (2, network.num_features)
    assert (features >= 0).all()
    assert torch.equal(features, network(pictures))
