import pytest

from tests.helpers.looped_ops import RANDOM


@pytest.fixture(autouse=True)
def _seed() -> None:
    RANDOM.manual_seed(7)
