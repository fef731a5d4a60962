"""Where a result shows the person, found on a GPU as on the CPU."""

import cv2
import numpy as np
import pytest
import torch

from pipelines.compositing.device_spots import find_person_on_device, keep_spots
from pipelines.compositing.full_resolution import find_person
from tests.helpers.devices import DEVICES

SIDE = 384  # of the largest canvas


def draw_spiral() -> np.ndarray:
    """One line of whole pixels that fills the canvas, bool [SIDE, SIDE]."""
    spiral, place, way = np.zeros((SIDE, SIDE), bool), np.zeros(2, int), np.array([0, 1])
    lengths = [SIDE - 1, *(length for side in range(SIDE - 1, 1, -2) for length in (side, side))]
    for length in lengths:
        for _ in range(length):
            spiral[tuple(place)] = True
            place = place + way
        way = np.array([way[1], -way[0]])
    return spiral


@pytest.mark.parametrize("share", [0.2, 0.41, 0.5])
@pytest.mark.parametrize("device", DEVICES)
def test_spots_are_those_of_opencv(share: float, device: str) -> None:
    random = np.random.default_rng(0)
    values = random.random((SIDE, 192))
    spots, wanted = values < share, values < share / 200
    count, numbers = cv2.connectedComponents(spots.astype(np.uint8))
    kept = np.isin(numbers, np.unique(numbers[wanted])) & spots
    found = keep_spots(torch.from_numpy(spots).to(device), torch.from_numpy(wanted).to(device))
    np.testing.assert_array_equal(found.cpu().numpy(), kept)
    assert count > 3
    assert kept.any()
    assert (spots & ~kept).any()


@pytest.mark.parametrize("end", [0, -1])
def test_the_longest_spot_is_followed_to_its_end(end: int) -> None:
    spiral = draw_spiral()
    assert spiral.mean() > 0.4
    wanted = np.zeros_like(spiral)
    wanted[tuple(np.argwhere(spiral)[end])] = True
    assert torch.equal(keep_spots(torch.from_numpy(spiral), torch.from_numpy(wanted)), torch.from_numpy(spiral))


@pytest.mark.parametrize("device", DEVICES)
def test_the_person_is_found_as_on_the_cpu(device: str) -> None:
    random = np.random.default_rng(1)
    coverage = cv2.GaussianBlur(random.random((256, 192)).astype(np.float32), (0, 0), 4)
    coverage = np.clip((coverage - 0.5) * 12, 0, 1)
    image = torch.from_numpy(np.stack([coverage] * 4))[None]
    found = find_person_on_device(image.to(device))[0, 0].cpu().numpy()
    np.testing.assert_allclose(found, find_person(image), atol=1e-6)
