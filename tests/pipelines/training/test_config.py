"""Settings of a run."""

from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from pipelines.training.config import TrainConfig


def test_the_length_reads_as_an_option() -> None:
    assert TrainConfig(Path("run"), steps=7).length_option == "--steps 7"
    assert TrainConfig(Path("run"), seconds=90.0).length_option == "--seconds 90"


@pytest.mark.parametrize(
    ("length", "size"), [({"steps": 3}, 3), ({"steps": 500}, 200), ({"seconds": 60.0}, 6), ({"seconds": 1.0}, 1)]
)
def test_short_runs_validate_on_little(length: dict[str, Any], size: int) -> None:
    assert TrainConfig(Path("run"), **length).validation_size(200) == size


def test_chunks_divide_the_batch() -> None:
    config = TrainConfig(Path("run"), batch=12)
    assert (config.chunk_size(4), config.chunk_size(48)) == (4, 12)
    with pytest.raises(InputError, match="--batch 12: must be a multiple of the recipe's chunk, 5"):
        config.chunk_size(5)
