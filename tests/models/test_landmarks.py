"""The landmark network: what it returns, how its maps become landmarks, and which landmarks are partners."""

from pathlib import Path

import torch

from models.fold import fold_batch_norm
from models.landmarks import LANDMARK_FLIP, LandmarkConfig, LandmarkNetwork, decode_landmarks
from models.weights import load_weights, save_weights
from tests.helpers.faces import make_landmarks

SMALL = LandmarkConfig(points=5, widths=(4, 8, 8), size=32)


def test_a_map_is_decoded_to_a_fraction_of_a_cell() -> None:
    points = torch.tensor([[30.2, 40.9], [77.0, 12.4]])
    cells = (points - 1.5) / 4
    axis = torch.arange(32)
    maps = -0.5 * ((axis - cells[:, :1, None]).square() + (axis[:, None] - cells[:, 1:, None]).square())
    assert torch.allclose(decode_landmarks(maps[None])[0], points, atol=1e-2)
    assert torch.allclose(decode_landmarks(maps[None] + 50)[0], points, atol=1e-2)


def test_partners_are_mirror_images() -> None:
    face = make_landmarks(100, 100)
    mirrored = face * (-1, 1) + (100, 0)
    order = list(LANDMARK_FLIP)
    assert abs(mirrored[order] - face).max() < 3  # the drawn face is not quite symmetric
    assert [order[place] for place in order] == list(range(68))


def test_sizes_and_the_way_through_a_file(tmp_path: Path) -> None:
    network = LandmarkNetwork(config=SMALL).train()
    network(torch.randn(8, 3, 32, 32))  # statistics of the norms
    network.eval()
    image = torch.randn(2, 3, 32, 32)
    found = network(image)
    assert (found.maps.shape, found.presence.shape) == ((2, 5, 8, 8), (2,))
    folded = fold_batch_norm(network)(image)
    assert torch.allclose(folded.maps, found.maps, atol=1e-4)
    path = tmp_path / "net.safetensors"
    save_weights(path, network, architecture="landmarks", licence="", command="", extra={}, exact=True)
    assert torch.equal(load_weights(path, expect="landmarks")(image).maps, found.maps)


def test_the_default_fits_into_three_megabytes() -> None:
    assert sum(value.numel() for value in LandmarkNetwork(config=LandmarkConfig()).parameters()) * 2 < 3e6
