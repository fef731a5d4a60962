"""The stream of crops, and how it resumes."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from pipelines.training.keypoints.data import CropStream
from tests.helpers.training_runs import TINY_CROPS


def test_the_stream_renews_its_pool_and_its_people() -> None:
    stream = CropStream(TINY_CROPS, 4, Generator().manual_seed(5))
    first, scene = stream.next()[0], stream.scene
    second, same = stream.next()[0], stream.scene
    assert same is scene
    assert len(stream.pool.people) == 8
    oldest = stream.pool.people.joints[:4].clone()
    stream.next()
    assert stream.scene is not scene
    assert len(stream.pool.people) == 8
    assert not torch.equal(stream.pool.people.joints[:4], oldest)
    assert (first - second).abs().mean() > 0.02


@pytest.mark.parametrize("pool", [2, 8])
def test_a_restored_stream_continues_with_the_same_people(pool: int) -> None:
    """A pool of 2 has dropped its oldest rendering when it is saved, one of 8 is not full yet."""
    config = replace(TINY_CROPS, pool=pool)
    generator = Generator().manual_seed(8)
    stream = CropStream(config, 2, generator)
    for _ in range(5):
        stream.next()
    saved, state = stream.state_dict(), generator.get_state()
    expected = [stream.next() for _ in range(2)]
    other = Generator().manual_seed(9)
    restored = CropStream(config, 2, other)
    restored.next()
    restored.load_state_dict(saved)
    other.set_state(state)
    for crops in expected:
        for restored_part, part in zip(restored.next(), crops, strict=True):
            assert torch.equal(restored_part, part)
