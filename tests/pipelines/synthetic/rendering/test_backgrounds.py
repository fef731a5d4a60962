"""Backgrounds of rendered people."""

import pytest
import torch

from pipelines.synthetic.rendering.backgrounds import PAINTERS, sample_backgrounds


@pytest.mark.parametrize("size", [(48, 32), (33, 57)])
def test_backgrounds_are_pictures_of_the_requested_size(size: tuple[int, int]):
    images = sample_backgrounds(20, size[0], size[1], torch.Generator().manual_seed(0))
    assert images.shape == (20, 3, *size)
    assert images.isfinite().all()
    assert images.min() >= 0
    assert images.max() <= 1


def test_same_seed_same_backgrounds_and_all_of_a_batch_differ():
    first, second = (sample_backgrounds(6, 24, 24, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)
    distance = (first[:, None] - first[None]).abs().mean((2, 3, 4)) + torch.eye(6)
    assert distance.min() > 0.01


@pytest.mark.parametrize("paint", [paint for paint, _ in PAINTERS], ids=lambda paint: paint.__name__)
def test_every_painter_paints_a_batch(paint):
    images = paint(3, 40, 30, torch.Generator().manual_seed(1))
    assert images.shape == (3, 3, 40, 30)
    assert images.isfinite().all()
    assert images.flatten(1).std(1).min() > 0


def test_colours_are_as_muted_as_in_photos():
    images = sample_backgrounds(60, 32, 32, torch.Generator().manual_seed(2))
    chroma = images.amax(1) - images.amin(1)
    assert chroma.mean() < 0.25
